"""What jobs need of whatever runs attempts: start, watch, end. `executors` satisfies it without being imported here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Executor(Protocol):
    """Starts, watches and ends the processes of attempts, each named by its attempt key."""

    def start(self, attempt_key: str, folder: Path, threads: int, gpu: int | None) -> tuple[int, float]:
        """Start the attempt in `folder`, which sees this GPU or none; its process id and creation time.

        `OSError` when it cannot be started."""

    def adopt(self, attempt_key: str, folder: Path) -> tuple[int, float] | None:
        """Watch an attempt that an earlier daemon started: its process id and creation time, 0 where not known yet;
        None when nothing of it lives."""

    def terminate(self, attempt_key: str) -> None:
        """Tell the process tree to end."""

    def kill(self, attempt_key: str) -> None:
        """End the process tree."""

    def reap(self) -> list[tuple[str, int | None]]:
        """Key and exit code of every attempt whose whole process tree has gone since the last call. The code is as
        subprocess gives it, negative for a signal, and None where nobody can know it."""

    @property
    def exit_fds(self) -> Mapping[int, str]:
        """File descriptors that become readable when an attempt's process ends, where the system has them."""
