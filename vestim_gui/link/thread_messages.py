"""What the window asks of the thread that owns the socket, and what that thread delivers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vestim_gui.link.link_state import CatalogueChange, JobEvents, LinkState, LogPiece


@dataclass(frozen=True, slots=True)
class Call:
    """Call a method of the protocol's table. The answer comes as `Answer` with the same token."""

    token: int
    method: str
    params: dict[str, Any]
    command_id: str = ""


@dataclass(frozen=True, slots=True)
class Inspect:
    """Ask about files: submit, follow, read the answer."""

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
    """End a question whose answer nobody wants any more."""

    token: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Deliver a stream after number `since`, from now on."""

    stream: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Deliver a stream no more."""

    stream: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The user wants the service: start it where it was stopped, end and start it where it does not answer."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Read the whole catalogue anew."""


Order = Call | Inspect | ReadFile | Cancel | Watch | Unwatch | Restart | Refresh


@dataclass(frozen=True, slots=True)
class Answer:
    """A result, or a `VestimError`."""

    token: int
    answer: Any


@dataclass(frozen=True, slots=True)
class QuestionProgress:
    """How far a question is."""

    token: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventsOf:
    """The next events of one job."""

    job_id: str
    batch: JobEvents


@dataclass(frozen=True, slots=True)
class LogOf:
    """The next text of one log."""

    stream: str
    piece: LogPiece


@dataclass(frozen=True, slots=True)
class Progress:
    """Newest progress of running attempts, as `wait` gives it."""

    newest: list[dict[str, Any]] = field(default_factory=list)


Delivery = LinkState | CatalogueChange | EventsOf | LogOf | Progress | Answer | QuestionProgress
