"""What is told of a job at a glance: four cards, from its row, its history and what `show_job` says. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from vestim_core.spec.states import JOB_ENDS, TASK_ENDS, JobState, TaskKind, TaskState
from vestim_gui.detail.model_size import ModelSize
from vestim_gui.numbers import NOTHING, count, duration, metric
from vestim_gui.store.job_history import JobHistory, TaskHistory

RECENT = 10
"""The time of an epoch is the median of so many."""


@dataclass(frozen=True)
class Card:
    """A title, one value, and a line about it. tone: "" or the kind of label for a value that is good or bad."""

    title: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Best:
    """The best model so far by its validation error."""

    task: TaskHistory
    name: str
    value: float
    epoch: int


def rmse_name(values: Mapping[str, Any], start: str) -> str:
    """The full name of a metric that begins so (`validation_rmse` is `validation_rmse_mV`); empty where it lacks."""
    return next((name for name in values if name == start or name.startswith(f"{start}_")), "")


def trainings(history: JobHistory) -> list[TaskHistory]:
    """All training tasks that have begun, in order of their ids."""
    tasks = [task for task in history.tasks.values() if task.kind == TaskKind.TRAIN or task.epochs]
    return sorted(tasks, key=lambda task: task.task_id)


def best_of(history: JobHistory) -> Best | None:
    """The best model so far; None before the first epoch."""
    found = [best for task in trainings(history) if (best := best_of_task(task)) is not None]
    return min(found, key=lambda best: best.value, default=None)


def best_of_task(task: TaskHistory) -> Best | None:
    """The best epoch of one training; None before the first."""
    last = task.last or {}
    name = rmse_name(last, "best_validation_rmse")
    value = last.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Best(task, name.removeprefix("best_validation_"), float(value), int(last.get("best_epoch") or 0))


def baseline_rmse(history: JobHistory, role: str) -> tuple[str, float] | None:
    """Name and RMSE of the equivalent circuit over the files of a role; None where it was not fitted."""
    for task_id, result in sorted(history.results.items()):
        if (result.get("model") or {}).get("kind") == "circuit":
            return overall_rmse(result, role)
        if task_id.startswith("baseline"):
            return overall_rmse(result, role)
    return None


def overall_rmse(result: Mapping[str, Any], role: str) -> tuple[str, float] | None:
    """Name and value of a result's RMSE over the files of a role."""
    overall = (result.get("overall") or {}).get(role) or {}
    name = rmse_name(overall, "rmse")
    value = overall.get(name)
    return (name, float(value)) if isinstance(value, int | float) and math.isfinite(value) else None


def tested(history: JobHistory) -> dict[str, dict[str, Any]]:
    """Results of tests of trained models, by task, best first."""
    results = {
        task_id: result
        for task_id, result in history.results.items()
        if result.get("overall") and (result.get("model") or {}).get("task_id")
    }
    return dict(sorted(results.items(), key=lambda item: _judged(item[1])))


def _judged(result: Mapping[str, Any]) -> float:
    """The error that a tested model is ranked by: on the test files, else on the validation files."""
    found = overall_rmse(result, "test") or overall_rmse(result, "validation")
    return found[1] if found else math.inf


def cards(
    row: Mapping[str, Any],
    history: JobHistory,
    shown: Mapping[str, Any] | None,
    sizes: Mapping[str, ModelSize],
    now: datetime,
) -> tuple[Card, Card, Card, Card]:
    """Validation error, baseline, progress and size. row: the job's summary. now: with its time zone."""
    best = best_of(history)
    return (
        _validation(best, history, row),
        _baseline(best, history, shown, row),
        _progress(row, history, shown, now),
        _size(best, sizes),
    )


def _validation(best: Best | None, history: JobHistory, row: Mapping[str, Any]) -> Card:
    if best is None:
        ended = row["state"] in JOB_ENDS
        return Card("Validation RMSE", NOTHING, "no epoch was finished" if ended else "after the first epoch")
    model = f" · {best.task.title}" if len(trainings(history)) > 1 else ""
    return Card("Validation RMSE", metric(best.name, best.value), f"best at epoch {best.epoch}{model}")


def _baseline(best: Best | None, history: JobHistory, shown: Mapping[str, Any] | None, row: Mapping[str, Any]) -> Card:
    title = "Baseline circuit"
    known = baseline_rmse(history, "validation") or baseline_rmse(history, "test")
    if known is None:
        tasks = (shown or {}).get("tasks") or []
        asked = shown is None or any(task["kind"] == TaskKind.BASELINE for task in tasks)
        ended = row["state"] in JOB_ENDS
        if row["state"] == JobState.DRAFT:
            return Card(title, NOTHING)
        return Card(title, NOTHING, "not fitted" if ended else "is fitted first" if asked else "not part of this job")
    name, value = known
    if best is None:
        return Card(title, metric(name, value), "what a network has to beat")
    words, good = _compared(best.value, value)
    return Card(title, metric(name, value), f"network is {words}{_in_test(history, best)}", "" if good else "warn")


