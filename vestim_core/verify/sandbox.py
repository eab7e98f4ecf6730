"""The place of a verification: a folder of its own, and the processes that belong to it, both gone in the end."""

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
from vestim_core.client.discover import daemon_lives
from vestim_core.spec.errors import VestimError
from vestim_core.system import Home
from vestim_core.system.home import ENVIRONMENT_VARIABLE

GOES_S = 5.0
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """root: everything that a verification writes lies below it."""

    root: Path

    @property
    def home(self) -> Home:
        """The home of the service that is looked at."""
        return Home(self.root / "home")

    def processes(self) -> list[psutil.Process]:
        """Every other process that lives for a home below the root, whoever started it."""
        return [process for process in psutil.process_iter() if process.pid != os.getpid() and self._has(process)]

    def gone(self, within_s: float) -> bool:
        """Whether no such process lives any more, at the latest after so many seconds."""
        deadline_s = time.monotonic() + within_s
        while self.processes():
            if time.monotonic() > deadline_s:
                return False
            time.sleep(LOOK_S)
        return True

    def _has(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            named = process.environ().get(ENVIRONMENT_VARIABLE, "")
            return Path(named).is_relative_to(self.root) if named else str(self.root) in " ".join(process.cmdline())
        except (psutil.Error, OSError):
            return False


@contextmanager
def throwaway() -> Iterator[Place]:
    """A fresh place; afterwards its service is stopped with all its jobs, whoever is left is ended, the folder goes."""
    place = Place(Path(tempfile.mkdtemp(prefix="vestim-verify-")).resolve())
    try:
        yield place
    finally:
        if daemon_lives(place.home):
            with suppress(VestimError), Client(place.home, start=False) as client:
                client.call("shutdown", stop_jobs=True)
        if not place.gone(GOES_S):
            for process in place.processes():
                with suppress(psutil.Error):
                    process.kill()
            place.gone(GOES_S)
        shutil.rmtree(place.root, ignore_errors=True)
