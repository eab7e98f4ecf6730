"""Reads a job's events from a cursor on, through the public interface."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from vestim_core.protocol.cursors import Cursor, job_stream
from vestim_core.verify.check_groups import CheckFailed
from vestim_core.verify.public_interface import TIMEOUT_S, PublicInterface

WAIT_S = 5.0  # of one request; arbitrary, any value below the overall timeout works
Event = dict[str, Any]


def read_until(
    interface: PublicInterface, job_id: str, cursor: Cursor | None, is_match: Callable[[Event], bool], description: str
) -> tuple[list[Event], Cursor]:
    """Read events after the cursor up to the answer that contains a match; return them and the new cursor.

    cursor: None starts at the first event. description: names the expected event in the `CheckFailed` after a timeout.
    """
    position = cursor or Cursor(stream=job_stream(job_id))
    events: list[Event] = []
    deadline_s = time.monotonic() + TIMEOUT_S
    while not any(map(is_match, events)):
        if time.monotonic() > deadline_s:
            raise CheckFailed(f"{description} did not come within {TIMEOUT_S:.0f} s")
        (stream,) = interface.call("wait", cursors=[position.model_dump()], timeout_s=WAIT_S)["streams"]
        position = Cursor(stream=stream["stream"], lineage=stream["lineage"], seq=stream["seq"])
        events += stream["events"]
    return events, position


def job_reaches(*states: str) -> Callable[[Event], bool]:
    """Predicate for events that report one of these job states."""
    return lambda event: event["kind"] == "job" and event["data"].get("state") in states
