"""The journal's line: one event as one line of JSON, ended by a newline.

Only complete lines count, so a line that was cut by a crash does no harm: it is left alone until it is complete, or
for ever. `read_lines` never raises: what does not parse comes back as a `BadLine` that names its offset.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.codec import finite_or_none
from vestim_core.protocol.limits import MAX_LINE_BYTES
from vestim_core.spec.events import EventKind

_KINDS = {kind.value for kind in EventKind}
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
    """The line for one event, newline included; numbers that JSON lacks become null."""
    try:
        text = _encode({"t": time_utc, "k": kind.value, "d": data})
    except ValueError:
        text = _encode({"t": time_utc, "k": kind.value, "d": finite_or_none(data)})
    return text.encode() + b"\n"


def read_lines(chunk: bytes, offset: int) -> tuple[list[Line | BadLine], int]:
    """The complete lines in `chunk`, which starts at `offset` of its file, and the offset after the last of them.

    A chunk of more than `MAX_LINE_BYTES` without a newline counts as one bad line, so that reading always goes on.
    """
    end = chunk.rfind(b"\n") + 1
    if not end and len(chunk) > MAX_LINE_BYTES:
        return [BadLine(offset, f"longer than {MAX_LINE_BYTES} bytes")], offset + len(chunk)
    lines: list[Line | BadLine] = []
    start = 0
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
        case {"t": str(time_utc), "k": str(kind), "d": dict(data)} if kind in _KINDS:
            return Line(time_utc, EventKind(kind), finite_or_none(data))
        case _:
            return BadLine(offset, "not an event")
