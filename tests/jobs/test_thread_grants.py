"""How many threads a training is given that is to find out itself."""

from pathlib import Path

import pytest

from vestim_core.jobs.speeds import read_speeds, read_threads, record_speed, record_threads
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.threads import MOST, Grant, granted, is_alone, kind_of
from vestim_core.spec.job import validate_job
from vestim_core.spec.states import TaskKind, TaskState
from vestim_core.spec.task import expand_tasks


def tasks(threads: object = "auto") -> list[Task]:
    spec = validate_job({"data": {"train": ["a"], "validation": ["b"]}, "training": {"threads": threads}})
    return [Task.from_spec(task) for task in expand_tasks(spec)]


def of(kind: TaskKind, among: list[Task]) -> Task:
    return next(task for task in among if task.kind is kind)


def test_only_the_training_finds_out_and_a_number_is_a_number() -> None:
    assert {task.kind: task.threads for task in tasks()} == {
        TaskKind.PREPARE: 1,
        TaskKind.BASELINE: 1,
        TaskKind.TRAIN: 0,
        TaskKind.TEST: 1,
    }
    train = of(TaskKind.TRAIN, tasks(3))
    assert train.threads == 3 and granted(train, 7, {kind_of(train): 2}) == Grant(3)


def test_what_is_known_is_not_measured_again() -> None:
    train = of(TaskKind.TRAIN, tasks())
    assert granted(train, 0, {}) == Grant(1), "nothing is free"
    assert granted(train, 3, {}) == Grant(4, measure=True)
    assert granted(train, 99, {}) == Grant(MOST, measure=True)
    assert granted(train, 3, {kind_of(train): 2}) == Grant(2)
    assert granted(train, 1, {kind_of(train): 4}) == Grant(2), "no more than are free"
    assert granted(train, 3, {"another kind": 2}) == Grant(4, measure=True)


@pytest.mark.parametrize("state", [TaskState.READY, TaskState.RUNNING])
def test_a_training_shares_the_machine_with_every_other_one(state: TaskState) -> None:
    one, other = tasks(), tasks()
    of(TaskKind.PREPARE, one).state = TaskState.DONE
    of(TaskKind.TRAIN, one).state = TaskState.READY
    of(TaskKind.BASELINE, one).state = TaskState.RUNNING
    assert is_alone(one)
    of(TaskKind.PREPARE, other).state = state
    assert not is_alone([*one, *other]), "its training comes soon"
    of(TaskKind.PREPARE, other).state = TaskState.DONE
    of(TaskKind.TRAIN, other).state = state
    assert not is_alone([*one, *other])
    of(TaskKind.TRAIN, other).state = TaskState.DONE
    assert is_alone([*one, *other])


def test_threads_and_speeds_are_kept_in_one_file(tmp_path: Path) -> None:
    path, train = tmp_path / "cache" / "speeds.json", of(TaskKind.TRAIN, tasks())
    train.use_threads(2)
    assert Task.from_record(train.to_record()).threads == 2
    record_threads(path, train)
    train.result = {"training": {"rows_per_s": 1000.0, "device": "cpu"}}
    record_speed(path, train)
    record_threads(path, train)
    assert read_threads(path) == {kind_of(train): 2}
    assert read_speeds(path) == {f"{kind_of(train)}/2 threads/cpu": 1000.0}
    path.write_text('{"schema_version": 1, "rows_per_s": {}, "threads": {"x": "many"}}')
    assert read_threads(path) == {}
