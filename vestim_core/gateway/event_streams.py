"""Event streams as server-sent events. The id of a message is the event's number, so `Last-Event-ID` resumes without a
gap.

Each connection first sends the lineage of its numbers. A client that passes the lineage it knows is restarted from 1
when the registry has another one; other clients must compare the lineage themselves.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse

from vestim_core.client import Client
from vestim_core.gateway.client_pool import MAX_WAITING, ClientPool
from vestim_core.gateway.v1_routes import json_response
from vestim_core.protocol.cursors import CATALOG_STREAM, DATA_SETS_STREAM, Cursor, job_stream
from vestim_core.spec.errors import VestimError

WAIT_S = 10.0
"""A quiet stream sends a comment this often, so that a dead connection is noticed."""
MAX_EVENTS_PER_READ = 1_000  # bounds the memory of one answer; arbitrary, 100 to 10,000 works

LastEventId = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="Number of the last event that was seen.")
]
Lineage = Annotated[str, Query(max_length=64, description="The lineage that the number belongs to, where it is known.")]
Live = Annotated[bool, Query(description="Stay and give what comes; else end with what is there.")]
Progress = Annotated[bool, Query(description="Progress within epochs too, as events `progress` without a number.")]


def stream_router(pool: ClientPool) -> APIRouter:
    """Router with event streams and logs."""
    router = APIRouter()
    sse: dict[int | str, dict[str, Any]] = {
        200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    }
    limiter = anyio.CapacityLimiter(MAX_WAITING)

    def stream_response(name: str, last_event_id: int, lineage: str, live: bool, progress: bool) -> Response:
        feed = EventFeed(pool, Cursor(stream=name, lineage=lineage, seq=last_event_id), live=live, progress=progress)
        try:
            first_chunk = feed.next_chunk()  # raises here, so that an unknown job is a 404 and not a broken stream
        except VestimError:
            feed.close()
            raise
        return StreamingResponse(
            _response_body(feed, first_chunk, limiter),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    @router.get("/v1/events", operation_id="catalog_events", summary="Changes of jobs", responses=sse)
    def catalog_events(
        last_event_id: LastEventId = 0, lineage: Lineage = "", live: Live = True, progress: Progress = False
    ) -> Response:
        """One event per job that changed since the number given: its row, or nothing for one that was deleted."""
        return stream_response(CATALOG_STREAM, last_event_id, lineage, live, progress)

    @router.get("/v1/events/data_sets", operation_id="data_set_events", summary="Changes of data sets", responses=sse)
    def data_set_events(last_event_id: LastEventId = 0, lineage: Lineage = "", live: Live = True) -> Response:
        """One event per data set that changed since the number given: itself, or nothing for one that was deleted."""
        return stream_response(DATA_SETS_STREAM, last_event_id, lineage, live, False)

    @router.get("/v1/jobs/{job_id}/events", operation_id="job_events", summary="Events of a job", responses=sse)
    def job_events(
        job_id: str,
        last_event_id: LastEventId = 0,
        lineage: Lineage = "",
        live: Live = True,
        progress: Progress = False,
    ) -> Response:
        """Every event of a job after the number given, in order."""
        return stream_response(job_stream(job_id), last_event_id, lineage, live, progress)

    @router.get(
        "/v1/jobs/{job_id}/tasks/{task_id}/attempts/{attempt}/log",
        operation_id="read_log",
        summary="What an attempt wrote",
        response_class=Response,
    )
    def read_log(
        job_id: str,
        task_id: str,
        attempt: int,
        which: Annotated[str, Query(pattern="^(out|err)$", description="Standard output or error.")] = "out",
        offset: Annotated[int, Query(ge=0, le=2**63 - 1, description="Number of bytes that were read before.")] = 0,
    ) -> Response:
        """A piece of a log from a byte on, as base64; `seq` is the offset to go on from."""
        name = f"log:{job_id}/{task_id}/{attempt}:{which}"
        cursor = Cursor(stream=name, seq=offset)
        answer = pool.call("wait", {"cursors": [cursor.model_dump()]})
        return json_response(answer["streams"][0])

    return router


class EventFeed:
    """Position of one HTTP client in one stream, with a connection of its own.

    `next_chunk` is called by one thread at a time; `close` may be called by any thread.
    """

    def __init__(self, pool: ClientPool, cursor: Cursor, *, live: bool, progress: bool) -> None:
        self._pool = pool
        self._client: Client = pool.acquire_waiting_client()
        self._cursor = cursor
        self._live = live
        self._progress_seq: int | None = 0 if progress else None
        self._sent_lineage = ""
        self._lock = threading.Lock()
        self._closed = False
        self.has_ended = False

    def next_chunk(self) -> bytes:
        """Return new messages, waiting for them if necessary.

        Returns a comment after `WAIT_S` without messages, so that a dead connection is noticed.
        """
        with self._lock:
            if self._closed:
                return b""
            answer = self._client.call(
                "wait",
                cursors=[self._cursor.model_dump()],
                limit=MAX_EVENTS_PER_READ,
                timeout_s=WAIT_S if self._live and self._sent_lineage else 0.0,
                progress_seq=self._progress_seq,
            )
        if self._closed:
            self.close()
        stream = answer["streams"][0]
        self._cursor = Cursor(stream=stream["stream"], lineage=stream["lineage"], seq=stream["seq"])
        if self._progress_seq is not None:
            self._progress_seq = answer["progress_seq"]
        self.has_ended = not self._live and not stream["events"]
        return b"".join(self._messages(stream, answer["progress"])) or b": alive\n\n"

    def close(self) -> None:
        """Release the connection, now or when the current call has ended."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                client, self._client = self._client, None  # type: ignore[assignment]
                if client is not None:
                    self._pool.release_waiting_client(client)
            finally:
                self._lock.release()

    def _messages(self, stream: dict[str, Any], progress: list[dict[str, Any]]) -> Iterator[bytes]:
        if stream["lineage"] != self._sent_lineage:
            self._sent_lineage = stream["lineage"]
            yield _sse_message({"lineage": stream["lineage"], "reset": stream["reset"]}, event="lineage")
        for event in stream["events"]:
            yield _sse_message(event, event_id=event["seq"])
        for progress_record in progress:
            yield _sse_message(progress_record, event="progress")


async def _response_body(feed: EventFeed, first_chunk: bytes, limiter: anyio.CapacityLimiter) -> AsyncIterator[bytes]:
    try:
        yield first_chunk
        while not feed.has_ended:
            try:
                yield await anyio.to_thread.run_sync(feed.next_chunk, abandon_on_cancel=True, limiter=limiter)
            except VestimError as error:
                yield _sse_message(error.to_record(), event="bye")
                return
    finally:
        with contextlib.suppress(VestimError):
            feed.close()


def _sse_message(data: dict[str, Any], *, event_id: int | None = None, event: str = "") -> bytes:
    header = (f"id: {event_id}\n" if event_id is not None else "") + (f"event: {event}\n" if event else "")
    return f"{header}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
