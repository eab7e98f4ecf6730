"""Number of threads for a training whose spec leaves it to the program. Pure.

While another training runs or is about to, each has one thread: several trainings with one thread each finish sooner
than one after the other with several. A training that is alone gets the number that paid for earlier trainings of its
kind on this machine; the first of its kind gets every free thread and measures how many of them pay. The number then
stays for the task's life.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from vestim_core.jobs.tasks import Task
from vestim_core.spec.estimates import load_key
from vestim_core.spec.job import Trial
from vestim_core.spec.states import TaskKind, TaskState

MAX_TRAINING_THREADS = 8
"""Networks of the size that Vestim trains gain nothing from more threads."""


@dataclass(frozen=True, slots=True)
class ThreadGrant:
    """Threads that an attempt may use. is_measuring: the attempt is to measure how many of them pay."""

    threads: int
    is_measuring: bool = False


def has_single_training(tasks: Iterable[Task]) -> bool:
    """True if at most one training can run now and no preparation is about to make others ready."""
    active = [task.kind for task in tasks if task.state in (TaskState.READY, TaskState.RUNNING)]
    return active.count(TaskKind.TRAIN) <= 1 and TaskKind.PREPARE not in active


def grant_threads(task: Task, spare_threads: int, threads_by_kind: Mapping[str, int]) -> ThreadGrant:
    """Threads for the next attempt of `task`.

    spare_threads: threads beyond its first that nothing else needs. threads_by_kind: number of threads that paid, by
    kind of training.
    """
    if task.threads:
        return ThreadGrant(task.threads)
    max_threads, kind = min(1 + spare_threads, MAX_TRAINING_THREADS), training_kind(task)
    if task.kind is not TaskKind.TRAIN or max_threads < 2 or not kind:
        return ThreadGrant(1)
    return (
        ThreadGrant(min(threads_by_kind[kind], max_threads))
        if kind in threads_by_kind
        else ThreadGrant(max_threads, is_measuring=True)
    )


def training_kind(task: Task) -> str:
    """Key shared by trainings that load a processor alike; empty for a task that is no training."""
    try:
        trial = Trial.model_validate(task.document.get("trial"))
    except ValidationError:
        return ""
    return load_key(trial.model, trial.training, len(trial.signals.features))
