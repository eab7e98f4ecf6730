"""Manager: the part of a container that owns one phase: its state, how far it is, and what it says about itself.

A change of state goes through the table of transitions. Nothing here knows sockets, files or processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import Phase, PhaseState, allowed


class Manager:
    """Base of all managers. `details` is what a phase keeps beside its state: plain values, replaced as a whole and
    never changed in place, since views hold them."""

    phase: ClassVar[Phase]

    def __init__(self) -> None:
        self.state = PhaseState.WAITING
        self.fraction = 0.0
        self.message = ""
        self.details: dict[str, Any] = {}

    def report(self, state: PhaseState, fraction: float, message: str) -> bool:
        """Take what is said about this phase; True when its state changed. A change that the table forbids is ignored,
        since the same journal may be read again by a later attempt."""
        if not allowed(self.state, state):
            return False
        changed = state is not self.state
        self.state = state
        self.fraction = 1.0 if state is PhaseState.DONE else min(max(fraction, 0.0), 1.0)
        self.message = message
        return changed

    def save(self, document: dict[str, Any]) -> bool:
        """Look at a job's document while it is a draft; True when the state of this phase changed."""
        return False

    def observe(self, tasks: Iterable[Task]) -> bool:
        """Look at a job's tasks after they changed; True when the state of this phase changed."""
        return False

    def status(self) -> dict[str, Any]:
        """What clients see of the phase."""
        return {
            "phase": self.phase.value,
            "state": self.state.value,
            "fraction": self.fraction,
            "message": self.message,
            "details": self.details,
        }

    def to_record(self) -> dict[str, Any]:
        """What is stored of the phase."""
        return self.status()

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The manager that was stored."""
        manager = cls()
        manager.state = PhaseState(record["state"])
        manager.fraction = record["fraction"]
        manager.message = record["message"]
        manager.details = record["details"]
        return manager
