"""Scripted jobs for the tests of their page: what the daemon would report, made from a few numbers."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from tests.gui.fake_link import FakeLink, epoch_event, summary

JOB = "job_20260101-120000-aaaa"
FILES = (("drive_20degC", "validation"), ("mountain_32degC", "test"))
ROW_COUNT = 1000  # rows of each prediction file
SPEC: dict[str, Any] = {
    "name": "Voltage LSTM",
    "data": {"train": ["city_5degC.csv"], "validation": ["drive_20degC.csv"], "test": ["mountain_32degC.csv"]},
    "signals": {"features": ["soc", "current_A", "temperature_degC"], "target": "voltage_V"},
    "model": [{"kind": "lstm", "sizes": [24]}],
    "training": [{"method": "tbptt", "max_epochs": 60, "learning_rate": 0.005}],
}


class JobScript:
    """Events of one job, numbered in order."""

    def __init__(self, job_id: str = JOB) -> None:
        self.job_id = job_id
        self.events: list[dict[str, Any]] = []
        self.tasks: dict[str, dict[str, Any]] = {}

    def add_event(self, kind: str, task: str = "", attempt: int = 1, /, **data: Any) -> JobScript:
        """Append one event."""
        event = {
            "seq": len(self.events) + 1,
            "time_utc": "2026-01-01T12:00:02.000Z",
            "kind": kind,
            "task": task,
            "attempt": attempt if task else 0,
            "data": data,
        }
        self.events.append(event)
        return self

    def add_task(
        self, task_id: str, kind: str, title: str, state: str, error: dict[str, Any] | None = None
    ) -> JobScript:
        """Bring a task into a state."""
        self.tasks[task_id] = {
            "task_id": task_id,
            "kind": kind,
            "title": title,
            "state": state,
            "attempt": 1 if state != "waiting" else 0,
            "error": error,
            "has_model": state == "done" and kind == "train",
        }
        if state == "waiting":
            return self
        self.add_event("task", task_id, state=state, kind=kind, title=title, message="")
        return self.add_event("attempt", task_id, state="failed" if error else "running", error=error)

    def add_epochs(self, last: int, task: str = "train_001", first: int = 1, **data: Any) -> JobScript:
        """Append epochs of a training; the errors fall with the epoch."""
        for epoch in range(first, last + 1):
            self.events.append(epoch_event(len(self.events) + 1, epoch, task, max_epochs=60, **data))
        return self

    def add_baseline(self, validation_mV: float = 10.5, test_mV: float = 25.3) -> JobScript:
        """Fit and test the circuit."""
        self.add_task("baseline_1", "baseline", "Equivalent circuit", "done")
        return self.add_event("result", "baseline_1", **_result({"kind": "circuit"}, validation_mV, test_mV))

    def add_test(self, index: int, title: str, validation_mV: float, test_mV: float) -> JobScript:
        """Test a model."""
        self.add_task(f"test_{index:03}", "test", title, "done")
        model = {"task_id": f"train_{index:03}", "title": title}
        return self.add_event("result", f"test_{index:03}", **_result(model, validation_mV, test_mV))

    def details(self, **changes: Any) -> dict[str, Any]:
        """The `show_job` reply beyond the row."""
        tasks = list(self.tasks.values())
        return {"spec": SPEC, "tasks": tasks, "task_count": len(tasks), "managers": [], **changes}

    def install(self, link: FakeLink, details: dict[str, Any] | None = None, **row: Any) -> None:
        """Put the job on a scripted daemon."""
        link.add_job(summary(self.job_id, **row), self.events, details or self.details())


def finished_job() -> JobScript:
    """One LSTM that was trained for 30 epochs and tested, and the circuit."""
    script = JobScript()
    script.add_task("prepare_1", "prepare", "Prepare data", "done")
    script.add_baseline()
    script.add_task("train_001", "train", "LSTM 24", "running").add_epochs(30)
    script.add_task("train_001", "train", "LSTM 24", "done")
    return script.add_test(1, "LSTM 24", 4.0, 7.76)


def add_prediction_files(link: FakeLink, *tests: str, has_gap: bool = False, job_id: str = JOB) -> None:
    """Predictions of these tests, 10 mV too high; with a gap if `has_gap`."""
    time_s = np.arange(float(ROW_COUNT))
    measured = 4 - time_s / ROW_COUNT
    for test in tests:
        for key, _ in FILES:
            predicted = measured + 0.010
            if has_gap:
                predicted[100:200] = np.nan
            file = io.BytesIO()
            segment = (time_s > ROW_COUNT / 2).astype(np.int64)
            np.savez(file, time_s=time_s, target=measured, predicted=predicted, segment=segment)
            link.files[job_id, f"tasks/{test}/result/predictions/{key}.npz"] = file.getvalue()


def _result(model: dict[str, Any], validation_mV: float, test_mV: float) -> dict[str, Any]:
    errors = {"validation": validation_mV, "test": test_mV}
    files = [{"file": f"{key}.csv", "key": key, "role": role, **_metrics(errors[role])} for key, role in FILES]
    return {
        "schema_version": 1,
        "model": model,
        "target": "voltage_V",
        "files": files,
        "overall": {role: {"files": 1, **_metrics(error)} for role, error in errors.items()},
        "parameters": 2809,
    }


def _metrics(rmse_mV: float) -> dict[str, Any]:
    return {"rows": ROW_COUNT, "rmse_mV": rmse_mV, "mae_mV": 0.8 * rmse_mV, "max_mV": 4 * rmse_mV, "r2": 0.999}
