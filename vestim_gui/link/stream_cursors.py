"""Streams: which streams are read and how far. Whatever is cut, each number is delivered once, and in order.

A cursor moves when its answer is applied, and the next request goes on from it. A stream of another lineage starts
over, and what is delivered of it says so.
"""

from __future__ import annotations

from typing import Any

from vestim_core.protocol.cursors import CATALOG, Cursor, parse_stream
from vestim_core.protocol.limits import MAX_CURSORS
from vestim_gui.link.thread_messages import Delivery, EventsOf, LogOf
from vestim_gui.link.link_state import CatalogueChange, JobEvents, LogPiece


class Streams:
    """The cursors of one client. The catalogue is always among them."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {CATALOG: Cursor(stream=CATALOG)}
        self._starts_over = {CATALOG}
        self._half_characters: dict[str, bytes] = {}
        self._turn = 0

    def watch(self, stream: str, since: int = 0) -> None:
        """Read a stream after number `since`; one that is being read starts over."""
        if stream in self._cursors:
            self._starts_over.add(stream)
        self._cursors[stream] = Cursor(stream=stream, seq=since)
        self._half_characters.pop(stream, None)

    def unwatch(self, stream: str) -> None:
        """Read a stream no more."""
        self._cursors.pop(stream, None)
        self._starts_over.discard(stream)
        self._half_characters.pop(stream, None)

    def names(self) -> list[str]:
        """All streams that are read, beside the catalogue."""
        return [name for name in self._cursors if name != CATALOG]

    def of_job(self, job_id: str) -> list[str]:
        """Streams that end when this job is gone."""
        return [name for name in self.names() if parse_stream(name).job == job_id]

    @property
    def too_many(self) -> bool:
        """Whether not all fit into one request, so that they take turns."""
        return len(self._cursors) > MAX_CURSORS

    def next_cursors(self) -> list[dict[str, Any]]:
        """Cursors of the next request: the catalogue's, and the others or as many of them as fit."""
        others = self.names()
        if self.too_many:
            start = self._turn % len(others)
            self._turn += MAX_CURSORS - 1
            others = (others[start:] + others[:start])[: MAX_CURSORS - 1]
        return [self._cursors[name].model_dump() for name in (CATALOG, *others)]

    def apply(self, asked: list[dict[str, Any]], parts: list[dict[str, Any]]) -> list[Delivery]:
        """Move on by the parts of one answer; what is to be delivered.

        asked: the cursors of the request. What has been watched anew since is read by the next one.
        """
        deliveries: list[Delivery] = []
        before = {cursor["stream"]: cursor for cursor in asked}
        for part in parts:
            stream = part["stream"]
            cursor = self._cursors.get(stream)
            if cursor is None or cursor.model_dump() != before.get(stream):
                continue
            reset = part["reset"] or stream in self._starts_over
            self._cursors[stream] = Cursor(stream=stream, lineage=part["lineage"], seq=part["seq"])
            self._starts_over.discard(stream)
            if part.get("events") or part.get("data") or reset:
                deliveries.append(self._delivery(stream, part, reset))
        return deliveries

    def _delivery(self, stream: str, part: dict[str, Any], reset: bool) -> Delivery:
        name = parse_stream(stream)
        if name.kind == "catalog":
            rows = [event["summary"] for event in part["events"] if event["summary"] is not None]
            removed = [event["job_id"] for event in part["events"] if event["summary"] is None]
            return CatalogueChange(reset, rows, removed)
        if name.kind == "job":
            return EventsOf(name.job, JobEvents(reset, part["events"]))
        return LogOf(stream, LogPiece(reset, self._text(stream, part["data"], reset)))

    def _text(self, stream: str, data: bytes, reset: bool) -> str:
        """The text so far; the first bytes of a character whose other bytes are still to come wait."""
        whole = (b"" if reset else self._half_characters.pop(stream, b"")) + data
        ends = len(whole) - unfinished(whole)
        self._half_characters[stream] = whole[ends:]
        return whole[:ends].decode(errors="replace")


def unfinished(data: bytes) -> int:
    """How many bytes at the end begin a UTF-8 character that is not complete."""
    for length in range(1, min(3, len(data)) + 1):
        byte = data[-length]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return length if needed > length else 0
        if byte < 0x80:
            return 0
    return 0
