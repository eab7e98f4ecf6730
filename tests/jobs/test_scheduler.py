"""The scheduler: never more than the machine has, and no job starves."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vestim_core.jobs.scheduler import Capacity, QueuedJob, ReadyTask, choose_tasks
from vestim_core.spec.states import TaskKind

COMPUTING = [TaskKind.PREPARE, TaskKind.BASELINE, TaskKind.TRAIN, TaskKind.TEST]
TASKS = st.lists(st.tuples(st.sampled_from(COMPUTING), st.integers(1, 5), st.integers(0, 1)), max_size=6)


@st.composite
def queues(draw: st.DrawFn) -> list[QueuedJob]:
    return [
        QueuedJob(
            f"job{index}",
            draw(st.integers(0, 5)),
            draw(st.integers(0, 2)),
            draw(st.integers(0, 3)),
            [ReadyTask(f"t{k}", kind, threads, gpus) for k, (kind, threads, gpus) in enumerate(draw(TASKS))],
        )
        for index in range(draw(st.integers(0, 4)))
    ]


@given(queues(), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(0, 3))
def test_chosen_tasks_fit_the_machine(
    jobs: list[QueuedJob], slots: int, threads: int, gpus: int, used_count: int
) -> None:
    chosen = choose_tasks(jobs, Capacity(slots, threads, gpus, used_slots=used_count, used_threads=used_count))
    by_name = {(job.job_id, task.task_id): (job, task) for job in jobs for task in job.ready_tasks}
    assert len(set(chosen)) == len(chosen)
    assert used_count + len(chosen) <= max(slots, used_count)
    tasks = [by_name[name][1] for name in chosen]
    is_wide_task_alone = used_count == 0 and len(tasks) == 1
    assert is_wide_task_alone or not tasks or used_count + sum(task.threads for task in tasks) <= threads
    assert sum(task.gpus for task in tasks) <= gpus
    for job in jobs:
        started_count = sum(name == job.job_id for name, _ in chosen)
        assert (
            not started_count
            or not job.max_parallel_tasks
            or job.running_count + started_count <= job.max_parallel_tasks
        )
    assert choose_tasks(jobs, Capacity(slots, threads, gpus, used_slots=used_count, used_threads=used_count)) == chosen


def simulate(jobs: list[QueuedJob], capacity: Capacity, rounds: int) -> list[tuple[str, str]]:
    """Order of starts when the task that has run longest ends in each round."""
    running: list[tuple[str, ReadyTask]] = []
    order: list[tuple[str, str]] = []
    waiting = {job.job_id: list(job.ready_tasks) for job in jobs}
    for _ in range(rounds):
        queue = [
            replace(
                job,
                running_count=sum(name == job.job_id for name, _ in running),
                ready_tasks=waiting[job.job_id],
            )
            for job in jobs
            if waiting[job.job_id]
        ]
        used_capacity = replace(
            capacity, used_slots=len(running), used_threads=sum(task.threads for _, task in running)
        )
        for job_id, task_id in choose_tasks(queue, used_capacity):
            task = next(task for task in waiting[job_id] if task.task_id == task_id)
            waiting[job_id].remove(task)
            running.append((job_id, task))
            order.append((job_id, task_id))
        running = running[1:]
    return order


def training_tasks(count: int, threads: int = 1) -> list[ReadyTask]:
    return [ReadyTask(f"t{k}", TaskKind.TRAIN, threads) for k in range(count)]


def test_jobs_take_turns_whatever_their_size() -> None:
    jobs = [QueuedJob("big", 1, 0, 0, training_tasks(100)), QueuedJob("small", 2, 0, 0, training_tasks(3))]
    order = simulate(jobs, Capacity(2, 2), 10)
    assert [name for name, _ in order[:6]].count("small") >= 2


def test_a_wide_task_is_not_starved_by_narrow_ones() -> None:
    wide, narrow = (
        QueuedJob("wide", 1, 0, 0, training_tasks(1, threads=2)),
        QueuedJob("narrow", 2, 1, 0, training_tasks(100)),
    )
    busy = Capacity(2, 2, used_slots=1, used_threads=1)
    assert choose_tasks([narrow, wide], busy) == [], "its threads are kept free until they are enough"
    assert choose_tasks([narrow, replace(wide, position=3)], busy) == [("narrow", "t0")], "but only when it is its turn"
    jobs = [replace(narrow, running_count=0), replace(wide, position=3)]
    assert ("wide", "t0") in simulate(jobs, Capacity(2, 2), 120)


def test_a_task_wider_than_the_machine_runs_alone() -> None:
    job = QueuedJob("j", 1, 0, 0, training_tasks(2, threads=99))
    assert choose_tasks([job], Capacity(4, 4)) == [("j", "t0")]
    assert choose_tasks([job], Capacity(4, 4, used_slots=1, used_threads=1)) == []


def test_tasks_that_others_depend_on_come_first() -> None:
    kinds = [TaskKind.TRAIN, TaskKind.TEST, TaskKind.BASELINE, TaskKind.PREPARE]
    job = QueuedJob("j", 1, 0, 0, [ReadyTask(kind, kind, 1) for kind in kinds])
    assert [task for _, task in choose_tasks([job], Capacity(4, 4))] == ["prepare", "baseline", "test", "train"]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4)), min_size=1, max_size=5), st.integers(1, 4))
def test_every_task_is_started(shapes: list[tuple[int, int]], cores: int) -> None:
    jobs = [QueuedJob(f"j{k}", k, 0, 0, training_tasks(count, threads)) for k, (count, threads) in enumerate(shapes)]
    total = sum(count for count, _ in shapes)
    assert len(simulate(jobs, Capacity(cores, cores), total * 2 + 5)) == total
