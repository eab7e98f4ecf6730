"""Journal lines: one event per line of JSON, terminated by a newline.

Only complete lines are read, so a line truncated by a crash does no harm. `read_lines` never raises: a line that cannot
be parsed is returned as a `BadLine` with its offset.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.codec import CodecError, check_depth, encode, plain
from vestim_core.protocol.limits import MAX_LINE_BYTES
from vestim_core.spec.events import EventKind

MAX_EVENT_DEPTH = 32
"""Nesting levels of an event's data; a reply adds its own levels and must stay within the codec's `MAX_DEPTH`."""
WORKER_KINDS = frozenset(EventKind) - {EventKind.JOB, EventKind.TASK, EventKind.ATTEMPT}
"""Event kinds that a worker may report. Only the daemon reports states of jobs, tasks and attempts."""
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Line:
    """One event as written by a worker."""

    time_utc: str
    kind: EventKind
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A complete line that is not a valid event. offset: its first byte in the file."""

    offset: int
    reason: str


def write_line(time_utc: str, kind: EventKind, data: dict[str, Any]) -> bytes:
    """Encode one event as a line with newline. Values that JSON lacks become the closest JSON value (NaN: null)."""
    try:
        text = _encode({"t": time_utc, "k": kind.value, "d": data})
    except (TypeError, ValueError, RecursionError):
        text = _encode({"t": time_utc, "k": kind.value, "d": plain(data)})
    return text.encode(errors="replace") + b"\n"  # lone surrogates, from file names that are not UTF-8, become '?'


def read_lines(chunk: bytes, offset: int, *, inside: bool = False) -> tuple[list[Line | BadLine], int]:
    """Read the complete lines of `chunk`, which starts at `offset` in the file, and return them with the next offset.

    A line longer than `MAX_LINE_BYTES` is one bad line; reading continues even before its end has been written.
    inside: True if `chunk` starts within such a line, i.e. the byte before it is not a newline.
    """
    end = chunk.rfind(b"\n") + 1
    start = 0
    if inside:
        start = chunk.find(b"\n") + 1
        if not start:
            return [], offset + len(chunk)
    elif not end and len(chunk) > MAX_LINE_BYTES:
        return [BadLine(offset, f"longer than {MAX_LINE_BYTES} bytes")], offset + len(chunk)
    lines: list[Line | BadLine] = []
    while start < end:
        stop = chunk.index(b"\n", start)
        lines.append(_read_line(chunk[start:stop], offset + start))
        start = stop + 1
    return lines, offset + end


def _read_line(raw: bytes, offset: int) -> Line | BadLine:
    if len(raw) > MAX_LINE_BYTES:
        return BadLine(offset, f"longer than {MAX_LINE_BYTES} bytes")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return BadLine(offset, "not JSON")
    match value:
        case {"t": str(time_utc), "k": str(kind), "d": dict(data)} if kind in WORKER_KINDS:
            return _check_sendable(Line(time_utc, EventKind(kind), plain(data)), offset)
        case _:
            return BadLine(offset, "not an event")


def _check_sendable(line: Line, offset: int) -> Line | BadLine:
    """Reject a line that can be neither stored nor sent, since it would block every reader after it."""
    try:
        check_depth(line.data, MAX_EVENT_DEPTH)
        encode([line.time_utc, line.data])
    except CodecError as error:
        return BadLine(offset, str(error))
    return line
