"""Preloaded workers where the system has no fork: one process that has loaded torch and waits for its attempt.

The request makes it that attempt's worker; the next process is started when more work is in sight.
"""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from vestim_core.executors.preloaded_workers import IDLE_S, StartedWorker
from vestim_core.system import FileLock, Home, program_command, spawn_detached, worker_environment

log = logging.getLogger(__name__)


class PrestartedWorker:
    """Owns at most one waiting process."""

    def __init__(self, home: Home, preload: str) -> None:
        self._home = home
        self._preload = preload
        self._waiting_process: subprocess.Popen[bytes] | None = None
        self._last_needed_s = 0.0

    @property
    def fd(self) -> None:
        """None: the workers are our own children, and their ends show at their own handles."""
        return None

    def maintain(self, is_needed: bool) -> None:
        """Start the waiting process when work is in sight, or close it when it has idled."""
        now_s = time.monotonic()
        if is_needed:
            self._last_needed_s = now_s
            if self._waiting_process is None or self._waiting_process.poll() is not None:
                self._start()
        elif self._waiting_process is not None and now_s - self._last_needed_s > IDLE_S:
            self.close()

    def start(self, folder: Path, environment: Mapping[str, str], lock: FileLock) -> StartedWorker | None:
        """Make the waiting process this attempt's worker, which then takes the lock itself."""
        process, self._waiting_process = self._waiting_process, None
        if process is None or process.stdin is None or process.poll() is not None:
            return None
        lock.release()
        request = {"folder": str(folder), "environment": dict(environment)}
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.close()
        return StartedWorker(process)

    def exit_code(self, pid: int) -> None:
        """Unused: the workers are our own children."""
        return

    def close(self) -> None:
        """Close the waiting process: it ends when its input does."""
        if self._waiting_process is not None and self._waiting_process.stdin is not None:
            self._waiting_process.stdin.close()
        self._waiting_process = None

    def _start(self) -> None:
        path = self._home.logs / f"prestarted-{self._preload}.log"
        try:
            self._waiting_process, ref = spawn_detached(
                program_command("worker", "--await", self._preload),
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
