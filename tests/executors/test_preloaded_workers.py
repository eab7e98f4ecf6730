"""Prestarted workers: given one attempt each, ended when no work is in sight."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import psutil
import pytest

from tests.daemon.daemons import wait_until
from vestim_core.executors import prestarted_worker
from vestim_core.executors.fork_server_client import ForkServerClient
from vestim_core.executors.local import LOCK_NAME, LocalExecutor
from vestim_core.executors.prestarted_worker import PrestartedWorker
from vestim_core.system import Home, is_locked, worker_environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at our children as POSIX tells them")


@pytest.fixture
def home(vestim_home: Path) -> Home:
    home = Home(vestim_home)
    home.ensure()
    return home


def waiting_processes() -> list[psutil.Process]:
    """Our child processes that wait for an attempt."""
    return [child for child in psutil.Process().children() if {"--await", "--fork-server"} & set(_command_line(child))]


def _command_line(process: psutil.Process) -> list[str]:
    return [] if process.status() == psutil.STATUS_ZOMBIE else process.cmdline()


def test_one_process_waits_and_becomes_the_worker_of_an_attempt(home: Home) -> None:
    executor = LocalExecutor({"inspect": PrestartedWorker(home, "inspect")})
    executor.keep_preloaded({"inspect"})
    executor.keep_preloaded({"inspect"})
    wait_until(lambda: len(waiting_processes()) == 1, "a process that waits")  # shows a moment after its start
    (process,) = waiting_processes()
    folder = home.root / "attempt"
    folder.mkdir()
    executor.start("job_1/inspect_1/1", folder, 1, None, preload="inspect")
    ended_attempts: list[tuple[str, int | None]] = []

    def has_ended() -> bool:
        ended_attempts.extend(executor.reap())
        return bool(ended_attempts)

    wait_until(has_ended, "the end")
    assert ended_attempts == [("job_1/inspect_1/1", 1)], "there is no launch.json for it"
    assert "launch.json" in (folder / "stderr.log").read_text()
    assert not process.is_running() and not is_locked(folder / LOCK_NAME)
    executor.close()


def test_the_waiting_process_ends_when_no_work_is_in_sight(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = PrestartedWorker(home, "inspect")
    workers.maintain(True)
    wait_until(lambda: len(waiting_processes()) == 1, "a process that waits")  # shows a moment after its start
    (process,) = waiting_processes()
    workers.maintain(False)
    assert process.is_running()
    monkeypatch.setattr(prestarted_worker, "IDLE_S", 0.0)
    workers.maintain(False)
    wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE, "the end")
    process.wait()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator's variables are glibc's")
@pytest.mark.parametrize("kind", [ForkServerClient, PrestartedWorker])
def test_a_waiting_process_has_the_allocator_settings_from_its_start(
    home: Home, kind: type[ForkServerClient | PrestartedWorker]
) -> None:
    """glibc reads these variables only when a process starts: with an attempt they would come too late."""
    workers = kind(home, "inspect")
    workers.maintain(True)
    wait_until(lambda: len(waiting_processes()) == 1, "a process that waits")
    (process,) = waiting_processes()
    settings = {name: value for name, value in worker_environment(1).items() if name.startswith("MALLOC_")}
    environment = process.environ()
    workers.close()
    process.wait()
    assert settings and {name: environment.get(name) for name in settings} == settings
