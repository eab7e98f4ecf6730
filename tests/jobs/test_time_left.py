"""Upper bound of a job's remaining time, from the median of recent epochs and the number of parallel trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.jobs.job_services import open_service, submit_job, task_ids
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.time_left import RECENT_EPOCHS, trial_time_left_s
from vestim_core.protocol.journal_lines import JournalLine
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState, TaskKind, TaskState


@pytest.fixture
def job(tmp_path: Path) -> JobContainer:
    """Three trials of 100 epochs, none started."""
    settings: dict[str, Any] = {"training": {"max_epochs": 100, "repetitions": 3}}
    return submit_job(open_service(tmp_path / "home"), tmp_path, **settings)


def start_trial(job: JobContainer, task_id: str) -> None:
    job.set_task_state(task_id, TaskState.READY)
    job.create_attempt(task_id)
    job.record_attempt_start(task_id, 1, 1.0)


def ingest_epoch(job: JobContainer, task_id: str, index: int, time_s: object = 2.0) -> None:
    data = {"epoch": index, "max_epochs": 100, "time_s": time_s}
    job.ingest(task_id, [JournalLine("t", EventKind.EPOCH, data)], index)


def test_no_time_before_an_epoch_has_ended(job: JobContainer) -> None:
    first, *_ = task_ids(job, TaskKind.TRAIN)
    assert job.summary()["time_left_s"] is None
    start_trial(job, first)
    assert job.summary()["time_left_s"] is None and trial_time_left_s(job.tasks[first]) is None


def test_a_single_slow_epoch_does_not_count(job: JobContainer) -> None:
    first, *_ = task_ids(job, TaskKind.TRAIN)
    start_trial(job, first)
    for index in range(1, 10):
        ingest_epoch(job, first, index, 60.0 if index == 5 else 2.0)
    assert trial_time_left_s(job.tasks[first]) == 91 * 2.0
    for index in range(10, 10 + RECENT_EPOCHS):
        ingest_epoch(job, first, index, 4.0)
    assert trial_time_left_s(job.tasks[first]) == 81 * 4.0, "only recent epochs count"


def test_waiting_trials_count_as_long_as_started_ones(job: JobContainer) -> None:
    first, second, _ = task_ids(job, TaskKind.TRAIN)
    start_trial(job, first)
    ingest_epoch(job, first, 1)
    assert job.summary()["time_left_s"] == pytest.approx(99 * 2 + 2 * 200)
    start_trial(job, second)
    ingest_epoch(job, second, 1)
    assert job.summary()["time_left_s"] == pytest.approx((2 * 99 * 2 + 200) / 2)


def test_ended_and_paused_trials_have_no_time_left(job: JobContainer) -> None:
    first, *other_ids = task_ids(job, TaskKind.TRAIN)
    start_trial(job, first)
    ingest_epoch(job, first, 1)
    job.record_attempt_end(first, AttemptState.PAUSED)
    job.set_task_state(first, TaskState.PAUSED)
    assert job.summary()["time_left_s"] is None, "nobody knows how long a pause lasts"
    job.set_task_state(first, TaskState.STOPPED)
    assert trial_time_left_s(job.tasks[first]) == 0.0
    for task_id in other_ids:
        job.set_task_state(task_id, TaskState.STOPPED)
    assert job.summary()["time_left_s"] is None


def test_invalid_epoch_times_are_ignored(job: JobContainer) -> None:
    first, *_ = task_ids(job, TaskKind.TRAIN)
    start_trial(job, first)
    for time_s in ("soon", None, [1]):
        ingest_epoch(job, first, 1, time_s)
    assert job.summary()["time_left_s"] is None


def test_a_summary_names_kinds_and_methods(tmp_path: Path) -> None:
    both = {"model": [{"kind": "lstm"}, {"kind": "fnn"}]}
    summary = submit_job(open_service(tmp_path / "home"), tmp_path, **both).summary()
    assert (summary["kinds"], summary["methods"], summary["target"]) == (
        ["lstm", "fnn"],
        ["tbptt", "rows"],
        "voltage_V",
    )
