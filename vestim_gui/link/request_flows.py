"""Talks: what takes several requests, written as what is asked for one after the other.

A talk is a generator. It yields a request and is sent the answer, or is thrown a `VestimError`; what it returns is the
answer of the whole. Nothing here waits or knows of sockets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.limits import MAX_PIECE_BYTES
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import JobState

ANSWER = "tasks/inspect_1/result/answer.json"


@dataclass(frozen=True, slots=True)
class Request:
    """Call a method; the talk is sent its result."""

    method: str
    params: dict[str, Any]
    command_id: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Wait until an inspection has ended, or nobody wants its answer any more; the talk is sent None."""

    inspection_id: str


Talk = Generator[Request | Ended, Any, Any]


def call(method: str, params: dict[str, Any], command_id: str) -> Talk:
    """One call."""
    return (yield Request(method, params, command_id))


def read_file(job_id: str, path: str) -> Talk:
    """All bytes of one file of a job's folder."""
    pieces: list[bytes] = []
    read = 0
    while True:
        where = {"job_id": job_id, "path": path, "offset": read, "length": MAX_PIECE_BYTES}
        piece = yield Request("read_artifact", where)
        pieces.append(piece["data"])
        read += len(piece["data"])
        if read >= piece["size"] or not piece["data"]:
            return b"".join(pieces)


def inspect(method: str, params: dict[str, Any], command_id: str, unwanted: Callable[[], bool]) -> Talk:
    """The answer of an inspecting worker; `VestimError` when there is none. None when it was not wanted any more.

    unwanted: whether nobody wants the answer any more; the worker is then told to stop.
    """
    inspection_id = (yield Request(method, params, command_id))["inspection_id"]
    if not unwanted():
        yield Ended(inspection_id)
    if unwanted():
        yield Request("stop", {"job_id": inspection_id, "test": False})
        return None
    shown = yield Request("show_job", {"job_id": inspection_id})
    if shown["state"] != JobState.DONE:
        error = shown["error"] or next((task["error"] for task in shown["tasks"] if task["error"]), None)
        raise VestimError.from_record(error) if error else VestimError(ErrorCode.FAILED, "the inspection was stopped")
    return json.loads((yield from read_file(inspection_id, ANSWER)))
