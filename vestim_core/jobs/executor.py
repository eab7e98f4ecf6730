"""Interface through which jobs run attempts: start, watch, end. `executors` implements it and is not imported here."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Literal, Protocol

Preload = Literal["train", "inspect"]
"""Libraries that a process has loaded in advance: those of training and testing, or those of inspection."""


class Executor(Protocol):
    """Starts, watches and ends the processes of attempts, each identified by its attempt key."""

    def keep_preloaded(self, preloads: Set[Preload]) -> None:
        """Keep processes with these preloads ready for attempts that will start soon."""

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None, *, preload: Preload | None) -> None:
        """Start the attempt in `folder`, which sees this GPU or none. `OSError` when it cannot be started."""

    def adopt(self, attempt_key: str, folder: Path) -> bool:
        """Watch an attempt that an earlier daemon started; False when none of its processes lives."""

    def take_started(self) -> list[tuple[str, int, float]]:
        """Key, process id and creation time of every attempt whose process has appeared since the last call."""

    def terminate(self, attempt_key: str) -> None:
        """Send the process tree the signal to end."""

    def kill(self, attempt_key: str) -> None:
        """End the process tree."""

    def reap(self) -> list[tuple[str, int | None]]:
        """Key and exit code of every attempt whose whole process tree has ended since the last call.

        The code is as subprocess returns it, negative for a signal, None when it cannot be known.
        """

    @property
    def exit_fds(self) -> Set[int]:
        """File descriptors that become readable when an attempt's process ends, on systems that have them."""
