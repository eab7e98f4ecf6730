"""Journal lines: each complete line is read exactly once, however the file grows, and nothing stops the reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.protocol import journal_lines
from vestim_core.protocol.codec import encode
from vestim_core.protocol.journal_lines import WORKER_EVENT_KINDS, BadJournalLine, JournalLine, read_lines, write_line
from vestim_core.protocol.message_limits import MAX_JOURNAL_LINE_BYTES
from vestim_core.spec.events import EventKind

MAX_TEST_LINE_BYTES = 200  # bytes; arbitrary, small so that generated lines exceed it often
KINDS = st.sampled_from(sorted(WORKER_EVENT_KINDS))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
VALID_LINES = st.builds(
    write_line,
    st.just("2026-03-01T12:00:00.000Z"),
    KINDS,
    st.dictionaries(st.text(max_size=4), JSON, max_size=2),
).filter(lambda line: len(line) <= MAX_TEST_LINE_BYTES)
INVALID_LINES = st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b" ") + b"\n")
OVERSIZED_LINES = st.integers(MAX_TEST_LINE_BYTES + 1, MAX_TEST_LINE_BYTES * 5).map(lambda size: b"x" * size + b"\n")


def read_all(file: bytes, cuts: list[int], chunk_size: int) -> tuple[list[JournalLine | BadJournalLine], int]:
    """Read `file` as it grows to each size in `cuts`, at most `chunk_size` bytes at a time."""
    lines: list[JournalLine | BadJournalLine] = []
    offset = 0
    for end in [*sorted(cuts), len(file)]:
        while True:
            chunk = file[offset : min(end, offset + chunk_size)]
            starts_inside_line = offset > 0 and file[offset - 1 : offset] != b"\n"
            new_lines, next_offset = read_lines(chunk, offset, starts_inside_line=starts_inside_line)
            lines.extend(new_lines)
            if next_offset == offset:
                break
            offset = next_offset
    return lines, offset


@pytest.fixture(autouse=True)
def _short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_lines, "MAX_JOURNAL_LINE_BYTES", MAX_TEST_LINE_BYTES)


@given(
    st.lists(VALID_LINES | INVALID_LINES | OVERSIZED_LINES, max_size=12),
    st.binary(max_size=60),
    st.data(),
    st.integers(MAX_TEST_LINE_BYTES + 1, 600),
)
def test_each_complete_line_is_read_once_however_the_file_grows(
    lines: list[bytes], tail: bytes, data: st.DataObject, chunk_size: int
) -> None:
    unfinished = tail.replace(b"\n", b" ")
    file = b"".join(lines) + unfinished
    cuts = data.draw(st.lists(st.integers(0, len(file)), max_size=6))
    read_back, offset = read_all(file, cuts, chunk_size)
    assert offset == len(file) - len(unfinished)
    assert len(read_back) == len(lines)
    start = 0
    for raw, line in zip(lines, read_back, strict=True):
        if isinstance(line, BadJournalLine):
            assert line.offset == start
        else:
            value = json.loads(raw)
            assert (line.time_utc, line.kind, line.data) == (value["t"], value["k"], value["d"])
        start += len(raw)
    assert read_back == read_all(file, [], 10**6)[0], "the cuts make no difference"


@given(KINDS, st.dictionaries(st.text(max_size=4), JSON, max_size=3))
def test_lines_round_trip(kind: EventKind, data: dict[str, Any]) -> None:
    raw = write_line("t", kind, data)
    assert raw.count(b"\n") == 1 and raw.endswith(b"\n")
    if len(raw) <= MAX_TEST_LINE_BYTES:
        assert read_lines(raw, 7) == ([JournalLine("t", kind, data)], 7 + len(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"null",
        b"[1]",
        b'{"t":1,"k":"epoch","d":{}}',
        b'{"t":"","k":"nonsense","d":{}}',
        b'{"t":"","k":"epoch","d":[]}',
        b'{"t":"","k":"job","d":{"state":"done"}}',  # workers may not report job states
        b"\xff\xfe",
        b"[" * 150,
        b'{"t":"","k":"epoch","d":{"a":"\\ud83d"}}',  # lone surrogate: cannot be stored or sent
        b'{"t":"\\udcff","k":"epoch","d":{}}',
        b'{"t":"","k":"epoch","d":{"\\udcff":1}}',
        b'{"t":"","k":"epoch","d":{"a":99999999999999999999999}}',  # a number too large for a message
        b'{"t":"","k":"epoch","d":{"a":' + b"[" * 70 + b"]" * 70 + b"}}",
    ],
)
def test_invalid_lines_are_reported_and_skipped(raw: bytes) -> None:
    valid_line = write_line("t", EventKind.EPOCH, {"n": 1})
    lines, offset = read_lines(raw + b"\n" + valid_line, 0)
    assert isinstance(lines[0], BadJournalLine) and lines[0].offset == 0 and lines[0].reason
    assert lines[1] == JournalLine("t", EventKind.EPOCH, {"n": 1})
    assert offset == len(raw) + 1 + len(valid_line)


class Scalar:
    """Stands for a numpy scalar: not plain itself, `item` returns the plain value."""

    def item(self) -> float:
        return 1.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        ([float("inf"), 1], [None, 1]),
        ("\udcff", "?"),
        (Scalar(), 1.5),
        ({1, 2}, "{1, 2}"),
        ((1, 2), [1, 2]),
    ],
)
def test_any_value_can_be_reported(value: Any, expected: Any) -> None:
    (line,), _ = read_lines(write_line("t", EventKind.EPOCH, {"a": value}), 0)
    assert isinstance(line, JournalLine)
    assert line.data == {"a": expected}
    encode(line.data)


def test_line_length_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_lines, "MAX_JOURNAL_LINE_BYTES", MAX_JOURNAL_LINE_BYTES)
    overhead = len(write_line("t", EventKind.RESULT, {"a": ""})) - 1
    fits = write_line("t", EventKind.RESULT, {"a": "x" * (MAX_JOURNAL_LINE_BYTES - overhead)})
    assert isinstance(read_lines(fits, 0)[0][0], JournalLine)
    assert isinstance(read_lines(b" " + fits, 0)[0][0], BadJournalLine)
