"""How many threads a training is given that is to find out itself. Pure.

While another training is there or about to be, it has one: several trainings with a thread each do more than one with
several. One that is alone has what earlier trainings of its kind found out on this machine; the first of its kind is
given all threads that are free, and measures how many of them pay. Whatever it is, it is that for the task's life.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from vestim_core.jobs.tasks import Task
from vestim_core.spec.estimates import kind_key
from vestim_core.spec.job import Trial
from vestim_core.spec.states import TaskKind, TaskState

MOST = 8
"""More than these no network of such a size makes use of."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Threads that an attempt may use. measure: whether it is to find out how many of them pay."""

    threads: int
    measure: bool = False


def is_alone(tasks: Iterable[Task]) -> bool:
    """Whether of all tasks at most one training can run now, and none is about to be able to."""
    active = [task.kind for task in tasks if task.state in (TaskState.READY, TaskState.RUNNING)]
    return active.count(TaskKind.TRAIN) <= 1 and TaskKind.PREPARE not in active


def granted(task: Task, spare: int, known: Mapping[str, int]) -> Grant:
    """What an attempt of `task` is given. spare: threads beside its first that nobody else needs. known: how many paid
    for each kind of training."""
    if task.threads:
        return Grant(task.threads)
    most, kind = min(1 + spare, MOST), kind_of(task)
    if task.kind is not TaskKind.TRAIN or most < 2 or not kind:
        return Grant(1)
    return Grant(min(known[kind], most)) if kind in known else Grant(most, measure=True)


def kind_of(task: Task) -> str:
    """What trainings are called that are alike to a processor; empty for what is none."""
    try:
        trial = Trial.model_validate(task.document.get("trial"))
    except ValidationError:
        return ""
    return kind_key(trial.model, trial.training, len(trial.signals.features))
