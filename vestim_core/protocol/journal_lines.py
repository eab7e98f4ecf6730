"""Journal lines: one event per line of JSON, terminated by a newline.

Only complete lines are read, so a line truncated by a crash does no harm. `read_lines` never raises: a line that cannot
be parsed is returned as a `BadJournalLine` with its offset.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vestim_core.protocol.codec import CodecError, check_depth, encode, to_plain_value
from vestim_core.protocol.message_limits import MAX_JOURNAL_LINE_BYTES
from vestim_core.spec.events import EventKind
from vestim_core.spec.schema_upgrade import upgrade_event

MAX_EVENT_DEPTH = 32
"""Nesting levels of an event's data; a reply adds its own levels and must stay within the codec's
`MAX_FORMULA_DEPTH`."""
WORKER_EVENT_KINDS = frozenset(EventKind) - {EventKind.JOB, EventKind.TASK, EventKind.ATTEMPT}
"""Event kinds that a worker may report. Only the daemon reports states of jobs, tasks and attempts."""
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_RENAMED_KINDS = frozenset({EventKind.MESSAGE, EventKind.FINDING, EventKind.RESULT})
"""Events whose data had other keys before schema 3; a worker of an earlier version may outlive an upgrade."""
_EARLIER_SPELLINGS = (b'"text":', b'"sentence":', b'"place":', b'"retest":', b'"doubts":', b'"normalise"')
"""Looked for in the raw line, since upgrading a result of 100 kB that needs none would take milliseconds."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One event as written by a worker."""

    time_utc: str
    kind: EventKind
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadJournalLine:
    """A complete line that is not a valid event. offset: its first byte in the file."""

    offset: int
    reason: str


def write_line(time_utc: str, kind: EventKind, data: dict[str, Any]) -> bytes:
    """Encode one event as a line with newline. Values that JSON lacks become the closest JSON value (NaN: null)."""
    try:
        text = _encode({"t": time_utc, "k": kind.value, "d": data})
    except (TypeError, ValueError, RecursionError):
        text = _encode({"t": time_utc, "k": kind.value, "d": to_plain_value(data)})
    return text.encode(errors="replace") + b"\n"  # lone surrogates, from file names that are not UTF-8, become '?'


def read_lines(
    chunk: bytes, offset: int, *, starts_inside_line: bool = False
) -> tuple[list[JournalLine | BadJournalLine], int]:
    """Read the complete lines of `chunk`, which starts at `offset` in the file, and return them with the next offset.

    A line longer than `MAX_JOURNAL_LINE_BYTES` is one bad line; reading continues even before its end has been written.
    starts_inside_line: True if `chunk` starts within such a line, i.e. the byte before it is not a newline.
    """
    end = chunk.rfind(b"\n") + 1
    start = 0
    if starts_inside_line:
        start = chunk.find(b"\n") + 1
        if not start:
            return [], offset + len(chunk)
    elif not end and len(chunk) > MAX_JOURNAL_LINE_BYTES:
        return [BadJournalLine(offset, f"longer than {MAX_JOURNAL_LINE_BYTES} bytes")], offset + len(chunk)
    lines: list[JournalLine | BadJournalLine] = []
    while start < end:
        stop = chunk.index(b"\n", start)
        lines.append(_read_line(chunk[start:stop], offset + start))
        start = stop + 1
    return lines, offset + end


def _read_line(raw: bytes, offset: int) -> JournalLine | BadJournalLine:
    if len(raw) > MAX_JOURNAL_LINE_BYTES:
        return BadJournalLine(offset, f"longer than {MAX_JOURNAL_LINE_BYTES} bytes")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return BadJournalLine(offset, "not JSON")
    match value:
        case {"t": str(time_utc), "k": str(kind), "d": dict(data)} if kind in WORKER_EVENT_KINDS:
            if kind in _RENAMED_KINDS and any(spelling in raw for spelling in _EARLIER_SPELLINGS):
                data = upgrade_event(kind, data)
            return _check_sendable(JournalLine(time_utc, EventKind(kind), to_plain_value(data)), offset)
        case _:
            return BadJournalLine(offset, "not an event")


def _check_sendable(line: JournalLine, offset: int) -> JournalLine | BadJournalLine:
    """Reject a line that can be neither stored nor sent, since it would block every reader after it."""
    try:
        check_depth(line.data, MAX_EVENT_DEPTH)
        encode([line.time_utc, line.data])
    except CodecError as error:
        return BadJournalLine(offset, str(error))
    return line
