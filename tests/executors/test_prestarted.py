"""Workers that were started ahead: told who to be once, let go when no work is in sight."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import psutil
import pytest

from tests.daemon.daemons import eventually
from vestim_core.executors import prestarted
from vestim_core.executors.forking import ForkServer
from vestim_core.executors.local import LOCK_NAME, LocalExecutor
from vestim_core.executors.prestarted import PrestartedWorker
from vestim_core.system import Home, is_locked, worker_environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at our children as POSIX tells them")


@pytest.fixture
def home(vestim_home: Path) -> Home:
    made = Home(vestim_home)
    made.ensure()
    return made


def waiting() -> list[psutil.Process]:
    """Our children that wait to be told who they are."""
    return [child for child in psutil.Process().children() if {"--await", "--fork-server"} & set(_words(child))]


def _words(process: psutil.Process) -> list[str]:
    return [] if process.status() == psutil.STATUS_ZOMBIE else process.cmdline()


def test_one_waits_and_becomes_the_worker_of_an_attempt(home: Home) -> None:
    executor = LocalExecutor({"inspect": PrestartedWorker(home, "inspect")})
    executor.keep_warm({"inspect"})
    executor.keep_warm({"inspect"})
    eventually(lambda: len(waiting()) == 1, "a process that waits")  # its words show a moment after its birth
    (process,) = waiting()
    folder = home.root / "attempt"
    folder.mkdir()
    executor.start("job_1/inspect_1/1", folder, 1, None, warmth="inspect")
    ended: list[tuple[str, int | None]] = []

    def over() -> bool:
        ended.extend(executor.reap())
        return bool(ended)

    eventually(over, "the end")
    assert ended == [("job_1/inspect_1/1", 1)], "there is no launch.json for it"
    assert "launch.json" in (folder / "stderr.log").read_text()
    assert not process.is_running() and not is_locked(folder / LOCK_NAME)
    executor.close()


def test_it_is_let_go_when_no_work_has_been_in_sight(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = PrestartedWorker(home, "inspect")
    warm.keep(True)
    eventually(lambda: len(waiting()) == 1, "a process that waits")  # its words show a moment after its birth
    (process,) = waiting()
    warm.keep(False)
    assert process.is_running()
    monkeypatch.setattr(prestarted, "IDLE_S", 0.0)
    warm.keep(False)
    eventually(lambda: process.status() == psutil.STATUS_ZOMBIE, "the end")
    process.wait()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator's variables are glibc's")
@pytest.mark.parametrize("kind", [ForkServer, PrestartedWorker])
def test_what_waits_was_born_with_the_settings_of_the_allocator(
    home: Home, kind: type[ForkServer | PrestartedWorker]
) -> None:
    """glibc reads them at a process's birth alone: given with an attempt, they would come too late."""
    warm = kind(home, "inspect")
    warm.keep(True)
    eventually(lambda: len(waiting()) == 1, "a process that waits")
    (process,) = waiting()
    settings = {name: value for name, value in worker_environment(1).items() if name.startswith("MALLOC_")}
    born = process.environ()
    warm.close()
    process.wait()
    assert settings and {name: born.get(name) for name in settings} == settings