def _in_test(history: JobHistory, best: Best) -> str:
    """How that same model compares on the test files, where it and the circuit were tested there."""
    circuit = baseline_rmse(history, "test")
    own = (result for result in tested(history).values() if result["model"]["task_id"] == best.task.task_id)
    network = next((overall_rmse(result, "test") for result in own), None)
    return f", in test {_compared(network[1], circuit[1])[0]}" if circuit and network else ""


def _compared(network: float, circuit: float) -> tuple[str, bool]:
    if circuit <= 0:
        return "not comparable", True
    change = 100 * (network / circuit - 1)
    return (f"{-change:.0f} % lower", True) if change <= 0 else (f"{change:.0f} % higher", False)


def _progress(row: Mapping[str, Any], history: JobHistory, shown: Mapping[str, Any] | None, now: datetime) -> Card:
    state = row["state"]
    if state == JobState.DRAFT:
        return Card("Progress", NOTHING, "not started yet")
    value = f"{math.floor(100 * float(row.get('fraction') or 0.0))} %"
    running = [task for task in trainings(history) if task.state == TaskState.RUNNING]
    best = best_of(history)
    epoch_s = _epoch_s(running or ([best.task] if best else trainings(history)))
    pace = f" · {duration(epoch_s)}/epoch" if epoch_s is not None else ""
    if state in JOB_ENDS:
        return Card("Progress", value, _took(row) + pace)
    if state == JobState.PAUSED or state == JobState.HELD:
        at = max((max(task.epochs) for task in trainings(history) if task.epochs), default=0)
        return Card("Progress", value, f"{state}{f' at epoch {at}' if at else ''}{pace}")
    if state != JobState.RUNNING:
        return Card("Progress", value, row.get("message") or str(state))
    left = time_left(row, history, shown, now)
    return Card("Progress", value, (left or row.get("message") or "starting") + pace)


def _took(row: Mapping[str, Any]) -> str:
    start, end = row.get("started_utc"), row.get("ended_utc")
    if not start or not end:
        return "ended"
    return f"took {duration((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())}"


def _epoch_s(tasks: list[TaskHistory]) -> float | None:
    """Median time of the recent epochs of tasks."""
    times = [
        float(task.epochs[epoch]["time_s"])
        for task in tasks
        for epoch in sorted(task.epochs)[-RECENT:]
        if isinstance(task.epochs[epoch].get("time_s"), int | float)
    ]
    return median(times) if times else None


def time_left(row: Mapping[str, Any], history: JobHistory, shown: Mapping[str, Any] | None, now: datetime) -> str:
    """`at most 2 min 10 s left`, `about 18 min 0 s left`; empty before anything can be said.

    Of trainings that all run, it is the epochs that may still come; of others, what the part that is done took.
    """
    planned = [task for task in (shown or {}).get("tasks") or [] if task["kind"] == TaskKind.TRAIN]
    states = {task["task_id"]: task["state"] for task in planned}
    states.update({task.task_id: task.state for task in trainings(history) if task.state})
    open_ids = [task_id for task_id, state in states.items() if state not in TASK_ENDS]
    lefts = [_epochs_left_s(history.tasks.get(task_id)) for task_id in open_ids]
    known = [left for left in lefts if left is not None]
    if known and len(known) == len(lefts):
        return f"at most {duration(max(known))} left"
    fraction, start = float(row.get("fraction") or 0.0), row.get("started_utc")
    if not start or fraction < 0.02 or not open_ids:
        return ""
    passed_s = (now - datetime.fromisoformat(start)).total_seconds()
    return f"about {duration(passed_s * (1 - fraction) / fraction)} left"


def _epochs_left_s(task: TaskHistory | None) -> float | None:
    if task is None or not task.epochs or task.state != TaskState.RUNNING:
        return None
    epoch_s, last = _epoch_s([task]), task.last or {}
    left = int(last.get("max_epochs") or 0) - max(task.epochs)
    return None if epoch_s is None else max(left, 0) * epoch_s


def _size(best: Best | None, sizes: Mapping[str, ModelSize]) -> Card:
    if best is not None and best.task.title in sizes:
        size = sizes[best.task.title]
        return Card("Model size", f"{count(size.parameters)} parameters", f"{count(size.macs)} MAC/step")
    if not sizes:
        return Card("Model size", NOTHING)
    parameters, macs = sorted(size.parameters for size in sizes.values()), sorted(size.macs for size in sizes.values())
    return Card("Model size", f"{_range(parameters)} parameters", f"{_range(macs)} MAC/step")


def _range(values: list[int]) -> str:
    low, high = values[0], values[-1]
    return count(low) if low == high else f"{count(low)} to {count(high)}"
