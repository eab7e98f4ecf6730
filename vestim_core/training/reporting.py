"""What a training tells while it runs, and to whom it listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from vestim_core.spec.events import EventKind
from vestim_core.spec.states import Intent

AskIntent = Callable[[], Intent]
"""What the user wants now; asked between batches, so it must be quick."""


class Reporter(Protocol):
    """Takes reports; must never raise and never block."""

    def event(self, kind: EventKind, data: dict[str, Any]) -> None:
        """A fact that must not be lost: every epoch's end, every checkpoint."""

    def progress(self, data: dict[str, Any]) -> None:
        """How far the training is; a newer one replaces it. At most one every 0.1 s."""
