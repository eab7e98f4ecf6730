"""How long a job may still take: from the median of recent epochs, with what runs beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.jobs.homes import ids, open_service, submitted
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.time_left import RECENT, training_left_s
from vestim_core.protocol.journal import Line
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState, TaskKind, TaskState


@pytest.fixture
def job(tmp_path: Path) -> JobContainer:
    """Three trainings of 100 epochs, none begun."""
    settings: dict[str, Any] = {"training": {"max_epochs": 100, "repetitions": 3}}
    return submitted(open_service(tmp_path / "home"), tmp_path, **settings)


def begin(job: JobContainer, task_id: str) -> None:
    job.set_task_state(task_id, TaskState.READY)
    job.new_attempt(task_id)
    job.attempt_started(task_id, 1, 1.0)


def epoch(job: JobContainer, task_id: str, number: int, time_s: object = 2.0) -> None:
    data = {"epoch": number, "max_epochs": 100, "time_s": time_s}
    job.ingest(task_id, [Line("t", EventKind.EPOCH, data)], number)


def test_nothing_is_said_before_an_epoch_has_ended(job: JobContainer) -> None:
    first, *_ = ids(job, TaskKind.TRAIN)
    assert job.summary()["time_left_s"] is None
    begin(job, first)
    assert job.summary()["time_left_s"] is None and training_left_s(job.tasks[first]) is None


def test_one_slow_epoch_does_not_change_it(job: JobContainer) -> None:
    first, *_ = ids(job, TaskKind.TRAIN)
    begin(job, first)
    for number in range(1, 10):
        epoch(job, first, number, 60.0 if number == 5 else 2.0)
    assert training_left_s(job.tasks[first]) == 91 * 2.0
    for number in range(10, 10 + RECENT):
        epoch(job, first, number, 4.0)
    assert training_left_s(job.tasks[first]) == 81 * 4.0, "only recent epochs count"


def test_what_has_not_begun_is_taken_for_as_long_as_what_has(job: JobContainer) -> None:
    first, second, _ = ids(job, TaskKind.TRAIN)
    begin(job, first)
    epoch(job, first, 1)
    assert job.summary()["time_left_s"] == pytest.approx(99 * 2 + 2 * 200)
    begin(job, second)
    epoch(job, second, 1)
    assert job.summary()["time_left_s"] == pytest.approx((2 * 99 * 2 + 200) / 2)


def test_nothing_is_left_of_what_has_ended_or_rests(job: JobContainer) -> None:
    first, *others = ids(job, TaskKind.TRAIN)
    begin(job, first)
    epoch(job, first, 1)
    job.attempt_ended(first, AttemptState.PAUSED)
    job.set_task_state(first, TaskState.PAUSED)
    assert job.summary()["time_left_s"] is None, "nobody knows how long a pause lasts"
    job.set_task_state(first, TaskState.STOPPED)
    assert training_left_s(job.tasks[first]) == 0.0
    for other in others:
        job.set_task_state(other, TaskState.STOPPED)
    assert job.summary()["time_left_s"] is None


def test_an_odd_word_of_a_worker_does_no_harm(job: JobContainer) -> None:
    first, *_ = ids(job, TaskKind.TRAIN)
    begin(job, first)
    for time_s in ("soon", None, [1]):
        epoch(job, first, 1, time_s)
    assert job.summary()["time_left_s"] is None


def test_a_row_names_kinds_and_methods(tmp_path: Path) -> None:
    both = {"model": [{"kind": "lstm"}, {"kind": "fnn"}]}
    summary = submitted(open_service(tmp_path / "home"), tmp_path, **both).summary()
    assert (summary["kinds"], summary["methods"], summary["target"]) == (
        ["lstm", "fnn"],
        ["streams", "rows"],
        "voltage_V",
    )
