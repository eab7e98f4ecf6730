"""Run inspections of files and checks of data sets, and wait for their results."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vestim_core.client.blocking_client import Client
from vestim_core.client.job_events import follow_job
from vestim_core.protocol.message_limits import MAX_CHUNK_BYTES
from vestim_core.spec.data_set import DataSetState
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import JobState

_ANSWER_PATH = "tasks/inspect_1/result/answer.json"


def run_inspection(
    client: Client, method: str, *, progress: Callable[[dict[str, Any]], None] = lambda data: None, **params: Any
) -> dict[str, Any]:
    """Run the inspection `method` (`sniff`, `check`, ...) and return its result. Raises `VestimError` on failure.

    progress: called with the worker's progress per file. A KeyboardInterrupt cancels the inspection.
    """
    inspection_id = client.call(method, **params)["inspection_id"]
    _wait_for_end(client, inspection_id, progress)
    job = client.call("show_job", job_id=inspection_id)
    if job["state"] != JobState.DONE:
        error = job["error"] or next((task["error"] for task in job["tasks"] if task["error"]), None)
        raise VestimError.from_record(error) if error else VestimError(ErrorCode.FAILED, "the inspection was stopped")
    answer: dict[str, Any] = json.loads(_read_answer(client, inspection_id))
    return answer


def wait_for_data_set(
    client: Client, answer: dict[str, Any], progress: Callable[[dict[str, Any]], None] = lambda data: None
) -> dict[str, Any]:
    """Wait for the check of a data set and return the result of `show_data_set`. Raises `VestimError` if it failed.

    answer: reply of `save_data_set` or `check_data_set`. A KeyboardInterrupt cancels the check.
    """
    _wait_for_end(client, answer["inspection_id"], progress)
    data_set: dict[str, Any] = client.call("show_data_set", data_set=answer["data_set_id"])
    if data_set["state"] == DataSetState.FAILED:
        raise VestimError.from_record(data_set["error"])
    return data_set


def _wait_for_end(client: Client, inspection_id: str, progress: Callable[[dict[str, Any]], None]) -> None:
    try:
        for batch in follow_job(client, inspection_id):
            for entry in batch.progress:
                progress(entry)
    except KeyboardInterrupt:
        client.call("stop", job_id=inspection_id, test=False)
        raise


def _read_answer(client: Client, inspection_id: str) -> bytes:
    chunks: list[bytes] = []
    offset = 0
    while True:
        chunk = client.call(
            "read_artifact", job_id=inspection_id, path=_ANSWER_PATH, offset=offset, length=MAX_CHUNK_BYTES
        )
        chunks.append(chunk["data"])
        offset += len(chunk["data"])
        if offset >= chunk["size"] or not chunk["data"]:
            return b"".join(chunks)
