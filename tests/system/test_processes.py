"""Processes: starting, watching and ending them, without affecting other processes."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.patience import PATIENCE_S
from vestim_core.system import (
    ProcessRef,
    is_alive,
    is_process_tree_alive,
    kill_tree,
    open_exit_fd,
    process_ref,
    spawn_detached,
    terminate_tree,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals are POSIX's")

WAIT_FOREVER = "import signal\nwhile True: signal.pause()"
IGNORE_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
PRINT_READY = "print('ready', flush=True)\n"

Start = Callable[[str], tuple[subprocess.Popen[bytes], ProcessRef]]


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Poll until `condition` holds, for changes without an event, such as the end of another process's child."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.005)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start Python code detached and return once it has printed its first line or ended."""
    started: list[tuple[subprocess.Popen[bytes], ProcessRef]] = []

    def start_code(code: str) -> tuple[subprocess.Popen[bytes], ProcessRef]:
        output = tmp_path / f"{len(started)}.out"
        argv = [sys.executable, "-c", code]
        pair = spawn_detached(argv, env=None, cwd=tmp_path, stdout=output, stderr=tmp_path / "err")
        started.append(pair)
        eventually(lambda: b"\n" in output.read_bytes() or pair[0].poll() is not None)
        return pair

    yield start_code
    for process, ref in started:
        kill_tree(ref)
        process.wait(PATIENCE_S)


def _parent_code(ending: str, *, own_session: bool = False) -> str:
    """Code of a parent that starts a child ignoring SIGTERM, prints its pid and continues with `ending`."""
    child = IGNORE_SIGTERM + PRINT_READY + WAIT_FOREVER
    return (
        "import subprocess, sys\n"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE, "
        f"start_new_session={own_session})\n"
        "p.stdout.readline(); print(p.pid, flush=True)\n" + ending
    )


def test_detached_process_has_its_own_session_and_files(tmp_path: Path) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    out.write_text("before\n")
    read, write = os.pipe()
    code = (
        "import os, sys; print(os.getsid(0) == os.getpid(), os.getcwd(), os.environ['A'], repr(sys.stdin.read()));"
        f"print('oops', file=sys.stderr); os.write({write}, b'x')"
    )
    process, ref = spawn_detached(
        [sys.executable, "-c", code],
        env={"A": "ä", "PYTHONUTF8": "1"},
        cwd=tmp_path,
        stdout=out,
        stderr=err,
        keep_fds=[write],
    )
    assert ref.pid == process.pid
    assert process.wait(PATIENCE_S) == 0
    assert out.read_text(encoding="utf-8") == f"before\nTrue {tmp_path} ä ''\n"
    assert err.read_text() == "oops\n"
    assert os.read(read, 9) == b"x"
    os.close(read)
    os.close(write)


def test_missing_command_raises_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn_detached(["/no/such"], env=None, cwd=tmp_path, stdout=tmp_path / "o", stderr=tmp_path / "e")


def test_packaged_program_resets_the_environment_of_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    code = "import os; print(os.environ['PYINSTALLER_RESET_ENVIRONMENT'])"
    out = tmp_path / "out"
    argv = [sys.executable, "-c", code]
    process, _ = spawn_detached(argv, env=None, cwd=tmp_path, stdout=out, stderr=out)
    assert process.wait(PATIENCE_S) == 0
    assert out.read_text() == "1\n"


def test_zombie_is_not_alive(start: Start) -> None:
    process, ref = start(PRINT_READY + WAIT_FOREVER)
    assert is_alive(ref)
    assert is_process_tree_alive(ref)
    fd = open_exit_fd(ref)
    os.kill(ref.pid, signal.SIGKILL)
    if fd is not None:
        assert select.select([fd], [], [], 10)[0]
        os.close(fd)
    eventually(lambda: psutil.Process(ref.pid).status() == psutil.STATUS_ZOMBIE)
    assert not is_alive(ref)
    assert not is_process_tree_alive(ref)
    process.wait(PATIENCE_S)
    assert not is_alive(ref)
    assert open_exit_fd(ref) is None
    assert process_ref(ref.pid) is None


