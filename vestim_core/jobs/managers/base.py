"""Manager: the part of a container that owns one phase: its state, progress and message.

A change of state goes through the table of transitions. Nothing here knows sockets, files or processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import Phase, PhaseState, is_allowed_transition


class Manager:
    """Base of all managers. details: further plain values, replaced as a whole and never changed in place, since views
    hold them."""

    phase: ClassVar[Phase]

    def __init__(self) -> None:
        self.state = PhaseState.WAITING
        self.fraction = 0.0
        self.message = ""
        self.details: dict[str, Any] = {}

    def report(self, state: PhaseState, fraction: float, message: str) -> bool:
        """Apply a report about this phase; True when its state changed.

        A change that the table forbids is ignored, since a later attempt may report the same phase again.
        """
        if not is_allowed_transition(self.state, state):
            return False
        changed = state is not self.state
        self.state = state
        self.fraction = 1.0 if state is PhaseState.DONE else min(max(fraction, 0.0), 1.0)
        self.message = message
        return changed

    def review_draft(self, document: dict[str, Any]) -> bool:
        """Examine the document of a draft; True when the state of this phase changed."""
        return False

    def observe(self, tasks: Iterable[Task]) -> bool:
        """Examine a job's tasks after a change; True when the state of this phase changed."""
        return False

    def status(self) -> dict[str, Any]:
        """The phase as clients see it."""
        return {
            "phase": self.phase.value,
            "state": self.state.value,
            "fraction": self.fraction,
            "message": self.message,
            "details": self.details,
        }

    def to_record(self) -> dict[str, Any]:
        """The phase as it is stored."""
        return self.status()

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Restore a manager from its record."""
        manager = cls()
        manager.state = PhaseState(record["state"])
        manager.fraction = record["fraction"]
        manager.message = record["message"]
        manager.details = record["details"]
        return manager
