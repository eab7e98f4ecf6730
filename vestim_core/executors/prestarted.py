"""Warm workers where the system has no fork: one process that has loaded torch and waits to be told who it is.

Telling it makes it that attempt's worker, and the next one is started when more work is in sight.
"""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from vestim_core.executors.warm import IDLE_S, Birth
from vestim_core.system import FileLock, Home, own_command, spawn_detached, worker_environment

log = logging.getLogger(__name__)


class PrestartedWorker:
    """At most one process waits at a time."""

    def __init__(self, home: Home, warmth: str) -> None:
        self._home = home
        self._warmth = warmth
        self._waiting: subprocess.Popen[bytes] | None = None
        self._needed_s = 0.0

    @property
    def fd(self) -> None:
        """The workers are our own children: their ends show at their own handles."""
        return None

    def keep(self, needed: bool) -> None:
        """Hear whether work is in sight; starts the process that waits, or lets it go when it has idled."""
        now_s = time.monotonic()
        if needed:
            self._needed_s = now_s
            if self._waiting is None or self._waiting.poll() is not None:
                self._start()
        elif self._waiting is not None and now_s - self._needed_s > IDLE_S:
            self.close()

    def start(self, folder: Path, environment: Mapping[str, str], lock: FileLock) -> Birth | None:
        """Make the waiting process this attempt's worker, which then takes the lock itself."""
        process, self._waiting = self._waiting, None
        if process is None or process.stdin is None or process.poll() is not None:
            return None
        lock.release()
        request = {"folder": str(folder), "environment": dict(environment)}
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.close()
        return Birth(process)

    def exit_code(self, pid: int) -> None:
        """Never needed: the workers are our own children."""
        return

    def close(self) -> None:
        """Let the waiting process go: it ends when its input does."""
        if self._waiting is not None and self._waiting.stdin is not None:
            self._waiting.stdin.close()
        self._waiting = None

    def _start(self) -> None:
        path = self._home.logs / f"prestarted-{self._warmth}.log"
        try:
            self._waiting, ref = spawn_detached(
                own_command("worker", "--await", self._warmth),
                env=worker_environment(1),
                cwd=self._home.root,
                stdout=path,
                stderr=path,
                stdin=subprocess.PIPE,
            )
        except OSError as error:
            log.warning("no worker could be started ahead: %s", error)
            return
        log.info("started a worker ahead, process %d", ref.pid)
