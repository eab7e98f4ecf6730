"""StreamCursors: which streams are read, and how far. Each event is delivered once and in order across reconnects.

A cursor moves when its reply is applied, and the next request continues from it. A stream of another lineage starts
over, and its delivery is marked as a reset.
"""

from __future__ import annotations

from typing import Any

from vestim_core.protocol.cursors import CATALOG_STREAM, Cursor, parse_stream
from vestim_core.protocol.message_limits import MAX_CURSORS
from vestim_gui.link.link_state import CatalogChange, JobEvents, LogPiece
from vestim_gui.link.thread_messages import Delivery, EventsDelivery, LogDelivery


class StreamCursors:
    """The cursors of one client. The catalog is always among them. Lives on the link's thread."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {CATALOG_STREAM: Cursor(stream=CATALOG_STREAM)}
        self._streams_to_reset = {CATALOG_STREAM}
        self._partial_characters: dict[str, bytes] = {}
        self._rotation = 0

    def watch(self, stream: str, since: int = 0) -> None:
        """Read a stream from after `since` on; a stream that is already being read starts over."""
        if stream in self._cursors:
            self._streams_to_reset.add(stream)
        self._cursors[stream] = Cursor(stream=stream, seq=since)
        self._partial_characters.pop(stream, None)

    def unwatch(self, stream: str) -> None:
        """Stop reading a stream."""
        self._cursors.pop(stream, None)
        self._streams_to_reset.discard(stream)
        self._partial_characters.pop(stream, None)

    def names(self) -> list[str]:
        """All streams that are read, apart from the catalog."""
        return [name for name in self._cursors if name != CATALOG_STREAM]

    def streams_of_job(self, job_id: str) -> list[str]:
        """Streams that end with this job."""
        return [name for name in self.names() if parse_stream(name).job == job_id]

    @property
    def exceeds_request(self) -> bool:
        """True if the cursors do not all fit into one request, so that they take turns."""
        return len(self._cursors) > MAX_CURSORS

    def next_cursors(self) -> list[dict[str, Any]]:
        """Cursors of the next request: the catalog's and the others, or as many of them as fit."""
        others = self.names()
        if self.exceeds_request:
            start = self._rotation % len(others)
            self._rotation += MAX_CURSORS - 1
            others = (others[start:] + others[:start])[: MAX_CURSORS - 1]
        return [self._cursors[name].model_dump() for name in (CATALOG_STREAM, *others)]

    def apply(self, requested: list[dict[str, Any]], parts: list[dict[str, Any]]) -> list[Delivery]:
        """Move the cursors by the parts of one reply and return the deliveries.

        requested: the cursors of the request. A stream watched again since then is skipped; the next request reads it.
        """
        deliveries: list[Delivery] = []
        requested_by_stream = {cursor["stream"]: cursor for cursor in requested}
        for part in parts:
            stream = part["stream"]
            cursor = self._cursors.get(stream)
            if cursor is None or cursor.model_dump() != requested_by_stream.get(stream):
                continue
            reset = part["reset"] or stream in self._streams_to_reset
            self._cursors[stream] = Cursor(stream=stream, lineage=part["lineage"], seq=part["seq"])
            self._streams_to_reset.discard(stream)
            if part.get("events") or part.get("data") or reset:
                deliveries.append(self._delivery(stream, part, reset))
        return deliveries

    def _delivery(self, stream: str, part: dict[str, Any], reset: bool) -> Delivery:
        name = parse_stream(stream)
        if name.kind == "catalog":
            rows = [event["summary"] for event in part["events"] if event["summary"] is not None]
            removed = [event["job_id"] for event in part["events"] if event["summary"] is None]
            return CatalogChange(reset, rows, removed)
        if name.kind == "job":
            return EventsDelivery(name.job, JobEvents(reset, part["events"]))
        return LogDelivery(stream, LogPiece(reset, self._text(stream, part["data"], reset)))

    def _text(self, stream: str, data: bytes, reset: bool) -> str:
        """Decoded text; trailing bytes of an incomplete character are kept for the next part."""
        raw = (b"" if reset else self._partial_characters.pop(stream, b"")) + data
        complete = len(raw) - incomplete_byte_count(raw)
        self._partial_characters[stream] = raw[complete:]
        return raw[:complete].decode(errors="replace")


def incomplete_byte_count(data: bytes) -> int:
    """Number of bytes at the end that begin an incomplete UTF-8 character."""
    for length in range(1, min(3, len(data)) + 1):
        byte = data[-length]
        if byte >= 0xC0:
            character_length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return length if character_length > length else 0
        if byte < 0x80:
            return 0
    return 0
