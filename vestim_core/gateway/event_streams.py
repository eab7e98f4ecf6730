"""Streams of events as server-sent events: the id of an event is its number, so `Last-Event-ID` resumes without a gap.

Each connection first says the lineage that its numbers belong to. A client that names the lineage it knows is started
over from 1 when that is not the registry's any more; one that does not sees it by itself.
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
from vestim_core.gateway.client_pool import MAX_WAITING, Bridge
from vestim_core.gateway.v1_routes import json_response
from vestim_core.protocol.cursors import CATALOG, DATA_SETS, Cursor, job_stream
from vestim_core.spec.errors import VestimError

WAIT_S = 10.0
LIMIT = 1_000

LastEventId = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="Number of the last event that was seen.")
]
Lineage = Annotated[str, Query(max_length=64, description="The lineage that the number belongs to, where it is known.")]
Live = Annotated[bool, Query(description="Stay and give what comes; else end with what is there.")]
Progress = Annotated[bool, Query(description="Progress within epochs too, as events `progress` without a number.")]


def stream_router(bridge: Bridge) -> APIRouter:
    """The routes of event streams and logs."""
    router = APIRouter()
    sse: dict[int | str, dict[str, Any]] = {
        200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    }
    limiter = anyio.CapacityLimiter(MAX_WAITING)

    def stream(name: str, last: int, lineage: str, live: bool, progress: bool) -> Response:
        feed = Feed(bridge, Cursor(stream=name, lineage=lineage, seq=last), live=live, progress=progress)
        try:
            first = feed.next()  # a job that does not exist is a 404, not a stream that breaks
        except VestimError:
            feed.close()
            raise
        return StreamingResponse(
            _body(feed, first, limiter), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    @router.get("/v1/events", operation_id="catalog_events", summary="Changes of jobs", responses=sse)
    def catalog_events(
        last_event_id: LastEventId = 0, lineage: Lineage = "", live: Live = True, progress: Progress = False
    ) -> Response:
        """One event per job that changed since the number given: its row, or nothing for one that was deleted."""
        return stream(CATALOG, last_event_id, lineage, live, progress)

    @router.get("/v1/events/data_sets", operation_id="data_set_events", summary="Changes of data sets", responses=sse)
    def data_set_events(last_event_id: LastEventId = 0, lineage: Lineage = "", live: Live = True) -> Response:
        """One event per data set that changed since the number given: itself, or nothing for one that was deleted."""
        return stream(DATA_SETS, last_event_id, lineage, live, False)

    @router.get("/v1/jobs/{job_id}/events", operation_id="job_events", summary="Events of a job", responses=sse)
    def job_events(
        job_id: str,
        last_event_id: LastEventId = 0,
        lineage: Lineage = "",
        live: Live = True,
        progress: Progress = False,
    ) -> Response:
        """Every event of a job after the number given, in order."""
        return stream(job_stream(job_id), last_event_id, lineage, live, progress)

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
        answer = bridge.call("wait", {"cursors": [cursor.model_dump()]})
        return json_response(answer["streams"][0])

    return router


class Feed:
    """One client's place in one stream, on a connection of its own. `next` is called by one thread at a time."""

    def __init__(self, bridge: Bridge, cursor: Cursor, *, live: bool, progress: bool) -> None:
        self._bridge = bridge
        self._client: Client = bridge.open_waiting()
        self._cursor = cursor
        self._live = live
        self._progress_seq: int | None = 0 if progress else None
        self._said_lineage = ""
        self._lock = threading.Lock()
        self._closed = False
        self.ended = False

    def next(self) -> bytes:
        """What is new, perhaps after a while; a comment when there is nothing, so that a dead connection is noticed."""
        with self._lock:
            if self._closed:
                return b""
            answer = self._client.call(
                "wait",
                cursors=[self._cursor.model_dump()],
                limit=LIMIT,
                timeout_s=WAIT_S if self._live and self._said_lineage else 0.0,
                progress_seq=self._progress_seq,
            )
        if self._closed:
            self.close()
        part = answer["streams"][0]
        self._cursor = Cursor(stream=part["stream"], lineage=part["lineage"], seq=part["seq"])
        if self._progress_seq is not None:
            self._progress_seq = answer["progress_seq"]
        self.ended = not self._live and not part["events"]
        return b"".join(self._lines(part, answer["progress"])) or b": alive\n\n"

    def close(self) -> None:
        """Give the connection back, at once or when the call that is under way has ended."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                client, self._client = self._client, None  # type: ignore[assignment]
                if client is not None:
                    self._bridge.close_waiting(client)
            finally:
                self._lock.release()

    def _lines(self, part: dict[str, Any], progress: list[dict[str, Any]]) -> Iterator[bytes]:
        if part["lineage"] != self._said_lineage:
            self._said_lineage = part["lineage"]
            yield _message({"lineage": part["lineage"], "reset": part["reset"]}, event="lineage")
        for event in part["events"]:
            yield _message(event, number=event["seq"])
        for news in progress:
            yield _message(news, event="progress")


async def _body(feed: Feed, first: bytes, limiter: anyio.CapacityLimiter) -> AsyncIterator[bytes]:
    try:
        yield first
        while not feed.ended:
            try:
                yield await anyio.to_thread.run_sync(feed.next, abandon_on_cancel=True, limiter=limiter)
            except VestimError as error:
                yield _message(error.to_record(), event="bye")
                return
    finally:
        with contextlib.suppress(VestimError):
            feed.close()


def _message(data: dict[str, Any], *, number: int | None = None, event: str = "") -> bytes:
    head = (f"id: {number}\n" if number is not None else "") + (f"event: {event}\n" if event else "")
    return f"{head}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
