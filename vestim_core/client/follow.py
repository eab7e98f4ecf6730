"""Following a job: every event from a number on, in order and without a gap, across restarts of the daemon.

A client keeps nothing but its cursor; two followers of one job see the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vestim_core.client.connection import Client
from vestim_core.protocol.cursors import Cursor, job_stream
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import JOB_ENDS

WAIT_S = 30.0
LIMIT = 5_000


@dataclass(frozen=True, slots=True)
class Batch:
    """What came with one answer. reset: the registry was rebuilt, so forget what was read before: numbering is new.

    progress: newest progress of running attempts. ended: the job has ended and everything before that was given.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)
    reset: bool = False
    ended: bool = False


def follow(client: Client, job_id: str, since: int = 0, *, live: bool = True) -> Iterator[Batch]:
    """Batches of events after number `since`, until the job has ended.

    live: whether progress within epochs is wanted."""
    cursor = Cursor(stream=job_stream(job_id), seq=since)
    progress_seq: int | None = 0 if live else None
    ended = client.call("show_job", job_id=job_id, tasks_limit=0)["state"] in JOB_ENDS
    while True:
        answer = client.call(
            "wait",
            cursors=[cursor.model_dump()],
            limit=LIMIT,
            timeout_s=0.0 if ended else WAIT_S,
            progress_seq=progress_seq,
        )
        part = answer["streams"][0]
        cursor = Cursor(stream=part["stream"], lineage=part["lineage"], seq=part["seq"])
        if live:
            progress_seq = answer["progress_seq"]
        for event in part["events"]:
            if event["kind"] == EventKind.JOB and "state" in event["data"]:
                ended = event["data"]["state"] in JOB_ENDS
        finished = ended and not part["events"]
        yield Batch(part["events"], answer["progress"], part["reset"], finished)
        if finished:
            return
