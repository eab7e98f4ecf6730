"""Warm workers: what a task of a search need not pay for is importing torch. Two ways, one interface.

A warm worker is a process of its own like any other; only its birth is quicker. Where there is none, an attempt starts
cold.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vestim_core.system import FileLock, Home

WARMTHS = ("train", "inspect")
IDLE_S = 60.0
"""Warm processes are let go when no work for them has been in sight for this long."""
EXIT_WORD_S = 2.0
"""How long the exit code of a dead worker is waited for; without it nobody can know how the worker ended."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A worker that was asked for. process: its handle where it is our own child."""

    process: subprocess.Popen[bytes] | None


class WarmWorkers(Protocol):
    """Where warm workers come from."""

    @property
    def fd(self) -> int | None:
        """Becomes readable when there is news of a warm worker's end; None when that shows elsewhere."""

    def keep(self, needed: bool) -> None:
        """Hear whether work for warm workers is in sight."""

    def start(self, folder: Path, environment: Mapping[str, str], lock: FileLock) -> Birth | None:
        """Ask for the worker of an attempt; None when it has to be started cold. The lock is released by the caller."""

    def exit_code(self, pid: int) -> int | None:
        """The exit code of a warm worker that is not our own child and has ended, once it is known."""

    def close(self) -> None:
        """Let everything go that is not an attempt."""


def warm_workers(home: Home) -> dict[str, WarmWorkers]:
    """For each thing that can be loaded beforehand, the way that suits this system: fork is safe on Linux alone."""
    if sys.platform == "linux":
        from vestim_core.executors.forking import ForkServer

        return {warmth: ForkServer(home, warmth) for warmth in WARMTHS}
    from vestim_core.executors.prestarted import PrestartedWorker

    return {warmth: PrestartedWorker(home, warmth) for warmth in WARMTHS}
