"""Summary cards of a job: validation error, baseline, progress and model size at a glance. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from vestim_core.spec.states import TERMINAL_JOB_STATES, TERMINAL_TASK_STATES, JobState, TaskKind, TaskState
from vestim_gui.detail.job_results import (
    BestEpoch,
    baseline_rmse,
    best_epoch_of_job,
    overall_rmse,
    ranked_test_results,
    training_tasks,
)
from vestim_gui.detail.model_size import ModelSize
from vestim_gui.display_numbers import NO_VALUE, format_count, format_duration, format_metric
from vestim_gui.store.job_history import JobHistory, TaskHistory

RECENT_EPOCHS = 10
"""The time of an epoch is the median of this many recent epochs."""


@dataclass(frozen=True)
class Card:
    """A title, one value, and an explanation. tone: "" or the label kind of a good or bad value."""

    title: str
    value: str
    note: str = ""
    tone: str = ""


def summary_cards(
    row: Mapping[str, Any],
    history: JobHistory,
    details: Mapping[str, Any] | None,
    sizes: Mapping[str, ModelSize],
    current_time: datetime,
) -> tuple[Card, Card, Card, Card]:
    """Validation error, baseline, progress and size. row: the job's summary. current_time: with its time zone."""
    best = best_epoch_of_job(history)
    return (
        _validation_card(best, history, row),
        _baseline_card(best, history, details, row),
        _progress_card(row, history, details, current_time),
        _size_card(best, sizes),
    )


def _validation_card(best: BestEpoch | None, history: JobHistory, row: Mapping[str, Any]) -> Card:
    if best is None:
        has_ended = row["state"] in TERMINAL_JOB_STATES
        return Card("Validation RMSE", NO_VALUE, "no epoch was finished" if has_ended else "after the first epoch")
    model = f" · {best.task.title}" if len(training_tasks(history)) > 1 else ""
    return Card("Validation RMSE", format_metric(best.name, best.value), f"best at epoch {best.epoch}{model}")


def _baseline_card(
    best: BestEpoch | None, history: JobHistory, details: Mapping[str, Any] | None, row: Mapping[str, Any]
) -> Card:
    title = "Baseline circuit"
    error = baseline_rmse(history, "validation") or baseline_rmse(history, "test")
    if error is None:
        tasks = (details or {}).get("tasks") or []
        is_planned = details is None or any(task["kind"] == TaskKind.BASELINE for task in tasks)
        has_ended = row["state"] in TERMINAL_JOB_STATES
        if row["state"] == JobState.DRAFT:
            return Card(title, NO_VALUE)
        return Card(
            title, NO_VALUE, "not fitted" if has_ended else "is fitted first" if is_planned else "not part of this job"
        )
    name, value = error
    if best is None:
        return Card(title, format_metric(name, value), "what a network has to beat")
    comparison, is_better = _comparison(best.value, value)
    return Card(
        title,
        format_metric(name, value),
        f"network is {comparison}{_test_comparison(history, best)}",
        "" if is_better else "warn",
    )


def _test_comparison(history: JobHistory, best: BestEpoch) -> str:
    """Comparison of the same model on the test files, if both it and the circuit were tested there."""
    circuit = baseline_rmse(history, "test")
    results = (
        result for result in ranked_test_results(history).values() if result["model"]["task_id"] == best.task.task_id
    )
    network = next((overall_rmse(result, "test") for result in results), None)
    return f", in test {_comparison(network[1], circuit[1])[0]}" if circuit and network else ""


def _comparison(network: float, circuit: float) -> tuple[str, bool]:
    if circuit <= 0:
        return "not comparable", True
    change = 100 * (network / circuit - 1)
    return (f"{-change:.0f} % lower", True) if change <= 0 else (f"{change:.0f} % higher", False)


