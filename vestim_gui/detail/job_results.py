"""Key figures of a job from its history: best epochs, RMSE values and ranked test results. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vestim_core.spec.states import TaskKind
from vestim_gui.store.job_history import JobHistory, TaskHistory


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch of a model by its validation error."""

    task: TaskHistory
    name: str
    value: float
    epoch: int


def find_rmse_name(values: Mapping[str, Any], start: str) -> str:
    """Full name of the metric that starts with `start` (`validation_rmse_mV` for `validation_rmse`); empty if
    missing."""
    return next((name for name in values if name == start or name.startswith(f"{start}_")), "")


def training_tasks(history: JobHistory) -> list[TaskHistory]:
    """All training tasks that have begun, ordered by id."""
    tasks = [task for task in history.tasks.values() if task.kind == TaskKind.TRAIN or task.epochs]
    return sorted(tasks, key=lambda task: task.task_id)


def best_epoch_of_job(history: JobHistory) -> BestEpoch | None:
    """The best epoch of all models; None before the first epoch."""
    candidates = [best for task in training_tasks(history) if (best := best_epoch(task)) is not None]
    return min(candidates, key=lambda best: best.value, default=None)


def best_epoch(task: TaskHistory) -> BestEpoch | None:
    """The best epoch of one training; None before the first."""
    last = task.last or {}
    name = find_rmse_name(last, "best_validation_rmse")
    value = last.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return BestEpoch(task, name.removeprefix("best_validation_"), float(value), int(last.get("best_epoch") or 0))


def baseline_rmse(history: JobHistory, role: str) -> tuple[str, float] | None:
    """Name and RMSE of the equivalent circuit over the files of a role; None if it was not fitted."""
    for task_id, result in sorted(history.results.items()):
        if (result.get("model") or {}).get("kind") == "circuit":
            return overall_rmse(result, role)
        if task_id.startswith("baseline"):
            return overall_rmse(result, role)
    return None


def overall_rmse(result: Mapping[str, Any], role: str) -> tuple[str, float] | None:
    """Name and value of a result's RMSE over the files of a role."""
    overall = (result.get("overall") or {}).get(role) or {}
    name = find_rmse_name(overall, "rmse")
    value = overall.get(name)
    return (name, float(value)) if isinstance(value, int | float) and math.isfinite(value) else None


def ranked_test_results(history: JobHistory) -> dict[str, dict[str, Any]]:
    """Test results of trained models by task, best first."""
    results = {
        task_id: result
        for task_id, result in history.results.items()
        if result.get("overall") and (result.get("model") or {}).get("task_id")
    }
    return dict(sorted(results.items(), key=lambda item: _ranking_error(item[1])))


def _ranking_error(result: Mapping[str, Any]) -> float:
    """Error by which a tested model is ranked: that of the test files, else of the validation files."""
    error = overall_rmse(result, "test") or overall_rmse(result, "validation")
    return error[1] if error else math.inf
