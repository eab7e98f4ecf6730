"""Asking about files: a question goes to an inspecting worker, and its answer comes back in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vestim_core.client.connection import Client
from vestim_core.client.follow import follow
from vestim_core.protocol.limits import MAX_PIECE_BYTES
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import JobState

ANSWER = "tasks/inspect_1/result/answer.json"


def ask(
    client: Client, method: str, *, progress: Callable[[dict[str, Any]], None] = lambda data: None, **params: Any
) -> dict[str, Any]:
    """The answer to `sniff`, `check`, `preview` or `rewrite`; `VestimError` when there is none.

    progress: told how far the worker is, by file. Whoever stops waiting (KeyboardInterrupt) cancels the question.
    """
    inspection_id = client.call(method, **params)["inspection_id"]
    try:
        for batch in follow(client, inspection_id):
            for news in batch.progress:
                progress(news)
    except KeyboardInterrupt:
        client.call("stop", job_id=inspection_id, test=False)
        raise
    shown = client.call("show_job", job_id=inspection_id)
    if shown["state"] != JobState.DONE:
        error = shown["error"] or next((task["error"] for task in shown["tasks"] if task["error"]), None)
        raise VestimError.from_record(error) if error else VestimError(ErrorCode.FAILED, "the inspection was stopped")
    answer: dict[str, Any] = json.loads(_read_all(client, inspection_id))
    return answer


def _read_all(client: Client, inspection_id: str) -> bytes:
    pieces: list[bytes] = []
    read = 0
    while True:
        piece = client.call("read_artifact", job_id=inspection_id, path=ANSWER, offset=read, length=MAX_PIECE_BYTES)
        pieces.append(piece["data"])
        read += len(piece["data"])
        if read >= piece["size"] or not piece["data"]:
            return b"".join(pieces)
