"""Attempts as local processes, each in its own session.

Each process holds from its start a lock that shows whether its process tree lives. An attempt counts as ended only when
its whole tree is gone: what a dead worker left behind is killed first. A process id alone proves nothing; an unrelated
process that reuses a recorded id is never signalled.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from vestim_core.executors.preloaded_workers import EXIT_CODE_TIMEOUT_S, PreloadedWorkers
from vestim_core.system import (
    FileLock,
    ProcessRef,
    is_alive,
    is_locked,
    is_process_tree_alive,
    kill_spawned_holding_file,
    kill_tree,
    open_exit_fd,
    program_command,
    read_json,
    spawn_detached,
    terminate_tree,
    worker_environment,
)

LOCK_NAME = "alive.lock"
_INHERITED_VARIABLES = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(slots=True)
class _RunningAttempt:
    """ref: None until the process that holds the lock has written its identity. death_seen_s: when it was seen dead."""

    folder: Path
    ref: ProcessRef | None = None
    fd: int | None = None
    process: subprocess.Popen[bytes] | None = None
    preloaded_workers: PreloadedWorkers | None = None
    death_seen_s: float = 0.0


class LocalExecutor:
    """Owns the processes of one daemon's attempts; all methods run on the daemon's thread.

    command: makes the command line for an attempt's folder.
    """

    def __init__(
        self,
        preloaded_workers: Mapping[str, PreloadedWorkers] | None = None,
        command: Callable[[Path], list[str]] = lambda folder: program_command("worker", str(folder)),
    ) -> None:
        self._preloaded_workers = dict(preloaded_workers or {})
        self._command = command
        self._running: dict[str, _RunningAttempt] = {}
        self._unidentified: set[str] = set()
        self._key_by_fd: dict[int, str] = {}

    @property
    def exit_fds(self) -> frozenset[int]:
        """Descriptors that become readable when an attempt's process ends, where the system has them."""
        return frozenset(
            {*self._key_by_fd, *(fd for workers in self._preloaded_workers.values() if (fd := workers.fd) is not None)}
        )

    def keep_preloaded(self, preloads: Set[str]) -> None:
        """Preload workers for the attempts in sight, and close those that are no longer needed."""
        for preload, workers in self._preloaded_workers.items():
            workers.maintain(preload in preloads)

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None, *, preload: str | None) -> None:
        """Start the worker of the attempt in `folder`; `born` reports when it lives. Raises `OSError` on failure."""
        lock = FileLock.try_acquire(folder / LOCK_NAME)
        if lock is None:
            raise FileExistsError(f"attempt {attempt_key} already has a living process")
        environment = worker_environment(threads, gpu)
        with lock:
            workers = self._preloaded_workers.get(preload or "")
            if workers and (started_worker := workers.start(folder, _inherited_variables(environment), lock)):
                self._watch(
                    attempt_key, _RunningAttempt(folder, process=started_worker.process, preloaded_workers=workers)
                )
                return
            process, ref = spawn_detached(
                self._command(folder),
                env=environment,
                cwd=folder,
                stdout=folder / "stdout.log",
                stderr=folder / "stderr.log",
                keep_fds=() if os.name == "nt" else (lock.fd,),
            )
        self._watch(attempt_key, _RunningAttempt(folder, ref, process=process))

    def adopt(self, attempt_key: str, folder: Path) -> bool:
        """Watch an attempt that an earlier daemon started; False when nothing of it lives."""
        ref = _read_process_ref(folder)
        if not is_locked(folder / LOCK_NAME) and not (ref and is_alive(ref)):
            return False
        self._watch(attempt_key, _RunningAttempt(folder, ref))
        return True

    def take_started(self) -> list[tuple[str, int, float]]:
        """Key, process id and creation time of attempts whose process has identified itself since the last call."""
        started_attempts: list[tuple[str, int, float]] = []
        for key in sorted(self._unidentified):
            attempt = self._running[key]
            attempt.ref = attempt.ref or _read_process_ref(attempt.folder)
            if attempt.ref is not None:
                self._unidentified.discard(key)
                attempt.fd = open_exit_fd(attempt.ref)
                if attempt.fd is not None:
                    self._key_by_fd[attempt.fd] = key
                started_attempts.append((key, attempt.ref.pid, attempt.ref.create_time))
        return started_attempts

    def terminate(self, attempt_key: str) -> None:
        """Ask the process tree to end; a tree that has gone is ignored."""
        if (attempt := self._running.get(attempt_key)) and attempt.ref:
            terminate_tree(attempt.ref)

    def kill(self, attempt_key: str) -> None:
        """Kill the process tree; a tree that has gone is ignored."""
        attempt = self._running.get(attempt_key)
        if attempt and attempt.ref:
            kill_tree(attempt.ref)
        elif attempt:  # it has not written its identity yet
            kill_spawned_holding_file(attempt.folder / LOCK_NAME)

    def reap(self) -> list[tuple[str, int | None]]:
        """Every attempt whose tree has gone since the last call; remains of a dead worker are killed meanwhile."""
        ended_attempts: list[tuple[str, int | None]] = []
        readable_fds = self._readable_fds()
        for key, attempt in list(self._running.items()):
            if attempt.fd is not None and attempt.fd not in readable_fds:
                continue
            exit_code = attempt.process.poll() if attempt.process else None
            if attempt.process is not None and exit_code is None:
                continue
            if attempt.ref is not None and is_alive(attempt.ref):
                continue
            if attempt.ref is not None and is_process_tree_alive(attempt.ref):
                self._close_exit_fd(attempt)
                kill_tree(attempt.ref)
                continue
            if is_locked(attempt.folder / LOCK_NAME):
                if attempt.ref is not None:  # a descendant that left the session
                    self._close_exit_fd(attempt)
                    kill_spawned_holding_file(attempt.folder / LOCK_NAME)
                continue
            if attempt.preloaded_workers and attempt.process is None and attempt.ref is not None:
                exit_code = attempt.preloaded_workers.exit_code(attempt.ref.pid)
                attempt.death_seen_s = attempt.death_seen_s or time.monotonic()
                if (
                    exit_code is None
                    and attempt.preloaded_workers.fd is not None
                    and time.monotonic() - attempt.death_seen_s < EXIT_CODE_TIMEOUT_S
                ):
                    continue
            self._forget(key, attempt)
            ended_attempts.append((key, exit_code))
        return ended_attempts

    def close(self) -> None:
        """Release everything; attempts run on."""
        for workers in self._preloaded_workers.values():
            workers.close()
        for key, attempt in list(self._running.items()):
            self._forget(key, attempt)

    def _readable_fds(self) -> set[int]:
        if not self._key_by_fd:
            return set()
        poll = select.poll()
        for fd in self._key_by_fd:
            poll.register(fd, select.POLLIN)
        return {fd for fd, _ in poll.poll(0)}

    def _watch(self, key: str, attempt: _RunningAttempt) -> None:
        self._running[key] = attempt
        self._unidentified.add(key)

    def _forget(self, key: str, attempt: _RunningAttempt) -> None:
        del self._running[key]
        self._unidentified.discard(key)
        self._close_exit_fd(attempt)

    def _close_exit_fd(self, attempt: _RunningAttempt) -> None:
        """Close the descriptor of a dead process, which would stay readable forever."""
        if attempt.fd is not None:
            del self._key_by_fd[attempt.fd]
            os.close(attempt.fd)
            attempt.fd = None


def _inherited_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables of a worker's environment that a fork server cannot know beforehand."""
    return {name: environment[name] for name in _INHERITED_VARIABLES if name in environment}


def _read_process_ref(folder: Path) -> ProcessRef | None:
    """Identity of the worker in `folder`, from the file that it writes first of all."""
    try:
        record = read_json(folder / "worker.json")
        return ProcessRef(int(record["pid"]), float(record["create_time"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
