"""The scheduler: which ready tasks start now. A pure function of waiting and running tasks.

The job with the fewest running tasks comes first, ties go to the earlier position in the queue, so that no job starves
another. A task starts only when a slot and its threads are free; for the first job in the queue threads are held back
until they suffice; a task that wants more threads than the machine has starts when nothing else runs. Inspections, for
which a person waits, use none of these resources: one at a time runs beside everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vestim_core.spec.states import TaskKind

_KIND_PRIORITY = {
    TaskKind.PREPARE: 0,
    TaskKind.BASELINE: 1,
    TaskKind.TEST: 2,
    TaskKind.ENSEMBLE: 2,
    TaskKind.EVALUATION: 2,
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
    """A job with ready tasks. position: in the queue. running_count: number of running tasks. max_parallel_tasks:
    maximum of those, 0 for none."""

    job_id: str
    position: int
    running_count: int
    max_parallel_tasks: int
    ready_tasks: Sequence[ReadyTask]


@dataclass(frozen=True, slots=True)
class Capacity:
    """Resources of the machine, and how much of them is in use."""

    slots: int
    threads: int
    gpus: int = 0
    used_slots: int = 0
    used_threads: int = 0
    used_gpus: int = 0
    is_inspecting: bool = False


def choose_tasks(jobs: Sequence[QueuedJob], capacity: Capacity) -> list[tuple[str, str]]:
    """(job_id, task_id) of every task to start now, in order."""
    chosen_tasks: list[tuple[str, str]] = []
    inspections = [job for job in jobs if any(task.kind is TaskKind.INSPECT for task in job.ready_tasks)]
    if inspections and not capacity.is_inspecting:
        oldest = min(inspections, key=lambda job: job.position)
        chosen_tasks.append((oldest.job_id, oldest.ready_tasks[0].task_id))
    jobs = [job for job in jobs if job not in inspections]
    waiting_tasks = {job.job_id: sorted(job.ready_tasks, key=lambda task: _KIND_PRIORITY[task.kind]) for job in jobs}
    running_counts = {job.job_id: job.running_count for job in jobs}
    slots, threads, gpus = capacity.used_slots, capacity.used_threads, capacity.used_gpus
    while slots < capacity.slots:
        open_jobs = [
            job
            for job in jobs
            if waiting_tasks[job.job_id] and not 0 < job.max_parallel_tasks <= running_counts[job.job_id]
        ]
        open_jobs.sort(key=lambda job: (running_counts[job.job_id], job.position))
        for job in open_jobs:
            task = waiting_tasks[job.job_id][0]
            has_enough_threads = threads == 0 or threads + task.threads <= capacity.threads
            if gpus + task.gpus > capacity.gpus:
                continue
            if has_enough_threads:
                break
            if job.position == min(open_job.position for open_job in open_jobs):
                return (
                    chosen_tasks  # the first job would never get many threads if others took each one as it comes free
                )
        else:
            return chosen_tasks
        waiting_tasks[job.job_id].pop(0)
        running_counts[job.job_id] += 1
        slots += 1
        threads += task.threads
        gpus += task.gpus
        chosen_tasks.append((job.job_id, task.task_id))
    return chosen_tasks
