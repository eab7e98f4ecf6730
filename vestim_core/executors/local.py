"""Attempts as local processes, each in its own session, each holding a lock from birth that tells whether its tree
lives.

An attempt counts as ended only when its whole tree is gone: what a dead worker left behind is killed first. A process
id alone proves nothing; a stranger that got a recorded number is never signalled.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from vestim_core.executors.warm import EXIT_WORD_S, WarmWorkers
from vestim_core.system import (
    FileLock,
    ProcessRef,
    exit_fd,
    is_alive,
    is_locked,
    kill_spawned_with_open,
    kill_tree,
    own_command,
    read_json,
    spawn_detached,
    terminate_tree,
    tree_alive,
    worker_environment,
)

LOCK_NAME = "alive.lock"
_WARM_NAMES = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(slots=True)
class _Running:
    """ref: None until the process that holds the lock has written down who it is. gone_s: when it was seen dead."""

    folder: Path
    ref: ProcessRef | None = None
    fd: int | None = None
    process: subprocess.Popen[bytes] | None = None
    warm: WarmWorkers | None = None
    gone_s: float = 0.0


class LocalExecutor:
    """Attempts of one daemon. `command` makes the command line for an attempt's folder; all methods on one thread."""

    def __init__(
        self,
        warm: Mapping[str, WarmWorkers] | None = None,
        command: Callable[[Path], list[str]] = lambda folder: own_command("worker", str(folder)),
    ) -> None:
        self._warm = dict(warm or {})
        self._command = command
        self._running: dict[str, _Running] = {}
        self._unborn: set[str] = set()
        self._fds: dict[int, str] = {}

    @property
    def exit_fds(self) -> frozenset[int]:
        """Descriptors that become readable when an attempt's process ends, where the system has them."""
        return frozenset({*self._fds, *(fd for warm in self._warm.values() if (fd := warm.fd) is not None)})

    def keep_warm(self, needed: Set[str]) -> None:
        """Say what attempts that are in sight should find loaded."""
        for warmth, warm in self._warm.items():
            warm.keep(warmth in needed)

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None, *, warmth: str | None) -> None:
        """Start the worker of the attempt in `folder`; `born` tells when it lives.

        `OSError` when that cannot be done."""
        lock = FileLock.try_acquire(folder / LOCK_NAME)
        if lock is None:
            raise FileExistsError(f"attempt {attempt_key} already has a living process")
        environment = worker_environment(threads, gpu)
        with lock:
            warm = self._warm.get(warmth or "")
            if warm and (birth := warm.start(folder, _inherited(environment), lock)):
                self._watch(attempt_key, _Running(folder, process=birth.process, warm=warm))
                return
            process, ref = spawn_detached(
                self._command(folder),
                env=environment,
                cwd=folder,
                stdout=folder / "stdout.log",
                stderr=folder / "stderr.log",
                keep_fds=() if os.name == "nt" else (lock.fd,),
            )
        self._watch(attempt_key, _Running(folder, ref, process=process))

    def adopt(self, attempt_key: str, folder: Path) -> bool:
        """Watch an attempt that an earlier daemon started; False when nothing of it lives."""
        ref = _own_word(folder)
        if not is_locked(folder / LOCK_NAME) and not (ref and is_alive(ref)):
            return False
        self._watch(attempt_key, _Running(folder, ref))
        return True

    def born(self) -> list[tuple[str, int, float]]:
        """Key, process id and creation time of every attempt that has turned out to live since the last call."""
        found: list[tuple[str, int, float]] = []
        for key in sorted(self._unborn):
            running = self._running[key]
            running.ref = running.ref or _own_word(running.folder)
            if running.ref is not None:
                self._unborn.discard(key)
                running.fd = exit_fd(running.ref)
                if running.fd is not None:
                    self._fds[running.fd] = key
                found.append((key, running.ref.pid, running.ref.create_time))
        return found

    def terminate(self, attempt_key: str) -> None:
        """Tell the process tree to end; nothing happens when it has gone."""
        if (running := self._running.get(attempt_key)) and running.ref:
            terminate_tree(running.ref)

    def kill(self, attempt_key: str) -> None:
        """End the process tree; nothing happens when it has gone."""
        running = self._running.get(attempt_key)
        if running and running.ref:
            kill_tree(running.ref)
        elif running:  # it has not said yet who it is
            kill_spawned_with_open(running.folder / LOCK_NAME)

    def reap(self) -> list[tuple[str, int | None]]:
        """Every attempt whose tree has gone since the last call; remains of a dead worker are killed on the way."""
        ended: list[tuple[str, int | None]] = []
        readable = self._readable()
        for key, running in list(self._running.items()):
            if running.fd is not None and running.fd not in readable:
                continue
            exit_code = running.process.poll() if running.process else None
            if running.process is not None and exit_code is None:
                continue
            if running.ref is not None and is_alive(running.ref):
                continue
            if running.ref is not None and tree_alive(running.ref):
                self._no_longer_watched(running)
                kill_tree(running.ref)
                continue
            if is_locked(running.folder / LOCK_NAME):
                if running.ref is not None:  # a descendant that left the session
                    self._no_longer_watched(running)
                    kill_spawned_with_open(running.folder / LOCK_NAME)
                continue
            if running.warm and running.process is None and running.ref is not None:
                exit_code = running.warm.exit_code(running.ref.pid)
                running.gone_s = running.gone_s or time.monotonic()
                if (
                    exit_code is None
                    and running.warm.fd is not None
                    and time.monotonic() - running.gone_s < EXIT_WORD_S
                ):
                    continue
            self._forget(key, running)
            ended.append((key, exit_code))
        return ended

    def close(self) -> None:
        """Let go of everything; attempts run on."""
        for warm in self._warm.values():
            warm.close()
        for key, running in list(self._running.items()):
            self._forget(key, running)

    def _readable(self) -> set[int]:
        if not self._fds:
            return set()
        poll = select.poll()
        for fd in self._fds:
            poll.register(fd, select.POLLIN)
        return {fd for fd, _ in poll.poll(0)}

    def _watch(self, key: str, running: _Running) -> None:
        self._running[key] = running
        self._unborn.add(key)

    def _forget(self, key: str, running: _Running) -> None:
        del self._running[key]
        self._unborn.discard(key)
        self._no_longer_watched(running)

    def _no_longer_watched(self, running: _Running) -> None:
        """The process has gone; its descriptor would say so for ever."""
        if running.fd is not None:
            del self._fds[running.fd]
            os.close(running.fd)
            running.fd = None


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """What a worker needs of its environment that a fork server cannot know beforehand."""
    return {name: environment[name] for name in _WARM_NAMES if name in environment}


def _own_word(folder: Path) -> ProcessRef | None:
    """Who the worker in `folder` says it is, in the file that it writes first of all."""
    try:
        record = read_json(folder / "worker.json")
        return ProcessRef(int(record["pid"]), float(record["create_time"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
