"""Asking about files: a question goes to an inspecting worker, and its answer comes back in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vestim_core.client.connection import Client
from vestim_core.client.follow import follow
from vestim_core.protocol.limits import MAX_PIECE_BYTES
from vestim_core.spec.data_set import DataSetState
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
    _await_end(client, inspection_id, progress)
    shown = client.call("show_job", job_id=inspection_id)
    if shown["state"] != JobState.DONE:
        error = shown["error"] or next((task["error"] for task in shown["tasks"] if task["error"]), None)
        raise VestimError.from_record(error) if error else VestimError(ErrorCode.FAILED, "the inspection was stopped")
    answer: dict[str, Any] = json.loads(_read_all(client, inspection_id))
    return answer


def await_data_set(
    client: Client, answer: dict[str, Any], progress: Callable[[dict[str, Any]], None] = lambda data: None
) -> dict[str, Any]:
    """The data set when its check has ended, as `show_data_set` tells it; `VestimError` when it cannot be used.

    answer: of `save_data_set` or `check_data_set`. Whoever stops waiting (KeyboardInterrupt) cancels the check.
    """
    _await_end(client, answer["inspection_id"], progress)
    shown: dict[str, Any] = client.call("show_data_set", data_set=answer["data_set_id"])
    if shown["state"] == DataSetState.FAILED:
        raise VestimError.from_record(shown["error"])
    return shown


def _await_end(client: Client, inspection_id: str, progress: Callable[[dict[str, Any]], None]) -> None:
    try:
        for batch in follow(client, inspection_id):
            for news in batch.progress:
                progress(news)
    except KeyboardInterrupt:
        client.call("stop", job_id=inspection_id, test=False)
        raise


def _read_all(client: Client, inspection_id: str) -> bytes:
    pieces: list[bytes] = []
    read = 0
    while True:
        piece = client.call("read_artifact", job_id=inspection_id, path=ANSWER, offset=read, length=MAX_PIECE_BYTES)
        pieces.append(piece["data"])
        read += len(piece["data"])
        if read >= piece["size"] or not piece["data"]:
            return b"".join(pieces)
