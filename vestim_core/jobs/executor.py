"""What jobs need of whatever runs attempts: start, watch, end. `executors` satisfies it without being imported here."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Literal, Protocol

Warmth = Literal["train", "inspect"]
"""What a process has loaded beforehand: all that training and testing need, or all that inspecting does."""


class Executor(Protocol):
    """Starts, watches and ends the processes of attempts, each named by its attempt key."""

    def keep_warm(self, needed: Set[Warmth]) -> None:
        """Hear what attempts that are in sight should find loaded."""

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None, *, warmth: Warmth | None) -> None:
        """Start the attempt in `folder`, which sees this GPU or none. `OSError` when that cannot be done."""

    def adopt(self, attempt_key: str, folder: Path) -> bool:
        """Watch an attempt that an earlier daemon started; False when nothing of it lives."""

    def born(self) -> list[tuple[str, int, float]]:
        """Key, process id and creation time of every attempt that has turned out to live since the last call."""

    def terminate(self, attempt_key: str) -> None:
        """Tell the process tree to end."""

    def kill(self, attempt_key: str) -> None:
        """End the process tree."""

    def reap(self) -> list[tuple[str, int | None]]:
        """Key and exit code of every attempt whose whole process tree has gone since the last call.

        The code is as subprocess gives it, negative for a signal, and None where nobody can know it.
        """

    @property
    def exit_fds(self) -> Set[int]:
        """File descriptors that become readable when an attempt's process ends, where the system has them."""
