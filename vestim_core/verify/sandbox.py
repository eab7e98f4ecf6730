"""Sandbox of a verification: a temporary folder and the processes that belong to it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from vestim_core.client import Client
from vestim_core.client.daemon_discovery import is_daemon_running
from vestim_core.spec.errors import VestimError
from vestim_core.system import Home
from vestim_core.system.home import HOME_VARIABLE

END_TIMEOUT_S = 5.0  # processes still alive after it are killed
POLL_S = 0.1  # each look lists every process of the machine


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A temporary folder. root: contains everything that a verification writes."""

    root: Path

    @property
    def home(self) -> Home:
        """Home of the daemon under test."""
        return Home(self.root / "home")

    def processes(self) -> list[psutil.Process]:
        """Every other process that runs for a home below the root, whoever started it."""
        return [process for process in psutil.process_iter() if process.pid != os.getpid() and self._owns(process)]

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until no such process is left and return True; return False after `timeout_s`."""
        deadline_s = time.monotonic() + timeout_s
        while self.processes():
            if time.monotonic() > deadline_s:
                return False
            time.sleep(POLL_S)
        return True

    def _owns(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            home_path = process.environ().get(HOME_VARIABLE, "")
            return (
                Path(home_path).is_relative_to(self.root)
                if home_path
                else str(self.root) in " ".join(process.cmdline())
            )
        except (psutil.Error, OSError):
            return False


@contextmanager
def temporary_sandbox() -> Iterator[Sandbox]:
    """Create a sandbox and remove it afterwards.

    At the end its daemon is stopped with all jobs, processes still alive are killed, and the folder is deleted.
    """
    sandbox = Sandbox(Path(tempfile.mkdtemp(prefix="vestim-verify-")).resolve())
    try:
        yield sandbox
    finally:
        if is_daemon_running(sandbox.home):
            with suppress(VestimError), Client(sandbox.home, start=False) as client:
                client.call("shutdown", stop_jobs=True)
        if not sandbox.wait_until_empty(END_TIMEOUT_S):
            for process in sandbox.processes():
                with suppress(psutil.Error):
                    process.kill()
            sandbox.wait_until_empty(END_TIMEOUT_S)
        shutil.rmtree(sandbox.root, ignore_errors=True)
