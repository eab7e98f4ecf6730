"""Number of threads for a training whose spec leaves it to the program."""

from pathlib import Path

import pytest

from vestim_core.jobs.speeds import read_speeds, read_threads, record_speed, record_threads
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.threads import MAX_TRAINING_THREADS, Grant, granted, is_alone, training_kind
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
    assert train.threads == 3 and granted(train, 7, {training_kind(train): 2}) == Grant(3)


def test_known_thread_counts_are_not_measured_again() -> None:
    train = first_task_of(TaskKind.TRAIN, new_tasks())
    assert granted(train, 0, {}) == Grant(1), "nothing is free"
    assert granted(train, 3, {}) == Grant(4, measure=True)
    assert granted(train, 99, {}) == Grant(MAX_TRAINING_THREADS, measure=True)
    assert granted(train, 3, {training_kind(train): 2}) == Grant(2)
    assert granted(train, 1, {training_kind(train): 4}) == Grant(2), "no more than are free"
    assert granted(train, 3, {"another kind": 2}) == Grant(4, measure=True)


@pytest.mark.parametrize("state", [TaskState.READY, TaskState.RUNNING])
def test_a_training_shares_the_machine_with_every_other_one(state: TaskState) -> None:
    first, second = new_tasks(), new_tasks()
    first_task_of(TaskKind.PREPARE, first).state = TaskState.DONE
    first_task_of(TaskKind.TRAIN, first).state = TaskState.READY
    first_task_of(TaskKind.BASELINE, first).state = TaskState.RUNNING
    assert is_alone(first)
    first_task_of(TaskKind.PREPARE, second).state = state
    assert not is_alone([*first, *second]), "its training comes soon"
    first_task_of(TaskKind.PREPARE, second).state = TaskState.DONE
    first_task_of(TaskKind.TRAIN, second).state = state
    assert not is_alone([*first, *second])
    first_task_of(TaskKind.TRAIN, second).state = TaskState.DONE
    assert is_alone([*first, *second])


def test_threads_and_speeds_are_kept_in_one_file(tmp_path: Path) -> None:
    path, train = tmp_path / "cache" / "speeds.json", first_task_of(TaskKind.TRAIN, new_tasks())
    train.use_threads(2)
    assert Task.from_record(train.to_record()).threads == 2
    record_threads(path, train)
    train.result = {"training": {"rows_per_s": 1000.0, "device": "cpu"}}
    record_speed(path, train)
    record_threads(path, train)
    assert read_threads(path) == {training_kind(train): 2}
    assert read_speeds(path) == {f"{training_kind(train)}/2 threads/cpu": 1000.0}
    path.write_text('{"schema_version": 1, "rows_per_s": {}, "threads": {"x": "many"}}')
    assert read_threads(path) == {}
