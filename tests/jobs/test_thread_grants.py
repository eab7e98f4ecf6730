"""Number of threads for a training whose spec leaves it to the program."""

from pathlib import Path

import pytest

from vestim_core.jobs.tasks import Task
from vestim_core.jobs.thread_grants import (
    MAX_TRAINING_THREADS,
    ThreadGrant,
    grant_threads,
    has_single_training,
    training_kind,
)
from vestim_core.jobs.training_speeds import read_speeds, read_thread_counts, record_speed, record_thread_count
from vestim_core.spec.job import validate_job
from vestim_core.spec.states import TaskKind, TaskState
from vestim_core.spec.task import expand_tasks


def new_tasks(threads: object = "auto") -> list[Task]:
    spec = validate_job({"data": {"train": ["a"], "validation": ["b"]}, "training": {"threads": threads}})
    return [Task.from_spec(task) for task in expand_tasks(spec)]


def first_task_of(kind: TaskKind, tasks: list[Task]) -> Task:
    return next(task for task in tasks if task.kind is kind)


def test_only_a_training_without_explicit_threads_measures() -> None:
    assert {task.kind: task.threads for task in new_tasks()} == {
        TaskKind.PREPARE: 1,
        TaskKind.BASELINE: 1,
        TaskKind.TRAIN: 0,
        TaskKind.TEST: 1,
    }
    train = first_task_of(TaskKind.TRAIN, new_tasks(3))
    assert train.threads == 3 and grant_threads(train, 7, {training_kind(train): 2}) == ThreadGrant(3)


def test_known_thread_counts_are_not_measured_again() -> None:
    train = first_task_of(TaskKind.TRAIN, new_tasks())
    assert grant_threads(train, 0, {}) == ThreadGrant(1), "nothing is free"
    assert grant_threads(train, 3, {}) == ThreadGrant(4, is_measuring=True)
    assert grant_threads(train, 99, {}) == ThreadGrant(MAX_TRAINING_THREADS, is_measuring=True)
    assert grant_threads(train, 3, {training_kind(train): 2}) == ThreadGrant(2)
    assert grant_threads(train, 1, {training_kind(train): 4}) == ThreadGrant(2), "no more than are free"
    assert grant_threads(train, 3, {"another kind": 2}) == ThreadGrant(4, is_measuring=True)


@pytest.mark.parametrize("state", [TaskState.READY, TaskState.RUNNING])
def test_a_training_shares_the_machine_with_every_other_one(state: TaskState) -> None:
    first, second = new_tasks(), new_tasks()
    first_task_of(TaskKind.PREPARE, first).state = TaskState.DONE
    first_task_of(TaskKind.TRAIN, first).state = TaskState.READY
    first_task_of(TaskKind.BASELINE, first).state = TaskState.RUNNING
    assert has_single_training(first)
    first_task_of(TaskKind.PREPARE, second).state = state
    assert not has_single_training([*first, *second]), "its training comes soon"
    first_task_of(TaskKind.PREPARE, second).state = TaskState.DONE
    first_task_of(TaskKind.TRAIN, second).state = state
    assert not has_single_training([*first, *second])
    first_task_of(TaskKind.TRAIN, second).state = TaskState.DONE
    assert has_single_training([*first, *second])


def test_threads_and_speeds_are_kept_in_one_file(tmp_path: Path) -> None:
    path, train = tmp_path / "cache" / "speeds.json", first_task_of(TaskKind.TRAIN, new_tasks())
    train.use_threads(2)
    assert Task.from_record(train.to_record()).threads == 2
    record_thread_count(path, train)
    train.result = {"training": {"rows_per_s": 1000.0, "device": "cpu"}}
    record_speed(path, train)
    record_thread_count(path, train)
    assert read_thread_counts(path) == {training_kind(train): 2}
    assert read_speeds(path) == {f"{training_kind(train)}/2 threads/cpu": 1000.0}
    path.write_text('{"schema_version": 1, "rows_per_s": {}, "threads": {"x": "many"}}')
    assert read_thread_counts(path) == {}
