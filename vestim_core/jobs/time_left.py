"""Upper bound of the time that trials and jobs still take, from the median of their recent epochs. Pure.

A trial whose patience runs out ends earlier.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import TERMINAL_TASK_STATES, TaskKind, TaskState

RECENT_EPOCHS = 10
"""Newest epochs in the median; arbitrary: enough that a single slow epoch does not change it."""


def recent_epoch_times_s(previous_progress: dict[str, Any], epoch: dict[str, Any]) -> list[float]:
    """Durations of a trial's newest epochs including `epoch`; previous_progress: its progress until then."""
    stored = previous_progress.get("recent_s")
    time_s = epoch.get("time_s")
    times_s = [value for value in stored if isinstance(value, int | float)] if isinstance(stored, list) else []
    return [*times_s, float(time_s)][-RECENT_EPOCHS:] if isinstance(time_s, int | float) else times_s


def trial_time_left_s(task: Task) -> float | None:
    """Seconds that a trial's remaining epochs take at most; None before its first epoch has ended."""
    epoch, max_epochs = task.progress.get("epoch"), task.progress.get("max_epochs")
    times_s = task.progress.get("recent_s")
    if task.state in TERMINAL_TASK_STATES:
        return 0.0
    if not isinstance(epoch, int) or not isinstance(max_epochs, int) or not times_s:
        return None
    return round(float(max(0, max_epochs - epoch) * median(times_s)), 1)


def job_time_left_s(tasks: Iterable[Task]) -> float | None:
    """Seconds that all trials of a job still take at most, with as many in parallel as run now.

    A trial that has not begun is assumed to take as long as the median of the others. None while nothing runs or none
    has ended an epoch.
    """
    trials = [task for task in tasks if task.kind is TaskKind.TRAIN]
    open_trials = [task for task in trials if task.state not in TERMINAL_TASK_STATES]
    running_count = sum(task.state is TaskState.RUNNING for task in open_trials)
    open_times_s = [time_left_s for task in open_trials if (time_left_s := trial_time_left_s(task)) is not None]
    total_times_s = [_total_time_s(task) for task in trials if task.progress.get("recent_s")]
    if not running_count or not total_times_s:
        return None
    remaining_s = sum(open_times_s) + (len(open_trials) - len(open_times_s)) * median(total_times_s)
    return round(max(remaining_s / running_count, *open_times_s, 0.0), 1)


def _total_time_s(task: Task) -> float:
    """Total duration of a trial in seconds: extrapolated from its recent epochs while it is open."""
    epochs = task.progress.get("epoch" if task.state in TERMINAL_TASK_STATES else "max_epochs")
    return float(median(task.progress["recent_s"]) * (epochs if isinstance(epochs, int) else 0))