def _progress_card(
    row: Mapping[str, Any], history: JobHistory, details: Mapping[str, Any] | None, current_time: datetime
) -> Card:
    state = row["state"]
    if state == JobState.DRAFT:
        return Card("Progress", NO_VALUE, "not started yet")
    value = f"{math.floor(100 * float(row.get('fraction') or 0.0))} %"
    running_tasks = [task for task in training_tasks(history) if task.state == TaskState.RUNNING]
    best = best_epoch_of_job(history)
    epoch_s = _median_epoch_s(running_tasks or ([best.task] if best else training_tasks(history)))
    pace = f" · {format_duration(epoch_s)}/epoch" if epoch_s is not None else ""
    if state in TERMINAL_JOB_STATES:
        return Card("Progress", value, _run_time_text(row) + pace)
    if state == JobState.PAUSED or state == JobState.HELD:
        epoch = max((max(task.epochs) for task in training_tasks(history) if task.epochs), default=0)
        return Card("Progress", value, f"{state}{f' at epoch {epoch}' if epoch else ''}{pace}")
    if state != JobState.RUNNING:
        return Card("Progress", value, row.get("activity") or str(state))
    remaining = remaining_time_text(row, history, details, current_time)
    return Card("Progress", value, (remaining or row.get("activity") or "starting") + pace)


def _run_time_text(row: Mapping[str, Any]) -> str:
    start, end = row.get("started_utc"), row.get("ended_utc")
    if not start or not end:
        return "ended"
    return f"took {format_duration((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())}"


def _median_epoch_s(tasks: list[TaskHistory]) -> float | None:
    """Median time, in s, of the recent epochs of these tasks."""
    times = [
        float(task.epochs[epoch]["time_s"])
        for task in tasks
        for epoch in sorted(task.epochs)[-RECENT_EPOCHS:]
        if isinstance(task.epochs[epoch].get("time_s"), int | float)
    ]
    return median(times) if times else None


def remaining_time_text(
    row: Mapping[str, Any], history: JobHistory, details: Mapping[str, Any] | None, current_time: datetime
) -> str:
    """`at most 2 min 10 s left`, `about 18 min 0 s left`; empty while nothing is known.

    If all open trainings run, from the epochs that remain at most; otherwise extrapolated from the finished fraction.
    """
    planned_tasks = [task for task in (details or {}).get("tasks") or [] if task["kind"] == TaskKind.TRAIN]
    states = {task["task_id"]: task["state"] for task in planned_tasks}
    states.update({task.task_id: task.state for task in training_tasks(history) if task.state})
    open_ids = [task_id for task_id, state in states.items() if state not in TERMINAL_TASK_STATES]
    remaining_times_s = [_remaining_epochs_s(history.tasks.get(task_id)) for task_id in open_ids]
    known_times_s = [time_s for time_s in remaining_times_s if time_s is not None]
    if known_times_s and len(known_times_s) == len(remaining_times_s):
        return f"at most {format_duration(max(known_times_s))} left"
    fraction, start = float(row.get("fraction") or 0.0), row.get("started_utc")
    if not start or fraction < 0.02 or not open_ids:
        return ""
    elapsed_s = (current_time - datetime.fromisoformat(start)).total_seconds()
    return f"about {format_duration(elapsed_s * (1 - fraction) / fraction)} left"


def _remaining_epochs_s(task: TaskHistory | None) -> float | None:
    if task is None or not task.epochs or task.state != TaskState.RUNNING:
        return None
    epoch_s, last = _median_epoch_s([task]), task.last or {}
    remaining_epochs = int(last.get("max_epochs") or 0) - max(task.epochs)
    return None if epoch_s is None else max(remaining_epochs, 0) * epoch_s


def _size_card(best: BestEpoch | None, sizes: Mapping[str, ModelSize]) -> Card:
    if best is not None and best.task.title in sizes:
        size = sizes[best.task.title]
        return Card("Model size", f"{format_count(size.parameters)} parameters", f"{format_count(size.macs)} MAC/step")
    if not sizes:
        return Card("Model size", NO_VALUE)
    parameters, macs = sorted(size.parameters for size in sizes.values()), sorted(size.macs for size in sizes.values())
    return Card("Model size", f"{_range(parameters)} parameters", f"{_range(macs)} MAC/step")


def _range(values: list[int]) -> str:
    low, high = values[0], values[-1]
    return format_count(low) if low == high else f"{format_count(low)} to {format_count(high)}"
