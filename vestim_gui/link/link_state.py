"""Values the link delivers: the connection state, and batches of what the streams brought. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class LinkPhase(StrEnum):
    """State of the connection. `stale`: connected, but no reply for a while. `stopped`: the daemon was stopped on
    purpose and stays stopped until the user acts."""

    STARTING = "starting"
    SYNCING = "syncing"
    LIVE = "live"
    STALE = "stale"
    RECONNECTING = "reconnecting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkState:
    """The connection at one moment.

    attempt: number of the current attempt to reconnect, from 1; 0 while connected. since_utc: start of this phase.
    message: text for the user. as_of_utc: time of the daemon's last reply; None before the first.
    """

    phase: LinkPhase = LinkPhase.STARTING
    attempt: int = 0
    since_utc: datetime = field(default_factory=lambda: datetime.now(UTC))
    message: str = "Starting the background service..."
    as_of_utc: datetime | None = None

    @property
    def is_live(self) -> bool:
        """True if the data shown is up to date."""
        return self.phase is LinkPhase.LIVE


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """Rows of new or changed jobs, and ids of deleted jobs. reset: drop all earlier rows first."""

    reset: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobEvents:
    """The next events of a job, in order. reset: drop the earlier events first, numbering starts again."""

    reset: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogPiece:
    """The next text of a log. reset: drop the earlier text first."""

    reset: bool = False
    text: str = ""
