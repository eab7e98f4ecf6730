"""Interfaces of a training to its surroundings: reports it makes, and the intent it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from vestim_core.spec.events import EventKind
from vestim_core.spec.states import Intent

IntentReader = Callable[[], Intent]
"""Returns the user's current intent; called between batches, so it must be quick."""


class Reporter(Protocol):
    """Receives reports; must never raise and never block."""

    def event(self, kind: EventKind, data: dict[str, Any]) -> None:
        """Record a fact that must not be lost: every epoch's end, every checkpoint."""

    def progress(self, data: dict[str, Any]) -> None:
        """Replace the latest progress of the training. At most one call every 0.1 s."""
