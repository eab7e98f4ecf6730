"""Preloaded workers: a task of a search need not pay for importing torch. Two implementations, one interface.

A preloaded worker is a process of its own like any other; it only starts faster. Where there is none, an attempt starts
a new process that imports everything itself.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vestim_core.system import FileLock, Home

PRELOADS = ("train", "inspect")
IDLE_S = 60.0
"""Preloaded processes are closed after this long without work in sight; arbitrary, long against a start's seconds."""
EXIT_CODE_TIMEOUT_S = 2.0
"""Time to wait for the exit code of a dead worker, without which its end is unknown; arbitrary, it comes at once."""


@dataclass(frozen=True, slots=True)
class StartedWorker:
    """A worker that was requested. process: its handle when it is our own child."""

    process: subprocess.Popen[bytes] | None


class PreloadedWorkers(Protocol):
    """Source of preloaded workers with one kind of preload; used on the daemon's thread."""

    @property
    def fd(self) -> int | None:
        """Becomes readable when a preloaded worker has ended; None when its end shows elsewhere."""

    def maintain(self, is_needed: bool) -> None:
        """Start, keep or close the preloaded process. is_needed: work for it is in sight."""

    def start(self, folder: Path, environment: Mapping[str, str], lock: FileLock) -> StartedWorker | None:
        """Request the worker of an attempt; None when it has to start without preload. The caller releases the lock."""

    def exit_code(self, pid: int) -> int | None:
        """Exit code of an ended worker that is not our own child; None until it is known."""

    def close(self) -> None:
        """Close everything that is not an attempt."""


def make_preloaded_workers(home: Home) -> dict[str, PreloadedWorkers]:
    """Workers for each kind of preload, by the means of this system: fork is safe on Linux alone."""
    if sys.platform == "linux":
        from vestim_core.executors.fork_server_client import ForkServerClient

        return {preload: ForkServerClient(home, preload) for preload in PRELOADS}
    from vestim_core.executors.prestarted_worker import PrestartedWorker

    return {preload: PrestartedWorker(home, preload) for preload in PRELOADS}
