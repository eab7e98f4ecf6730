"""Container invariants: legal states only, events 1..n, records that lose nothing, and no job that affects another."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spec.documents import job_document
from vestim_core.jobs.job_container import JobContainer
from vestim_core.protocol.journal_lines import BadJournalLine, JournalLine, read_lines, write_line
from vestim_core.spec.errors import VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.job import validate_job
from vestim_core.spec.states import (
    AttemptState,
    JobState,
    Phase,
    PhaseState,
    TaskKind,
    TaskState,
    TransitionError,
)
from vestim_core.spec.task import expand_tasks
from vestim_core.verify.invariants import InvariantChecker, apply_random_change


def new_container(name: str = "job_1", **sections: Any) -> JobContainer:
    container = JobContainer(name, name, {}, "2026-03-01T12:00:00.000Z")
    container.save_document(job_document(**sections))
    container.replace_tasks(expand_tasks(validate_job(container.document)))
    return container


def assert_consistent(container: JobContainer) -> None:
    """Assert the invariants, and that the record can be written as JSON and read."""
    InvariantChecker(container).check()
    record = container.to_record()
    assert JobContainer.from_record(json.loads(json.dumps(record))).to_record() == record
    json.dumps(container.status(), allow_nan=False)


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_any_history_can_be_stored_and_read_back(seed: int, changes: int) -> None:
    container, rng = new_container(), random.Random(seed)
    for _ in range(changes):
        apply_random_change(container, rng)
    assert_consistent(container)


def test_an_illegal_change_changes_nothing() -> None:
    container = new_container()
    expected_record = container.to_record()
    for change in (
        lambda: container.set_state(JobState.DONE),
        lambda: container.set_task_state("prepare_1", TaskState.DONE),
        lambda: container.record_attempt_start("prepare_1", 1, 1.0),
    ):
        with pytest.raises((TransitionError, KeyError)):
            change()
    assert container.to_record() | {"updated_utc": ""} == expected_record | {"updated_utc": ""}


def test_a_started_job_keeps_its_settings() -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    expected_record = container.to_record()
    for change in (lambda: container.save_document(job_document(name="other")), lambda: container.replace_tasks([])):
        with pytest.raises(VestimError, match="started"):
            change()
    assert container.to_record() | {"updated_utc": ""} == expected_record | {"updated_utc": ""}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
REPORT_KEYS = st.sampled_from(
    [
        "phase",
        "state",
        "fraction",
        "message",
        "epoch",
        "max_epochs",
        "has_model",
        "overall",
        "provenance",
        "code",
        "best",
    ]
)
VALUES = JSON | st.sampled_from([*Phase, *PhaseState]) | st.dictionaries(st.sampled_from(["test", "validation"]), JSON)


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(EventKind), st.dictionaries(REPORT_KEYS, VALUES, max_size=5)), max_size=8))
def test_no_worker_report_breaks_the_container(
    reports: list[tuple[EventKind, dict[str, Any]]],
) -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    for task_id in ("prepare_1", "test_001"):
        container.tasks[task_id].state = TaskState.READY
        container.create_attempt(task_id)
        lines, _ = read_lines(b"".join(write_line("t", kind, data) for kind, data in reports), 0)
        container.ingest(task_id, lines, 10)
        container.record_attempt_end(task_id, AttemptState.FINISHED)
        container.set_task_state(task_id, TaskState.DONE)
    assert_consistent(container)
    assert container.summary()["job_id"] == "job_1"


def test_journal_lines_become_events_and_a_bad_line_a_message() -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    container.create_attempt("prepare_1")
    container.pending_events.clear()
    last_seq = container.last_seq
    epoch = JournalLine("2026-01-01T00:00:00.000Z", EventKind.EPOCH, {"epoch": 1, "max_epochs": 4})
    container.ingest("prepare_1", [epoch, BadJournalLine(99, "not JSON"), epoch], 200)
    assert [(event.seq, event.kind, event.attempt) for event in container.pending_events[:3]] == [
        (last_seq + 1, EventKind.EPOCH, 1),
        (last_seq + 2, EventKind.MESSAGE, 1),
        (last_seq + 3, EventKind.EPOCH, 1),
    ]
    message = container.pending_events[1].data
    assert message["file"] == "events.jsonl" and message["offset"] == 99 and message["level"] == "warning"
    assert container.tasks["prepare_1"].attempt.offset == 200  # type: ignore[union-attr]
    assert container.pending_events[0].time_utc == epoch.time_utc


def test_combined_changes_are_observed_once() -> None:
    """The managers observe a thousand trials that are stopped together once, not a thousand times."""
    rates = [k / 1e4 for k in range(1, 1001)]
    container = new_container(training={"learning_rate": rates, "schedule": "constant"})
    call_count = 0
    testing = container.managers[Phase.TESTING]
    observe = testing.observe

    def counting_observe(tasks: Any) -> bool:
        nonlocal call_count
        call_count += 1
        return observe(tasks)

    testing.observe = counting_observe  # type: ignore[method-assign]
    with container.batch_changes():
        for task in list(container.tasks.values()):
            container.set_task_state(task.task_id, TaskState.STOPPED)
    assert call_count == 1
    assert len([task for task in container.tasks.values() if task.kind is TaskKind.TRAIN]) == 1000
