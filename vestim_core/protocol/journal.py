"""The journal's line: one event as one line of JSON, ended by a newline.

Only complete lines count, so a line that was cut by a crash does no harm: it is left alone until it is complete, or
for ever. `read_lines` never raises: what does not parse comes back as a `BadLine` that names its offset.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.codec import CodecError, check_depth, encode, plain
from vestim_core.protocol.limits import MAX_LINE_BYTES
from vestim_core.spec.events import EventKind

MAX_EVENT_DEPTH = 32
"""Deeper data would not fit into an answer, which may be nested `MAX_DEPTH` deep itself."""
WORKER_KINDS = frozenset(EventKind) - {EventKind.JOB, EventKind.TASK, EventKind.ATTEMPT}
"""What a worker may report; the states of job, task and attempt are the daemon's to tell."""
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Line:
    """One event as a worker wrote it."""

    time_utc: str
    kind: EventKind
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A complete line that is no event: where it starts, and what is wrong with it."""

    offset: int
    reason: str


def write_line(time_utc: str, kind: EventKind, data: dict[str, Any]) -> bytes:
    """The line for one event, newline included; what JSON lacks becomes the nearest that it has (NaN: null)."""
    try:
        text = _encode({"t": time_utc, "k": kind.value, "d": data})
    except (TypeError, ValueError, RecursionError):
        text = _encode({"t": time_utc, "k": kind.value, "d": plain(data)})
    return text.encode(errors="replace") + b"\n"  # half a character, of a file name that is no UTF-8, becomes '?'


def read_lines(chunk: bytes, offset: int, *, inside: bool = False) -> tuple[list[Line | BadLine], int]:
    """The complete lines in `chunk`, which starts at `offset` of its file, and how far that reads the file.

    A line of more than `MAX_LINE_BYTES` is one bad line, and reading goes on even before its end has been written.
    inside: whether `chunk` starts within such a line, that is, whether the byte before it is no newline.
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
            return _checked(Line(time_utc, EventKind(kind), plain(data)), offset)
        case _:
            return BadLine(offset, "not an event")


def _checked(line: Line, offset: int) -> Line | BadLine:
    """A line that could be neither stored nor sent would stop every reader behind it."""
    try:
        check_depth(line.data, MAX_EVENT_DEPTH)
        encode([line.time_utc, line.data])
    except CodecError as error:
        return BadLine(offset, str(error))
    return line
