"""How long trainings and jobs may still take, told from the median of their recent epochs: pure functions of tasks.

At most that long: a training whose patience runs out ends earlier.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import TASK_ENDS, TaskKind, TaskState

RECENT = 10
"""So many of the newest epochs count."""


def recent_times_s(former: dict[str, Any], epoch: dict[str, Any]) -> list[float]:
    """The times of a training's newest epochs, after this one; former: its progress before."""
    known = former.get("recent_s")
    time_s = epoch.get("time_s")
    kept = [value for value in known if isinstance(value, int | float)] if isinstance(known, list) else []
    return [*kept, float(time_s)][-RECENT:] if isinstance(time_s, int | float) else kept


def training_left_s(task: Task) -> float | None:
    """Seconds that a training's epochs may still take; None before its first epoch has ended."""
    epoch, max_epochs = task.progress.get("epoch"), task.progress.get("max_epochs")
    times = task.progress.get("recent_s")
    if task.state in TASK_ENDS:
        return 0.0
    if not isinstance(epoch, int) or not isinstance(max_epochs, int) or not times:
        return None
    return round(float(max(0, max_epochs - epoch) * median(times)), 1)


def job_left_s(tasks: Iterable[Task]) -> float | None:
    """Seconds that all trainings of a job may still take, those that run beside each other counted so; those that have
    not begun are taken for as long as the ones that have. None while nothing runs or none has ended an epoch."""
    trainings = [task for task in tasks if task.kind is TaskKind.TRAIN]
    open_ones = [task for task in trainings if task.state not in TASK_ENDS]
    beside = sum(task.state is TaskState.RUNNING for task in open_ones)
    known = [left for task in open_ones if (left := training_left_s(task)) is not None]
    whole = [_whole_s(task) for task in trainings if task.progress.get("recent_s")]
    if not beside or not whole:
        return None
    all_s = sum(known) + (len(open_ones) - len(known)) * median(whole)
    return round(max(all_s / beside, *known, 0.0), 1)


def _whole_s(task: Task) -> float:
    """How long a training takes from its first epoch to its last: as told by its recent ones, or as it took."""
    epochs = task.progress.get("epoch" if task.state in TASK_ENDS else "max_epochs")
    return float(median(task.progress["recent_s"]) * (epochs if isinstance(epochs, int) else 0))
