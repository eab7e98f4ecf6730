"""What jobs need of whatever runs attempts: start, watch, end. `executors` satisfies it without being imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt whose whole process tree is gone. exit_code: as subprocess gives it, None where nobody can know."""

    attempt_key: str
    exit_code: int | None


class Executor(Protocol):
    """Starts, watches and ends the processes of attempts, each named by its attempt key."""

    def start(self, attempt_key: str, folder: Path, threads: int) -> tuple[int, float]:
        """Start the attempt in `folder`; its process id and creation time. `OSError` when it cannot be started."""

    def adopt(self, attempt_key: str, folder: Path, pid: int, create_time: float) -> bool:
        """Watch an attempt that an earlier daemon started; False when nothing of it lives."""

    def terminate(self, attempt_key: str) -> None:
        """Tell the process tree to end."""

    def kill(self, attempt_key: str) -> None:
        """End the process tree."""

    def reap(self) -> list[Ended]:
        """Every attempt that has ended since the last call."""

    @property
    def exit_fds(self) -> Mapping[int, str]:
        """File descriptors that become readable when an attempt's process ends, where the system has them."""
