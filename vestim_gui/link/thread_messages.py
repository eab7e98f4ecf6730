"""Messages between the window's thread and the link's thread: commands one way, deliveries the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vestim_gui.link.link_state import CatalogChange, JobEvents, LinkState, LogPiece


@dataclass(frozen=True, slots=True)
class Call:
    """Call a protocol method. Its result arrives as a `Reply` with the same token."""

    token: int
    method: str
    params: dict[str, Any]
    command_id: str = ""


@dataclass(frozen=True, slots=True)
class Inspect:
    """Inspect files: submit, follow, read the result."""

    token: int
    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Read a whole file of a job's folder."""

    token: int
    job_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop an inspection whose result is no longer needed."""

    token: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Deliver a stream from after `since` on."""

    stream: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Stop delivering a stream."""

    stream: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Start the daemon if it was stopped; end and restart it if it does not answer."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Read the whole catalog again."""


LinkCommand = Call | Inspect | ReadFile | Cancel | Watch | Unwatch | Restart | Refresh


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a request, or a `VestimError`."""

    token: int
    result: Any


@dataclass(frozen=True, slots=True)
class InspectionProgress:
    """Progress of an inspection."""

    token: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventsDelivery:
    """The next events of one job."""

    job_id: str
    batch: JobEvents


@dataclass(frozen=True, slots=True)
class LogDelivery:
    """The next text of one log."""

    stream: str
    piece: LogPiece


@dataclass(frozen=True, slots=True)
class Progress:
    """Newest progress of running attempts, as `wait` returns it."""

    reports: list[dict[str, Any]] = field(default_factory=list)


Delivery = LinkState | CatalogChange | EventsDelivery | LogDelivery | Progress | Reply | InspectionProgress
