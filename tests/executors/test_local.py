"""Local processes: one process tree per attempt, watched to its end, adopted by the next daemon."""

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

from tests.daemon.daemons import wait_until
from tests.patience import PATIENCE_S
from vestim_core.executors.local import LOCK_NAME, LocalExecutor
from vestim_core.system import FileLock, is_locked, process_ref, write_json

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals are POSIX's")

SLEEP_CODE = "import signal; signal.pause()"
KEY = "job_1/train_001/1"
MakeExecutor = Callable[[str], LocalExecutor]


@pytest.fixture
def make_executor() -> Iterator[MakeExecutor]:
    """Makes executors whose workers run the given code."""
    executors: list[LocalExecutor] = []

    def make(code: str) -> LocalExecutor:
        executors.append(LocalExecutor({}, lambda folder: [sys.executable, "-S", "-c", code]))
        return executors[-1]

    yield make
    for executor in executors:
        executor.kill(KEY)
        executor.close()


def start(executor: LocalExecutor, folder: Path) -> int:
    executor.start(KEY, folder, 1, None, preload=None)
    ((key, pid, create_time),) = executor.take_started()
    assert key == KEY and create_time > 0
    return pid


def wait_for_end(executor: LocalExecutor) -> tuple[str, int | None]:
    """Wait for the one reported end, on the descriptors that announce it."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        if ended_attempts := executor.reap():
            assert executor.reap() == [] and not executor.exit_fds
            return ended_attempts[0]
        select.select(list(executor.exit_fds), [], [], 0.05)
    raise AssertionError("no end")


@pytest.mark.parametrize(
    ("code", "exit_code"), [("", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)]
)
def test_an_end_is_reported_once_with_its_exit_code(
    make_executor: MakeExecutor, tmp_path: Path, code: str, exit_code: int
) -> None:
    executor = make_executor(code)
    start(executor, tmp_path)
    assert wait_for_end(executor) == (KEY, exit_code)
    assert not is_locked(tmp_path / LOCK_NAME)


def test_an_attempt_has_at_most_one_process(make_executor: MakeExecutor, tmp_path: Path) -> None:
    executor = make_executor(SLEEP_CODE)
    start(executor, tmp_path)
    with pytest.raises(FileExistsError):
        make_executor(SLEEP_CODE).start(KEY, tmp_path, 1, None, preload=None)
    executor.kill(KEY)
    assert wait_for_end(executor) == (KEY, -9)
    start(executor, tmp_path)


def test_a_command_that_cannot_be_started_leaves_no_lock(tmp_path: Path) -> None:
    executor = LocalExecutor({}, lambda folder: [str(tmp_path / "no-such-program")])
    with pytest.raises(OSError):
        executor.start(KEY, tmp_path, 1, None, preload=None)
    assert not is_locked(tmp_path / LOCK_NAME) and executor.reap() == []


def test_terminating_and_killing(make_executor: MakeExecutor, tmp_path: Path) -> None:
    executor = make_executor(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    )
    pid = start(executor, tmp_path)
    wait_until(lambda: (tmp_path / "stdout.log").read_bytes(), "a first word")
    executor.terminate(KEY)
    assert executor.reap() == [] and psutil.pid_exists(pid)
    executor.kill(KEY)
    assert wait_for_end(executor) == (KEY, -signal.SIGKILL)
    executor.terminate(KEY)
    executor.kill(KEY)
    executor.kill("job_1/nobody/1")


def test_an_attempt_is_adopted_and_identified_by_its_own_file(make_executor: MakeExecutor, tmp_path: Path) -> None:
    first = make_executor(SLEEP_CODE)
    pid = start(first, tmp_path)
    ref = process_ref(pid)
    assert ref is not None
    first.close()
    assert psutil.pid_exists(pid), "closing lets go and ends nothing"
    second = make_executor(SLEEP_CODE)
    assert second.adopt(KEY, tmp_path), "its lock is held"
    assert second.take_started() == [] and second.reap() == [], "alive, but it has not said who it is"
    write_json(tmp_path / "worker.json", {"pid": pid, "create_time": ref.create_time})
    assert second.take_started() == [(KEY, pid, ref.create_time)]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert wait_for_end(second) == (KEY, None), "whoever is not the parent cannot know the code"
    assert not make_executor(SLEEP_CODE).adopt(KEY, tmp_path)


def test_an_unidentified_process_can_be_killed(make_executor: MakeExecutor, tmp_path: Path) -> None:
    first = make_executor(SLEEP_CODE)
    pid = start(first, tmp_path)
    first.close()
    second = make_executor(SLEEP_CODE)
    assert second.adopt(KEY, tmp_path) and second.take_started() == []

    def is_gone() -> bool:
        second.kill(KEY)  # repeated: just after its start, a process does not show its open files
        return os.waitpid(pid, os.WNOHANG)[0] == pid

    wait_until(is_gone, "its end")
    assert wait_for_end(second) == (KEY, None)


def test_an_unrelated_process_with_a_recorded_id_is_neither_adopted_nor_harmed(
    make_executor: MakeExecutor, tmp_path: Path
) -> None:
    own_process = psutil.Process()
    write_json(tmp_path / "worker.json", {"pid": own_process.pid, "create_time": own_process.create_time() - 1000})
    executor = make_executor(SLEEP_CODE)
    assert not executor.adopt(KEY, tmp_path)
    with FileLock.try_acquire(tmp_path / LOCK_NAME) as lock:  # type: ignore[union-attr]
        assert lock.fd >= 0
        assert executor.adopt(KEY, tmp_path)
        executor.take_started()
        executor.kill(KEY)
        executor.reap()
    assert wait_for_end(executor) == (KEY, None)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"pid": "x", "create_time": 1}'])
def test_a_damaged_identity_file_is_ignored(make_executor: MakeExecutor, tmp_path: Path, content: str) -> None:
    (tmp_path / "worker.json").write_text(content)
    assert not make_executor(SLEEP_CODE).adopt(KEY, tmp_path)
