"""Starting processes that outlive us, and knowing and ending exactly them.

A process is known by its number and its time of creation, so that a number which the system has given to somebody else
is never taken for ours, never watched and never signalled. Ending what has already gone is no error. These functions
never wait.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

# Orphans of a session whose leader has gone know only the leader's number, which a stranger may have borne since.
# This mark in their environment, the time at which we started the leader, tells ours from a stranger's.
_MARK = "VESTIM_SPAWNED_AT"
_MARK_TOLERANCE_S = 2.5
_CREATE_TIME_TOLERANCE_S = 0.05


@dataclass(frozen=True)
class ProcessRef:
    """One process, for all time."""

    pid: int
    create_time: float


def spawn_detached(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None,
    cwd: Path,
    stdout: Path,
    stderr: Path,
    keep_fds: Sequence[int] = (),
    stdin: int = subprocess.DEVNULL,
) -> tuple[subprocess.Popen[bytes], ProcessRef]:
    """Start `argv` in a session of its own, with its output appended to files, and no input unless `stdin` is a pipe.

    `keep_fds` are inherited under their own numbers, on POSIX only.
    """
    environment = dict(os.environ if env is None else env)
    environment[_MARK] = repr(time.time())
    if getattr(sys, "frozen", False):
        environment["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    with ExitStack() as files:
        out = files.enter_context(stdout.open("ab")).fileno()
        err = files.enter_context(stderr.open("ab")).fileno()
        process = _popen(list(argv), environment, cwd, (stdin, out, err), keep_fds)
    ref = ref_of(process.pid)
    if ref is None:
        raise ProcessLookupError(f"{argv[0]} was started and vanished before it could be looked at.")
    return process, ref


def mark_as_leader() -> None:
    """For a process that was forked rather than started: let what it starts be known for its own, as `spawn_detached`
    does."""
    os.environ[_MARK] = repr(time.time())


def ref_of(pid: int) -> ProcessRef | None:
    """The process that bears this number now, a zombie included; None when there is none."""
    try:
        return ProcessRef(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def is_alive(ref: ProcessRef) -> bool:
    """Whether this very process lives; a zombie does not."""
    process = _find(ref)
    return process is not None and _lives(process)


def exit_fd(ref: ProcessRef) -> int | None:
    """A descriptor that becomes readable when the process exits; the caller closes it.

    None when it has gone already, and where the system has no such thing.
    """
    if sys.platform != "linux":
        return None
    try:
        fd = os.pidfd_open(ref.pid)
    except (OSError, ValueError):
        return None
    # Looked at only now: from here on the descriptor means the same process, whatever happens to its number.
    if _find(ref) is None:
        os.close(fd)
        return None
    return fd


def tree_alive(ref: ProcessRef) -> bool:
    """Whether the process, anything in its session or any descendant lives."""
    return any(_lives(process) for process in _tree(ref))


def terminate_tree(ref: ProcessRef) -> None:
    """Ask the process, its session and every descendant to end (on Windows, which cannot ask, end them)."""
    for process in _tree(ref):
        with suppress(psutil.Error):
            process.terminate()


def kill_tree(ref: ProcessRef) -> None:
    """Kill the process, its session and every descendant, those that are born meanwhile included."""
    killed: set[psutil.Process] = set()
    while fresh := [process for process in _tree(ref) if process not in killed and _lives(process)]:
        for process in fresh:
            with suppress(psutil.Error):
                process.kill()
        killed.update(fresh)


def kill_spawned_with_open(path: Path) -> None:
    """Kill what descends from a process that we started and still has the file at `path` open, wherever it went.

    For those that left session and parent behind; on Windows, where nobody inherits a descriptor, there are none.
    """
    if sys.platform == "win32":
        return
    name = os.path.realpath(path)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or all(file.path != name for file in process.open_files()):
                continue
            if _MARK in process.environ():
                process.kill()


def _popen(
    argv: list[str], env: dict[str, str], cwd: Path, streams: tuple[int, int, int], keep_fds: Sequence[int]
) -> subprocess.Popen[bytes]:
    stdin, out, err = streams
    if sys.platform != "win32":
        return subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=out,
            stderr=err,
            cwd=cwd,
            env=env,
            start_new_session=True,
            pass_fds=tuple(keep_fds),
        )
    detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        return subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=out,
            stderr=err,
            cwd=cwd,
            env=env,
            creationflags=detached | subprocess.CREATE_BREAKAWAY_FROM_JOB,
        )
    except PermissionError:  # the job object that we live in lets nobody break away
        return subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=err, cwd=cwd, env=env, creationflags=detached)


def _is(process: psutil.Process, ref: ProcessRef) -> bool:
    return abs(process.create_time() - ref.create_time) <= _CREATE_TIME_TOLERANCE_S


def _find(ref: ProcessRef) -> psutil.Process | None:
    try:
        process = psutil.Process(ref.pid)
        return process if _is(process, ref) else None
    except psutil.Error:
        return None


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def _tree(ref: ProcessRef) -> list[psutil.Process]:
    """The process and everything that is certainly its own, as psutil processes: they refuse to signal a successor."""
    leader = _find(ref)
    if leader is None and psutil.pid_exists(ref.pid):
        # A number is not given out again while its session has members, so all of ours have gone.
        return []
    found = {process.pid: process for process in _session(ref, led=leader is not None)}
    if leader is not None:
        found[leader.pid] = leader
        with suppress(psutil.Error):
            found.update((child.pid, child) for child in leader.children(recursive=True))
    return list(found.values())


def _session(ref: ProcessRef, *, led: bool) -> Iterator[psutil.Process]:
    if sys.platform == "win32":
        return
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == ref.pid or os.getpgid(pid) == ref.pid:
                process = psutil.Process(pid)
                if led or _bears_mark_of(process, ref):
                    yield process
        except (OSError, psutil.Error):
            continue


def _bears_mark_of(process: psutil.Process, ref: ProcessRef) -> bool:
    mark = process.environ().get(_MARK, "")
    try:
        return abs(float(mark) - ref.create_time) <= _MARK_TOLERANCE_S
    except ValueError:
        return False