def test_orphans_of_a_forked_leader_are_killed(start: Start) -> None:
    process, _ = start(
        "import os, signal, subprocess, sys, time\n"
        "os.environ['VESTIM_SPAWNED_AT'] = '1.0'\n"  # the value of the forking process
        "if os.fork(): os.wait(); signal.pause()\n"
        "os.setsid()\n"
        "from vestim_core.system import mark_as_leader\n"
        "mark_as_leader()\n"
        "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print('ready', flush=True)\n"
        "signal.pause()"
    )
    (leader,) = psutil.Process(process.pid).children()
    ref = process_ref(leader.pid)
    assert ref is not None
    (orphan,) = leader.children()
    leader.kill()
    eventually(lambda: process_ref(ref.pid) is None)
    assert is_process_tree_alive(ref)
    kill_tree(ref)
    eventually(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)
    assert not is_process_tree_alive(ref)


@pytest.mark.skipif(sys.platform != "linux", reason="pidfd is Linux's")
def test_exit_descriptor_is_readable_only_after_exit(start: Start) -> None:
    _, ref = start(PRINT_READY + WAIT_FOREVER)
    fd = open_exit_fd(ref)
    assert fd is not None
    assert select.select([fd], [], [], 0)[0] == []
    kill_tree(ref)
    assert select.select([fd], [], [], 10)[0] == [fd]
    os.close(fd)


@pytest.mark.parametrize("shift_s", [-3600.0, -0.5, 0.5, 3600.0])
def test_process_with_reused_pid_is_left_alone(start: Start, shift_s: float) -> None:
    other_process, ref = start(_parent_code(WAIT_FOREVER))
    stale_ref = replace(ref, create_time=ref.create_time + shift_s)
    assert not is_alive(stale_ref)
    assert not is_process_tree_alive(stale_ref)
    assert open_exit_fd(stale_ref) is None
    terminate_tree(stale_ref)
    kill_tree(stale_ref)
    assert other_process.poll() is None
    assert is_process_tree_alive(ref)


def test_orphans_of_another_session_are_left_alone(start: Start, tmp_path: Path) -> None:
    other_leader, ref = start(_parent_code("raise SystemExit"))
    other_leader.wait(PATIENCE_S)
    stale_ref = replace(ref, create_time=ref.create_time - 3600)
    orphan = process_ref(int((tmp_path / "0.out").read_text()))
    assert orphan is not None
    assert not is_process_tree_alive(stale_ref)
    kill_tree(stale_ref)
    assert is_alive(orphan)
    assert is_process_tree_alive(ref)


def test_orphans_of_the_session_are_killed(start: Start, tmp_path: Path) -> None:
    leader, ref = start(_parent_code("raise SystemExit"))
    leader.wait(PATIENCE_S)
    orphan = process_ref(int((tmp_path / "0.out").read_text()))
    assert orphan is not None
    terminate_tree(ref)
    assert is_alive(orphan), "it ignores SIGTERM"
    kill_tree(ref)
    eventually(lambda: not is_alive(orphan))
    assert not is_process_tree_alive(ref)


def test_descendants_in_their_own_sessions_are_killed(start: Start, tmp_path: Path) -> None:
    process, ref = start(_parent_code(WAIT_FOREVER, own_session=True))
    child = process_ref(int((tmp_path / "0.out").read_text()))
    assert child is not None
    kill_tree(ref)
    assert process.wait(PATIENCE_S) == -signal.SIGKILL
    eventually(lambda: not is_alive(child))
    assert not is_process_tree_alive(ref)


def test_terminate_tree_sends_sigterm(start: Start) -> None:
    exit_on_sigterm = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
    process, ref = start(exit_on_sigterm + PRINT_READY + WAIT_FOREVER)
    terminate_tree(ref)
    assert process.wait(PATIENCE_S) == 7


def test_growing_tree_is_killed_completely(start: Start) -> None:
    forking_code = (
        "import os, time\nprint('ready', flush=True)\n"
        "for _ in range(40):\n    if os.fork() == 0:\n        time.sleep(0.002)\n"
        "    else: time.sleep(3600)\n"
    )
    process, ref = start(forking_code)
    kill_tree(ref)
    process.wait(PATIENCE_S)
    eventually(lambda: not is_process_tree_alive(ref))


def test_ending_an_ended_process_is_no_error(start: Start) -> None:
    process, ref = start(PRINT_READY + WAIT_FOREVER)
    kill_tree(ref)
    kill_tree(ref)
    process.wait(PATIENCE_S)
    kill_tree(ref)
    terminate_tree(ref)
    assert not is_process_tree_alive(ref)
