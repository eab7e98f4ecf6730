"""Start processes that outlive this one, and identify and end exactly those.

A process is identified by pid and creation time, so that a process with a reused pid is never watched or signaled.
Ending a process that has already ended is not an error. These functions never wait.
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

# Orphans of a session whose leader has ended know only the leader's pid, which may have been reused since. The time at
# which Vestim started the leader, stored in their environment, distinguishes them from other processes.
_SPAWN_TIME_VARIABLE = "VESTIM_SPAWNED_AT"
_SPAWN_TIME_TOLERANCE_S = 2.5  # s between the stored time and the creation time of the process; arbitrary
_CREATE_TIME_TOLERANCE_S = 0.05  # s between two readings of a creation time; arbitrary, readings are nearly exact


@dataclass(frozen=True)
class ProcessRef:
    """Unique reference to a process: pid and creation time in s since the epoch."""

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
    """Start `argv` in a new session, with its output appended to files and no input unless `stdin` is a pipe.

    keep_fds: descriptors to inherit under their numbers, on POSIX only.
    """
    environment = dict(os.environ if env is None else env)
    environment[_SPAWN_TIME_VARIABLE] = repr(time.time())
    if getattr(sys, "frozen", False):
        environment["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    with ExitStack() as files:
        out = files.enter_context(stdout.open("ab")).fileno()
        err = files.enter_context(stderr.open("ab")).fileno()
        process = _popen(list(argv), environment, cwd, (stdin, out, err), keep_fds)
    ref = process_ref(process.pid)
    if ref is None:
        raise ProcessLookupError(f"{argv[0]} was started and vanished before it could be looked at.")
    return process, ref


def mark_as_leader() -> None:
    """Mark this process, forked instead of spawned, as a session leader, so that its orphans can be identified."""
    os.environ[_SPAWN_TIME_VARIABLE] = repr(time.time())


def process_ref(pid: int) -> ProcessRef | None:
    """Reference to the current process with this pid, zombies included; None if there is none."""
    try:
        return ProcessRef(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def is_alive(ref: ProcessRef) -> bool:
    """True if exactly this process is alive. A zombie is not."""
    process = _find(ref)
    return process is not None and _is_running(process)


def open_exit_fd(ref: ProcessRef) -> int | None:
    """Open a descriptor that becomes readable when the process exits; the caller closes it.

    None if the process has already exited or the system has no such descriptors.
    """
    if sys.platform != "linux":
        return None
    try:
        fd = os.pidfd_open(ref.pid)
    except (OSError, ValueError):
        return None
    # Checked after opening: from here on the descriptor refers to this process even if the pid is reused.
    if _find(ref) is None:
        os.close(fd)
        return None
    return fd


def is_process_tree_alive(ref: ProcessRef) -> bool:
    """True if the process, any process in its session or any descendant is alive."""
    return any(_is_running(process) for process in _tree(ref))


def terminate_tree(ref: ProcessRef) -> None:
    """Send SIGTERM to the process, its session and all descendants (on Windows, end them at once)."""
    for process in _tree(ref):
        with suppress(psutil.Error):
            process.terminate()


def kill_tree(ref: ProcessRef) -> None:
    """Kill the process, its session and all descendants, including those started meanwhile."""
    killed_processes: set[psutil.Process] = set()
    while live_processes := [
        process for process in _tree(ref) if process not in killed_processes and _is_running(process)
    ]:
        for process in live_processes:
            with suppress(psutil.Error):
                process.kill()
        killed_processes.update(live_processes)


def kill_spawned_holding_file(path: Path) -> None:
    """Kill all processes spawned by Vestim, directly or indirectly, that still have the file at `path` open.

    This finds processes that have left their session and parent. On Windows, where descriptors are not inherited, there
    are none.
    """
    if sys.platform == "win32":
        return
    real_path = os.path.realpath(path)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or all(file.path != real_path for file in process.open_files()):
                continue
            if _SPAWN_TIME_VARIABLE in process.environ():
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
    except PermissionError:  # the job object of this process does not allow breakaway
        return subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=err, cwd=cwd, env=env, creationflags=detached)


def _matches(process: psutil.Process, ref: ProcessRef) -> bool:
    return abs(process.create_time() - ref.create_time) <= _CREATE_TIME_TOLERANCE_S


def _find(ref: ProcessRef) -> psutil.Process | None:
    try:
        process = psutil.Process(ref.pid)
        return process if _matches(process, ref) else None
    except psutil.Error:
        return None


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def _tree(ref: ProcessRef) -> list[psutil.Process]:
    """The process, its session and its descendants as psutil processes, which never signal a reused pid."""
    leader = _find(ref)
    if leader is None and psutil.pid_exists(ref.pid):
        # A pid is not reused while its session has members, so all processes of this session have ended.
        return []
    process_by_pid = {process.pid: process for process in _session_members(ref, has_leader=leader is not None)}
    if leader is not None:
        process_by_pid[leader.pid] = leader
        with suppress(psutil.Error):
            process_by_pid.update((child.pid, child) for child in leader.children(recursive=True))
    return list(process_by_pid.values())


def _session_members(ref: ProcessRef, *, has_leader: bool) -> Iterator[psutil.Process]:
    if sys.platform == "win32":
        return
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == ref.pid or os.getpgid(pid) == ref.pid:
                process = psutil.Process(pid)
                if has_leader or _was_spawned_as(process, ref):
                    yield process
        except (OSError, psutil.Error):
            continue


def _was_spawned_as(process: psutil.Process, ref: ProcessRef) -> bool:
    spawn_time = process.environ().get(_SPAWN_TIME_VARIABLE, "")
    try:
        return abs(float(spawn_time) - ref.create_time) <= _SPAWN_TIME_TOLERANCE_S
    except ValueError:
        return False
