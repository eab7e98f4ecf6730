"""Follow the events of a job, in order and without a gap, across restarts of the daemon.

The only state is a cursor, so any number of clients can follow the same job.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vestim_core.client.blocking_client import Client
from vestim_core.protocol.cursors import Cursor, job_stream
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import TERMINAL_JOB_STATES

_WAIT_S = 30.0  # s per `wait`; arbitrary, below `MAX_WAIT_S`
_MAX_EVENTS = 5_000  # events per reply; arbitrary, below the limit of the protocol


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events and progress of one reply.

    progress: latest progress of running attempts. reset: the registry was rebuilt and events are numbered anew, so
    discard earlier batches. ended: the job has ended and this is the last batch.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)
    reset: bool = False
    ended: bool = False


def follow_job(client: Client, job_id: str, since: int = 0, *, live: bool = True) -> Iterator[EventBatch]:
    """Yield batches of events after number `since` until the job has ended.

    live: also return progress within epochs.
    """
    cursor = Cursor(stream=job_stream(job_id), seq=since)
    progress_seq: int | None = 0 if live else None
    has_ended = client.call("show_job", job_id=job_id, tasks_limit=0)["state"] in TERMINAL_JOB_STATES
    while True:
        answer = client.call(
            "wait",
            cursors=[cursor.model_dump()],
            limit=_MAX_EVENTS,
            timeout_s=0.0 if has_ended else _WAIT_S,
            progress_seq=progress_seq,
        )
        stream = answer["streams"][0]
        cursor = Cursor(stream=stream["stream"], lineage=stream["lineage"], seq=stream["seq"])
        if live:
            progress_seq = answer["progress_seq"]
        for event in stream["events"]:
            if event["kind"] == EventKind.JOB and "state" in event["data"]:
                has_ended = event["data"]["state"] in TERMINAL_JOB_STATES
        is_last = has_ended and not stream["events"]
        yield EventBatch(stream["events"], answer["progress"], stream["reset"], is_last)
        if is_last:
            return
