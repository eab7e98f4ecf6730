"""Local processes: one tree an attempt, watched to its end, adopted by whoever comes next."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.daemon.daemons import eventually
from vestim_core.executors.local import LOCK_NAME, LocalExecutor
from vestim_core.system import FileLock, is_locked, ref_of, write_json

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals are POSIX's")

SLEEP = "import signal; signal.pause()"
KEY = "job_1/train_001/1"
Make = Callable[[str], LocalExecutor]


@pytest.fixture
def make() -> Iterator[Make]:
    """Executors whose workers run this code."""
    made: list[LocalExecutor] = []

    def executor(code: str) -> LocalExecutor:
        made.append(LocalExecutor({}, lambda folder: [sys.executable, "-S", "-c", code]))
        return made[-1]

    yield executor
    for left in made:
        left.kill(KEY)
        left.close()


def start(executor: LocalExecutor, folder: Path) -> int:
    executor.start(KEY, folder, 1, None, warmth=None)
    ((key, pid, create_time),) = executor.born()
    assert key == KEY and create_time > 0
    return pid


def end_of(executor: LocalExecutor) -> tuple[str, int | None]:
    """The one end that is told; waits on the descriptors that announce it."""
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        if ended := executor.reap():
            assert executor.reap() == [] and not executor.exit_fds
            return ended[0]
        select.select(list(executor.exit_fds), [], [], 0.05)
    raise AssertionError("no end")


@pytest.mark.parametrize(
    ("code", "exit_code"), [("", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)]
)
def test_an_end_is_told_once_with_its_code(make: Make, tmp_path: Path, code: str, exit_code: int) -> None:
    executor = make(code)
    start(executor, tmp_path)
    assert end_of(executor) == (KEY, exit_code)
    assert not is_locked(tmp_path / LOCK_NAME)


def test_at_most_one_process_for_an_attempt(make: Make, tmp_path: Path) -> None:
    executor = make(SLEEP)
    start(executor, tmp_path)
    with pytest.raises(FileExistsError):
        make(SLEEP).start(KEY, tmp_path, 1, None, warmth=None)
    executor.kill(KEY)
    assert end_of(executor) == (KEY, -9)
    start(executor, tmp_path)


def test_a_command_that_cannot_be_started_leaves_no_lock(tmp_path: Path) -> None:
    executor = LocalExecutor({}, lambda folder: [str(tmp_path / "no-such-program")])
    with pytest.raises(OSError):
        executor.start(KEY, tmp_path, 1, None, warmth=None)
    assert not is_locked(tmp_path / LOCK_NAME) and executor.reap() == []


def test_telling_and_killing(make: Make, tmp_path: Path) -> None:
    executor = make("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()")
    pid = start(executor, tmp_path)
    eventually(lambda: (tmp_path / "stdout.log").read_bytes(), "a first word")
    executor.terminate(KEY)
    assert executor.reap() == [] and psutil.pid_exists(pid)
    executor.kill(KEY)
    assert end_of(executor) == (KEY, -signal.SIGKILL)
    executor.terminate(KEY)
    executor.kill(KEY)
    executor.kill("job_1/nobody/1")


def test_an_attempt_is_adopted_by_its_own_word(make: Make, tmp_path: Path) -> None:
    first = make(SLEEP)
    pid = start(first, tmp_path)
    ref = ref_of(pid)
    assert ref is not None
    first.close()
    assert psutil.pid_exists(pid), "closing lets go and ends nothing"
    second = make(SLEEP)
    assert second.adopt(KEY, tmp_path), "its lock is held"
    assert second.born() == [] and second.reap() == [], "alive, but it has not said who it is"
    write_json(tmp_path / "worker.json", {"pid": pid, "create_time": ref.create_time})
    assert second.born() == [(KEY, pid, ref.create_time)]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert end_of(second) == (KEY, None), "whoever is not the parent cannot know the code"
    assert not make(SLEEP).adopt(KEY, tmp_path)


def test_what_has_not_said_who_it_is_can_be_killed_too(make: Make, tmp_path: Path) -> None:
    first = make(SLEEP)
    pid = start(first, tmp_path)
    first.close()
    second = make(SLEEP)
    assert second.adopt(KEY, tmp_path) and second.born() == []

    def gone() -> bool:
        second.kill(KEY)  # for a moment after it began, a process does not show what it was started with
        return os.waitpid(pid, os.WNOHANG)[0] == pid

    eventually(gone, "its end")
    assert end_of(second) == (KEY, None)


def test_a_stranger_with_a_recorded_number_is_neither_adopted_nor_harmed(make: Make, tmp_path: Path) -> None:
    own = psutil.Process()
    write_json(tmp_path / "worker.json", {"pid": own.pid, "create_time": own.create_time() - 1000})
    executor = make(SLEEP)
    assert not executor.adopt(KEY, tmp_path)
    with FileLock.try_acquire(tmp_path / LOCK_NAME) as lock:  # type: ignore[union-attr]
        assert lock.fd >= 0
        assert executor.adopt(KEY, tmp_path)
        executor.born()
        executor.kill(KEY)
        executor.reap()
    assert end_of(executor) == (KEY, None)


@pytest.mark.parametrize("word", ["{", "[]", "{}", '{"pid": "x", "create_time": 1}'])
def test_a_damaged_word_is_no_word(make: Make, tmp_path: Path, word: str) -> None:
    (tmp_path / "worker.json").write_text(word)
    assert not make(SLEEP).adopt(KEY, tmp_path)
