"""The host over an executor of this process: what it does, and what it leaves alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.jobs.homes import open_service, submitted
from vestim_core.daemon import host as host_module
from vestim_core.daemon.dispatch import Dispatcher
from vestim_core.daemon.host import Host
from vestim_core.daemon.server import Server
from vestim_core.jobs import room
from vestim_core.jobs.reconciler import Action, JobFacts, reconcile
from vestim_core.jobs.service import JobService
from vestim_core.protocol.journal import write_line
from vestim_core.protocol.messages import Request
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState, JobState, TaskState
from vestim_core.system import read_json, write_json


class Executor:
    """Processes that exist on paper alone."""

    exit_fds: frozenset[int] = frozenset()

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.newborn: list[tuple[str, int, float]] = []
        self.ended: list[tuple[str, int | None]] = []
        self.broken = False

    def keep_warm(self, needed: object) -> None:
        pass

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None, *, warmth: str | None) -> None:
        if self.broken:
            raise OSError("no more processes")
        self.folders[attempt_key] = folder
        self.newborn.append((attempt_key, 1, 1.0))

    def adopt(self, attempt_key: str, folder: Path) -> bool:
        return attempt_key in self.folders

    def born(self) -> list[tuple[str, int, float]]:
        found, self.newborn = self.newborn, []
        return found

    def terminate(self, attempt_key: str) -> None:
        pass

    def kill(self, attempt_key: str) -> None:
        pass

    def reap(self) -> list[tuple[str, int | None]]:
        found, self.ended = self.ended, []
        return found

    def finish(self, attempt_key: str) -> None:
        """The attempt ends well."""
        write_json(self.folders[attempt_key] / "exit.json", {"state": AttemptState.FINISHED.value})
        self.ended.append((attempt_key, 0))


@pytest.fixture
def service(tmp_path: Path) -> JobService:
    return open_service(tmp_path / "home")


def hosted(service: JobService) -> tuple[Host, Executor]:
    """A host that hears of changes as in a daemon."""
    executor = Executor()
    host = Host(service.manager, executor, slots=2)
    server = Server.__new__(Server)
    server._service, server._host, server._changed = service, host, set()
    service.manager.on_change = server._on_change
    return host, executor


def test_a_job_goes_from_preparation_to_its_end(service: JobService, tmp_path: Path) -> None:
    host, executor = hosted(service)
    job_id = submitted(service, tmp_path, testing={"baseline": False}).job_id
    for task_id in ("prepare_1", "train_001", "test_001"):
        host.step()
        key = f"{job_id}/{task_id}/1"
        assert list(executor.folders)[-1] == key
        assert service.manager.get(job_id).state is JobState.RUNNING
        executor.finish(key)
    host.step()
    assert service.manager.get(job_id).state is JobState.DONE
    assert service.manager.job_containers == {} and not host.dirty


def test_mere_events_are_taken_in_without_looking_at_every_task(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, executor = hosted(service)
    job_id = submitted(service, tmp_path).job_id
    host.step()
    looks = 0

    def counted(job: JobFacts, now_s: float) -> list[Action]:
        nonlocal looks
        looks += 1
        return reconcile(job, now_s)

    monkeypatch.setattr(host_module, "reconcile", counted)
    key = f"{job_id}/prepare_1/1"
    before = service.manager.get(job_id).last_seq
    for number in range(10):
        with (executor.folders[key] / "events.jsonl").open("ab") as file:
            file.write(write_line("t", EventKind.EPOCH, {"n": number}))
        assert host.rung(key)
        host.step()
    assert service.manager.get(job_id).last_seq == before + 10
    assert looks == 0


def test_trouble_with_one_job_is_tried_again_and_kept_from_others(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, executor = hosted(service)
    bad, good = (submitted(service, tmp_path).job_id for _ in range(2))
    host.step()
    save = service.manager.registry.save
    trouble = True

    def failing(container: object) -> None:
        if trouble and container.job_id == bad:  # type: ignore[attr-defined]
            raise OSError("disk full")
        save(container)  # type: ignore[arg-type]

    monkeypatch.setattr(service.manager.registry, "save", failing)
    for job_id in (bad, good):
        executor.finish(f"{job_id}/prepare_1/1")
    host.step()
    assert service.manager.get(good).tasks["prepare_1"].state is TaskState.DONE
    assert service.manager.get(bad).tasks["prepare_1"].state is TaskState.RUNNING
    assert host.dirty == {bad}
    trouble = False
    host.step()
    assert service.manager.get(bad).tasks["prepare_1"].state is TaskState.DONE


def test_an_attempt_that_cannot_be_started_has_failed_and_says_why(service: JobService, tmp_path: Path) -> None:
    host, executor = hosted(service)
    executor.broken = True
    job_id = submitted(service, tmp_path).job_id
    host.step()
    host.step()
    container = service.manager.get(job_id)
    assert container.state is JobState.FAILED
    assert container.error is not None and "no more processes" in container.error["message"]


def test_an_attempt_that_was_never_born_is_ended_as_soon_as_that_can_be_written(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, executor = hosted(service)
    executor.broken = True
    job_id = submitted(service, tmp_path).job_id

    def full(attempt_key: str) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(service.manager.registry, "release", full)
    host.step()
    assert host.running
    monkeypatch.undo()
    host.step()
    host.step()
    assert not host.running and service.manager.get(job_id).state is JobState.FAILED


def test_a_command_that_cannot_be_kept_says_so_in_a_sentence(
    service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = service.create_job("before")["job_id"]

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(service.manager.registry, "keep_answer", full)
    request = Request(b"1", "rename", {"job_id": job_id, "name": "after"}, "c")
    error = Dispatcher(service, {}).answer(request).error
    assert error is not None and "make room on the disk" in error.sentence and "Error" not in error.sentence
    assert service.show_job(job_id)["name"] == "before"


def test_the_hashes_of_the_data_are_written_before_the_end_is_committed(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, executor = hosted(service)
    job_id = submitted(service, tmp_path).job_id
    host.step()
    key = f"{job_id}/prepare_1/1"
    line = write_line("2026-01-01T00:00:00.000Z", EventKind.RESULT, {"provenance": {"prepare_1": {"hash": "abc"}}})
    (executor.folders[key] / "events.jsonl").write_bytes(line)
    executor.finish(key)

    def dies(attempt_key: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(service.manager.registry, "release", dies)
    with pytest.raises(KeyboardInterrupt):
        host.step()
    written = read_json(service.manager.folder(job_id).job_json)
    assert written["provenance"]["prepare_1"] == {"hash": "abc"}


@pytest.mark.parametrize("key", ["", "x", "a/b", "a/b/c", "a/b/0", "a/b/1", "a/../1"])
def test_a_ring_for_nobody_is_no_ring(service: JobService, key: str) -> None:
    host, _ = hosted(service)
    assert not host.rung(key)
    host.step()


def test_a_disk_that_is_nearly_full_pauses_jobs_with_a_sentence_and_lets_none_begin(
    service: JobService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, executor = hosted(service)
    running, waiting = (submitted(service, tmp_path).job_id for _ in range(2))
    host.step()
    draft = service.duplicate(running)["job_id"]
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: SimpleNamespace(free=499e6))
    monkeypatch.setattr(host_module, "ROOM_LOOK_S", 0.0)
    host.step()
    control = executor.folders[f"{running}/prepare_1/1"] / "control.json"
    assert read_json(control)["intent"] == "pause"
    write_json(control.with_name("exit.json"), {"state": AttemptState.PAUSED.value})
    executor.ended.append((f"{running}/prepare_1/1", 0))
    executor.ended.extend((key, 0) for key in executor.folders if key.startswith(waiting))
    for key in executor.folders:
        write_json(executor.folders[key] / "exit.json", {"state": AttemptState.PAUSED.value})
    host.step()
    host.step()
    for job_id in (running, waiting):
        summary = service.show_job(job_id)
        assert (summary["state"], summary["reason"]) == ("paused", room.PAUSED)
    for verb, job_id in (("resume", running), ("start", draft)):
        with pytest.raises(VestimError, match="less than 500 MB are free") as caught:
            getattr(service, verb)(job_id)
        assert caught.value.code is ErrorCode.REFUSED
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: SimpleNamespace(free=501e6))
    service.resume(running)
    host.step()
    summary = service.show_job(running)
    assert (summary["state"], summary["reason"]) == ("running", "")


def test_a_pause_that_the_user_asked_for_has_no_reason(service: JobService, tmp_path: Path) -> None:
    host, _ = hosted(service)
    job_id = submitted(service, tmp_path).job_id
    service.pause(job_id)
    host.step()
    summary = service.show_job(job_id)
    assert (summary["state"], summary["reason"]) == ("paused", "")
