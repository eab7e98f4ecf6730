"""The scheduler: which ready tasks start now. A pure function of what waits and what runs.

The job with the fewest running tasks comes first, the older place in the queue decides between equals, so that no job
starves another. A task never starts unless a slot and its threads are free; for the first job in the queue threads are
kept free until they are enough; a task that wants more than the machine has starts when nothing else runs. An
inspection, for which a person waits, takes none of this: one at a time runs beside everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vestim_core.spec.states import TaskKind

_FIRST = {
    TaskKind.PREPARE: 0,
    TaskKind.BASELINE: 1,
    TaskKind.TEST: 2,
    TaskKind.ENSEMBLE: 2,
    TaskKind.RETEST: 2,
    TaskKind.TRAIN: 3,
}


@dataclass(frozen=True, slots=True)
class ReadyTask:
    """A task that may start."""

    task_id: str
    kind: TaskKind
    threads: int
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job with ready tasks. `position`: its place in the queue; `running`: its running tasks; `limit`: 0 for none."""

    job_id: str
    position: int
    running: int
    limit: int
    ready: Sequence[ReadyTask]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine offers, and how much of it is taken."""

    slots: int
    threads: int
    gpus: int = 0
    used_slots: int = 0
    used_threads: int = 0
    used_gpus: int = 0
    inspecting: bool = False


def choose(jobs: Sequence[QueuedJob], capacity: Capacity) -> list[tuple[str, str]]:
    """(job_id, task_id) of every task to start now, in order."""
    chosen: list[tuple[str, str]] = []
    inspections = [job for job in jobs if any(task.kind is TaskKind.INSPECT for task in job.ready)]
    if inspections and not capacity.inspecting:
        oldest = min(inspections, key=lambda job: job.position)
        chosen.append((oldest.job_id, oldest.ready[0].task_id))
    jobs = [job for job in jobs if job not in inspections]
    waiting = {job.job_id: sorted(job.ready, key=lambda task: _FIRST[task.kind]) for job in jobs}
    running = {job.job_id: job.running for job in jobs}
    slots, threads, gpus = capacity.used_slots, capacity.used_threads, capacity.used_gpus
    while slots < capacity.slots:
        open_jobs = [job for job in jobs if waiting[job.job_id] and not 0 < job.limit <= running[job.job_id]]
        open_jobs.sort(key=lambda job: (running[job.job_id], job.position))
        for job in open_jobs:
            task = waiting[job.job_id][0]
            enough_threads = threads == 0 or threads + task.threads <= capacity.threads
            if gpus + task.gpus > capacity.gpus:
                continue
            if enough_threads:
                break
            if job.position == min(other.position for other in open_jobs):
                return (
                    chosen  # the first in the queue would never get many threads if others took each as it comes free
                )
        else:
            return chosen
        waiting[job.job_id].pop(0)
        running[job.job_id] += 1
        slots += 1
        threads += task.threads
        gpus += task.gpus
        chosen.append((job.job_id, task.task_id))
    return chosen
