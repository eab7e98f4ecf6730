"""Reading a job's events on from a cursor, through the doors of a service."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from vestim_core.protocol.cursors import Cursor, job_stream
from vestim_core.verify.check_groups import CheckFailed
from vestim_core.verify.public_interface import PATIENCE_S, Doors

WAIT_S = 5.0
Event = dict[str, Any]


def read_until(
    doors: Doors, job_id: str, cursor: Cursor | None, wanted: Callable[[Event], bool], what: str
) -> tuple[list[Event], Cursor]:
    """All events after the cursor up to the answer with a wanted one, and the new cursor. cursor: None for the start.
    what: the wanted event in words, for `CheckFailed` when it does not come."""
    at = cursor or Cursor(stream=job_stream(job_id))
    new: list[Event] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while not any(map(wanted, new)):
        if time.monotonic() > deadline_s:
            raise CheckFailed(f"{what} did not come within {PATIENCE_S:.0f} s")
        (part,) = doors.call("wait", cursors=[at.model_dump()], timeout_s=WAIT_S)["streams"]
        at = Cursor(stream=part["stream"], lineage=part["lineage"], seq=part["seq"])
        new += part["events"]
    return new, at


def job_is(*states: str) -> Callable[[Event], bool]:
    """Whether an event tells that the job has come to one of these states."""
    return lambda event: event["kind"] == "job" and event["data"].get("state") in states
