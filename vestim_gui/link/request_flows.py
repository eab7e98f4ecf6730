"""Operations that take several requests, written as generators.

A flow yields a request and is resumed with the reply, or with a `VestimError` raised in it; its return value is the
result of the operation. Nothing here waits or uses sockets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.message_limits import MAX_CHUNK_BYTES
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import JobState

ANSWER_PATH = "tasks/inspect_1/result/answer.json"


@dataclass(frozen=True, slots=True)
class Request:
    """Call a method; the flow is resumed with its result."""

    method: str
    params: dict[str, Any]
    command_id: str = ""


@dataclass(frozen=True, slots=True)
class InspectionEnd:
    """Wait until an inspection has ended or was canceled; the flow is resumed with None."""

    inspection_id: str


RequestFlow = Generator[Request | InspectionEnd, Any, Any]


def call_flow(method: str, params: dict[str, Any], command_id: str) -> RequestFlow:
    """One call."""
    return (yield Request(method, params, command_id))


def read_file_flow(job_id: str, path: str) -> RequestFlow:
    """All bytes of one file of a job's folder."""
    pieces: list[bytes] = []
    byte_count = 0
    while True:
        params = {"job_id": job_id, "path": path, "offset": byte_count, "length": MAX_CHUNK_BYTES}
        piece = yield Request("read_artifact", params)
        pieces.append(piece["data"])
        byte_count += len(piece["data"])
        if byte_count >= piece["size"] or not piece["data"]:
            return b"".join(pieces)


def inspect_flow(method: str, params: dict[str, Any], command_id: str, is_canceled: Callable[[], bool]) -> RequestFlow:
    """Result of an inspection; `VestimError` if it failed, None if it was canceled.

    is_canceled: True once the result is no longer needed; the worker is then told to stop.
    """
    inspection_id = (yield Request(method, params, command_id))["inspection_id"]
    if not is_canceled():
        yield InspectionEnd(inspection_id)
    if is_canceled():
        yield Request("stop", {"job_id": inspection_id, "test": False})
        return None
    job = yield Request("show_job", {"job_id": inspection_id})
    if job["state"] != JobState.DONE:
        error = job["error"] or next((task["error"] for task in job["tasks"] if task["error"]), None)
        raise VestimError.from_record(error) if error else VestimError(ErrorCode.FAILED, "the inspection was stopped")
    return json.loads((yield from read_file_flow(inspection_id, ANSWER_PATH)))
