"""The attempt supervisor with an executor that starts no processes."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.jobs.job_services import open_service, submit_job
from vestim_core.daemon import attempt_supervisor as supervisor_module
from vestim_core.daemon.attempt_supervisor import AttemptSupervisor
from vestim_core.daemon.dispatch import Dispatcher
from vestim_core.daemon.server import Server
from vestim_core.jobs import disk_space
from vestim_core.jobs.job_service import JobService
from vestim_core.jobs.reconciler import Action, JobFacts, reconcile
from vestim_core.protocol.doorbell_messages import MIN_RING_INTERVAL_S
from vestim_core.protocol.journal_lines import write_line
from vestim_core.protocol.messages import Request
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState, JobState, TaskState
from vestim_core.system import read_json, write_json


class FakeExecutor:
    """Records attempts instead of starting processes."""

    exit_fds: frozenset[int] = frozenset()

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.pending_starts: list[tuple[str, int, float]] = []
        self.pending_ends: list[tuple[str, int | None]] = []
        self.is_broken = False

    def keep_preloaded(self, preloads: object) -> None:
        pass

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None, *, preload: str | None) -> None:
        if self.is_broken:
            raise OSError("no more processes")
        self.folders[attempt_key] = folder
        self.pending_starts.append((attempt_key, 1, 1.0))

    def adopt(self, attempt_key: str, folder: Path) -> bool:
        return attempt_key in self.folders

    def take_started(self) -> list[tuple[str, int, float]]:
        started, self.pending_starts = self.pending_starts, []
        return started

    def terminate(self, attempt_key: str) -> None:
        pass

    def kill(self, attempt_key: str) -> None:
        pass

    def reap(self) -> list[tuple[str, int | None]]:
        ended_attempts, self.pending_ends = self.pending_ends, []
        return ended_attempts

    def finish(self, attempt_key: str) -> None:
        """End the attempt as finished."""
        write_json(self.folders[attempt_key] / "exit.json", {"state": AttemptState.FINISHED.value})
        self.pending_ends.append((attempt_key, 0))


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


def make_supervisor(service: JobService) -> tuple[AttemptSupervisor, FakeExecutor]:
    """A supervisor that is notified of changes as in a daemon."""
    fake_executor = FakeExecutor()
    supervisor = AttemptSupervisor(service.manager, fake_executor, slots=2)
    server = Server.__new__(Server)
    server._service, server._supervisor, server._changed_ids = service, supervisor, set()
    service.manager.on_change = server._on_change
    return supervisor, fake_executor


def test_a_job_goes_from_preparation_to_its_end(service: JobService, tmp_path: Path) -> None:
    supervisor, fake_executor = make_supervisor(service)
    job_id = submit_job(service, tmp_path, testing={"baseline": False}).job_id
    for task_id in ("prepare_1", "train_001", "test_001"):
        supervisor.step()
        key = f"{job_id}/{task_id}/1"
        assert list(fake_executor.folders)[-1] == key
        assert service.manager.get(job_id).state is JobState.RUNNING
        fake_executor.finish(key)
    supervisor.step()
    assert service.manager.get(job_id).state is JobState.DONE
    assert service.manager.job_containers == {} and not supervisor.unreconciled_job_ids


def test_an_event_just_after_a_ring_is_read_without_another_one(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker rings at most every `MIN_RING_INTERVAL_S`: nobody rings for the second of two events close together."""
    now_s = 1000.0  # arbitrary
    monkeypatch.setattr(supervisor_module, "time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(supervisor_module, "JOURNAL_POLL_S", math.inf)
    supervisor, fake_executor = make_supervisor(service)
    job_id = submit_job(service, tmp_path).job_id
    supervisor.step()
    key = f"{job_id}/prepare_1/1"
    seq_before = service.manager.get(job_id).last_seq

    def write_event() -> None:
        with (fake_executor.folders[key] / "events.jsonl").open("ab") as file:
            file.write(write_line("t", EventKind.EPOCH, {}))

    write_event()
    assert supervisor.mark_rung(key)
    supervisor.step()
    assert service.manager.get(job_id).last_seq == seq_before + 1
    write_event()
    assert supervisor.next_due_s <= now_s + MIN_RING_INTERVAL_S
    now_s = supervisor.next_due_s
    supervisor.step()
    assert service.manager.get(job_id).last_seq == seq_before + 2
    supervisor.step()
    assert supervisor.next_due_s == math.inf, "an idle journal is not read again and again"


def test_mere_events_do_not_trigger_reconciling(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, fake_executor = make_supervisor(service)
    job_id = submit_job(service, tmp_path).job_id
    supervisor.step()
    reconcile_calls = 0

    def counted_reconcile(job: JobFacts, now_s: float) -> list[Action]:
        nonlocal reconcile_calls
        reconcile_calls += 1
        return reconcile(job, now_s)

    monkeypatch.setattr(supervisor_module, "reconcile", counted_reconcile)
    key = f"{job_id}/prepare_1/1"
    seq_before = service.manager.get(job_id).last_seq
    for event_index in range(10):
        with (fake_executor.folders[key] / "events.jsonl").open("ab") as file:
            file.write(write_line("t", EventKind.EPOCH, {"n": event_index}))
        assert supervisor.mark_rung(key)
        supervisor.step()
    assert service.manager.get(job_id).last_seq == seq_before + 10
    assert reconcile_calls == 0


def test_a_failure_of_one_job_is_retried_and_isolated_from_others(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, fake_executor = make_supervisor(service)
    failing_id, healthy_id = (submit_job(service, tmp_path).job_id for _ in range(2))
    supervisor.step()
    save = service.manager.registry.save
    is_failing = True

    def failing_save(container: object) -> None:
        if is_failing and container.job_id == failing_id:  # type: ignore[attr-defined]
            raise OSError("disk full")
        save(container)  # type: ignore[arg-type]

    monkeypatch.setattr(service.manager.registry, "save", failing_save)
    for job_id in (failing_id, healthy_id):
        fake_executor.finish(f"{job_id}/prepare_1/1")
    supervisor.step()
    assert service.manager.get(healthy_id).tasks["prepare_1"].state is TaskState.DONE
    assert service.manager.get(failing_id).tasks["prepare_1"].state is TaskState.RUNNING
    assert supervisor.unreconciled_job_ids == {failing_id}
    is_failing = False
    supervisor.step()
    assert service.manager.get(failing_id).tasks["prepare_1"].state is TaskState.DONE


def test_an_attempt_that_cannot_be_started_fails_with_the_reason(service: JobService, tmp_path: Path) -> None:
    supervisor, fake_executor = make_supervisor(service)
    fake_executor.is_broken = True
    job_id = submit_job(service, tmp_path).job_id
    supervisor.step()
    supervisor.step()
    container = service.manager.get(job_id)
    assert container.state is JobState.FAILED
    assert container.error is not None and "no more processes" in container.error["message"]


def test_an_attempt_that_never_started_is_ended_as_soon_as_the_registry_is_writable(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, fake_executor = make_supervisor(service)
    fake_executor.is_broken = True
    job_id = submit_job(service, tmp_path).job_id

    def raise_disk_full(attempt_key: str) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(service.manager.registry, "release", raise_disk_full)
    supervisor.step()
    assert supervisor.running_tasks
    monkeypatch.undo()
    supervisor.step()
    supervisor.step()
    assert not supervisor.running_tasks and service.manager.get(job_id).state is JobState.FAILED


def test_a_command_that_cannot_be_stored_is_refused_with_a_message(
    service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = service.create_job("before")["job_id"]

    def raise_disk_full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(service.manager.registry, "save_answer", raise_disk_full)
    request = Request(b"1", "rename", {"job_id": job_id, "name": "after"}, "c")
    error = Dispatcher(service, {}).answer(request).error
    assert error is not None and "make room on the disk" in error.message and "Error" not in error.message
    assert service.show_job(job_id)["name"] == "before"


def test_the_hashes_of_the_data_are_written_before_the_end_is_committed(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, fake_executor = make_supervisor(service)
    job_id = submit_job(service, tmp_path).job_id
    supervisor.step()
    key = f"{job_id}/prepare_1/1"
    line = write_line("2026-01-01T00:00:00.000Z", EventKind.RESULT, {"provenance": {"prepare_1": {"hash": "abc"}}})
    (fake_executor.folders[key] / "events.jsonl").write_bytes(line)
    fake_executor.finish(key)

    def raise_interrupt(attempt_key: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(service.manager.registry, "release", raise_interrupt)
    with pytest.raises(KeyboardInterrupt):
        supervisor.step()
    job_document = read_json(service.manager.folder(job_id).job_json)
    assert job_document["provenance"]["prepare_1"] == {"hash": "abc"}


@pytest.mark.parametrize("key", ["", "x", "a/b", "a/b/c", "a/b/0", "a/b/1", "a/../1"])
def test_a_ring_for_an_unknown_attempt_is_ignored(service: JobService, key: str) -> None:
    supervisor, _ = make_supervisor(service)
    assert not supervisor.mark_rung(key)
    supervisor.step()


def test_a_nearly_full_disk_pauses_jobs_with_a_reason_and_blocks_new_ones(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, fake_executor = make_supervisor(service)
    running, waiting = (submit_job(service, tmp_path).job_id for _ in range(2))
    supervisor.step()
    draft = service.duplicate(running)["job_id"]
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda folder: SimpleNamespace(free=499e6))
    monkeypatch.setattr(supervisor_module, "DISK_CHECK_S", 0.0)
    supervisor.step()
    control = fake_executor.folders[f"{running}/prepare_1/1"] / "control.json"
    assert read_json(control)["intent"] == "pause"
    write_json(control.with_name("exit.json"), {"state": AttemptState.PAUSED.value})
    fake_executor.pending_ends.append((f"{running}/prepare_1/1", 0))
    fake_executor.pending_ends.extend((key, 0) for key in fake_executor.folders if key.startswith(waiting))
    for key in fake_executor.folders:
        write_json(fake_executor.folders[key] / "exit.json", {"state": AttemptState.PAUSED.value})
    supervisor.step()
    supervisor.step()
    for job_id in (running, waiting):
        summary = service.show_job(job_id)
        assert (summary["state"], summary["message"]) == ("paused", disk_space.PAUSED_MESSAGE)
    for method, job_id in (("resume", running), ("start", draft)):
        with pytest.raises(VestimError, match="less than 500 MB are free") as error_info:
            getattr(service, method)(job_id)
        assert error_info.value.code is ErrorCode.REFUSED
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda folder: SimpleNamespace(free=501e6))
    service.resume(running)
    supervisor.step()
    summary = service.show_job(running)
    assert (summary["state"], summary["message"]) == ("running", "")


def test_a_pause_by_the_user_has_no_reason(service: JobService, tmp_path: Path) -> None:
    supervisor, _ = make_supervisor(service)
    job_id = submit_job(service, tmp_path).job_id
    service.pause(job_id)
    supervisor.step()
    summary = service.show_job(job_id)
    assert (summary["state"], summary["message"]) == ("paused", "")
