"""Attempts as local processes, each in its own session, each holding a lock from birth that tells whether its tree
lives.

An attempt counts as ended only when its whole tree is gone: what a dead worker left behind is killed first. A process
id alone proves nothing; a stranger that got a recorded number is never signalled.
"""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vestim_core.system import (
    FileLock,
    ProcessRef,
    exit_fd,
    is_alive,
    is_locked,
    kill_tree,
    own_command,
    read_json,
    spawn_detached,
    terminate_tree,
    tree_alive,
    worker_environment,
)

LOCK_NAME = "alive.lock"


@dataclass(slots=True)
class _Running:
    """ref: None while an adopted process that holds its lock has not yet written down who it is."""

    ref: ProcessRef | None
    folder: Path
    fd: int | None
    process: subprocess.Popen[bytes] | None


class LocalExecutor:
    """Attempts of one daemon. `command` makes the command line for an attempt's folder; all methods on one thread."""

    def __init__(
        self, command: Callable[[Path], list[str]] = lambda folder: own_command("worker", str(folder))
    ) -> None:
        self._command = command
        self._running: dict[str, _Running] = {}
        self._fds: dict[int, str] = {}

    @property
    def exit_fds(self) -> Mapping[int, str]:
        """Descriptors that become readable when a process ends, with the attempt of each."""
        return self._fds

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None = None) -> tuple[int, float]:
        """Start the worker of an attempt; its process id and creation time. `OSError` when it cannot be started."""
        lock_path = folder / LOCK_NAME
        lock = FileLock.try_acquire(lock_path)
        if lock is None:
            raise FileExistsError(f"attempt {attempt_key} already has a living process")
        with lock:
            keep = () if os.name == "nt" else (lock.fd,)
            process, ref = spawn_detached(
                self._command(folder),
                env=worker_environment(threads, gpu),
                cwd=folder,
                stdout=folder / "stdout.log",
                stderr=folder / "stderr.log",
                keep_fds=keep,
            )
        self._watch(attempt_key, _Running(ref, folder, exit_fd(ref), process))
        return ref.pid, ref.create_time

    def adopt(self, attempt_key: str, folder: Path) -> tuple[int, float] | None:
        """Watch an attempt that an earlier daemon started: its process id and creation time, 0 while it has not written
        them down yet; None when nothing of it lives."""
        lock_path = folder / LOCK_NAME
        ref = _own_word(folder)
        if not is_locked(lock_path) and not (ref and is_alive(ref)):
            return None
        self._watch(attempt_key, _Running(ref, folder, exit_fd(ref) if ref else None, None))
        return (ref.pid, ref.create_time) if ref else (0, 0.0)

    def terminate(self, attempt_key: str) -> None:
        """Tell the process tree to end; nothing happens when it has gone."""
        if (running := self._running.get(attempt_key)) and running.ref:
            terminate_tree(running.ref)

    def kill(self, attempt_key: str) -> None:
        """End the process tree; nothing happens when it has gone."""
        if (running := self._running.get(attempt_key)) and running.ref:
            kill_tree(running.ref)

    def reap(self) -> list[tuple[str, int | None]]:
        """Every attempt whose tree has gone since the last call; remains of a dead worker are killed on the way."""
        ended: list[tuple[str, int | None]] = []
        readable = self._readable()
        for key, running in list(self._running.items()):
            if running.fd is not None and running.fd not in readable:
                continue
            exit_code = running.process.poll() if running.process else None
            if running.ref is None:
                running.ref = _own_word(running.folder)
            ref = running.ref
            if ref is not None and is_alive(ref):
                continue
            if is_locked(running.folder / LOCK_NAME) or (ref is not None and tree_alive(ref)):
                if ref is not None:
                    kill_tree(ref)
                continue
            self._forget(key, running)
            ended.append((key, exit_code))
        return ended

    def _readable(self) -> set[int]:
        if not self._fds:
            return set()
        poll = select.poll()
        for fd in self._fds:
            poll.register(fd, select.POLLIN)
        return {fd for fd, _ in poll.poll(0)}

    def _watch(self, key: str, running: _Running) -> None:
        self._running[key] = running
        if running.fd is not None:
            self._fds[running.fd] = key

    def _forget(self, key: str, running: _Running) -> None:
        del self._running[key]
        if running.fd is not None:
            del self._fds[running.fd]
            os.close(running.fd)


def _own_word(folder: Path) -> ProcessRef | None:
    """Who the worker in `folder` says it is, in the file that it writes first of all."""
    try:
        record = read_json(folder / "worker.json")
        return ProcessRef(int(record["pid"]), float(record["create_time"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
