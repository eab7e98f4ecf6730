"""What the link tells: how the connection stands, and batches of what streams brought. Plain values, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class LinkPhase(StrEnum):
    """How the connection stands. `stale`: connected, but no answer for a while. `stopped`: the service was stopped
    on purpose and stays so until the user acts."""

    STARTING = "starting"
    SYNCING = "syncing"
    LIVE = "live"
    STALE = "stale"
    RECONNECTING = "reconnecting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkState:
    """The connection at one moment.

    attempt: how often it was tried to reconnect, from 1; 0 while connected. since_utc: when this phase began.
    sentence: for people. as_of_utc: when the service last said anything; None before it did.
    """

    phase: LinkPhase = LinkPhase.STARTING
    attempt: int = 0
    since_utc: datetime = field(default_factory=lambda: datetime.now(UTC))
    sentence: str = "Starting the background service..."
    as_of_utc: datetime | None = None

    @property
    def current(self) -> bool:
        """Whether what is shown is what is."""
        return self.phase is LinkPhase.LIVE


@dataclass(frozen=True, slots=True)
class CatalogueChange:
    """Rows of jobs that are new or changed, and ids of jobs that are gone. reset: forget all rows first."""

    reset: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobEvents:
    """The next events of a job, in order. reset: forget the earlier ones first, numbering is new."""

    reset: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogPiece:
    """The next text of a log. reset: forget the earlier text first."""

    reset: bool = False
    text: str = ""
