"""Journal lines: whatever the cuts, each complete line is read exactly once, and nothing stops the reading."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.protocol import journal
from vestim_core.protocol.codec import encode
from vestim_core.protocol.journal import WORKER_KINDS, BadLine, Line, read_lines, write_line
from vestim_core.protocol.limits import MAX_LINE_BYTES
from vestim_core.spec.events import EventKind

LONGEST = 200
KINDS = st.sampled_from(sorted(WORKER_KINDS))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
GOOD = st.builds(
    write_line,
    st.just("2026-03-01T12:00:00.000Z"),
    KINDS,
    st.dictionaries(st.text(max_size=4), JSON, max_size=2),
).filter(lambda line: len(line) <= LONGEST)
BAD = st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b" ") + b"\n")
MONSTER = st.integers(LONGEST + 1, LONGEST * 5).map(lambda size: b"x" * size + b"\n")


def read_all(file: bytes, cuts: list[int], piece: int) -> tuple[list[Line | BadLine], int]:
    """What a reader makes of `file` that sees it grow to each of `cuts` and reads at most `piece` bytes at once."""
    found: list[Line | BadLine] = []
    offset = 0
    for end in [*sorted(cuts), len(file)]:
        while True:
            chunk = file[offset : min(end, offset + piece)]
            inside = offset > 0 and file[offset - 1 : offset] != b"\n"
            lines, after = read_lines(chunk, offset, inside=inside)
            found.extend(lines)
            if after == offset:
                break
            offset = after
    return found, offset


@pytest.fixture(autouse=True)
def _short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_LINE_BYTES", LONGEST)


@given(st.lists(GOOD | BAD | MONSTER, max_size=12), st.binary(max_size=60), st.data(), st.integers(LONGEST + 1, 600))
def test_whatever_the_cuts_each_complete_line_comes_once(
    lines: list[bytes], rest: bytes, data: st.DataObject, piece: int
) -> None:
    unfinished = rest.replace(b"\n", b" ")
    file = b"".join(lines) + unfinished
    cuts = data.draw(st.lists(st.integers(0, len(file)), max_size=6))
    found, offset = read_all(file, cuts, piece)
    assert offset == len(file) - len(unfinished)
    assert len(found) == len(lines)
    start = 0
    for raw, line in zip(lines, found, strict=True):
        if isinstance(line, BadLine):
            assert line.offset == start
        else:
            value = json.loads(raw)
            assert (line.time_utc, line.kind, line.data) == (value["t"], value["k"], value["d"])
        start += len(raw)
    assert found == read_all(file, [], 10**6)[0], "the cuts make no difference"


@given(KINDS, st.dictionaries(st.text(max_size=4), JSON, max_size=3))
def test_what_is_written_is_read(kind: EventKind, data: dict[str, Any]) -> None:
    raw = write_line("t", kind, data)
    assert raw.count(b"\n") == 1 and raw.endswith(b"\n")
    if len(raw) <= LONGEST:
        assert read_lines(raw, 7) == ([Line("t", kind, data)], 7 + len(raw))


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
        b'{"t":"","k":"job","d":{"state":"done"}}',  # not for a worker to say
        b"\xff\xfe",
        b"[" * 150,
        b'{"t":"","k":"epoch","d":{"a":"\\ud83d"}}',  # half of a character: cannot be stored or sent
        b'{"t":"\\udcff","k":"epoch","d":{}}',
        b'{"t":"","k":"epoch","d":{"\\udcff":1}}',
        b'{"t":"","k":"epoch","d":{"a":99999999999999999999999}}',  # a number that nobody could be sent
        b'{"t":"","k":"epoch","d":{"a":' + b"[" * 70 + b"]" * 70 + b"}}",
    ],
)
def test_lines_that_are_no_events(raw: bytes) -> None:
    good = write_line("t", EventKind.EPOCH, {"n": 1})
    found, offset = read_lines(raw + b"\n" + good, 0)
    assert isinstance(found[0], BadLine) and found[0].offset == 0 and found[0].reason
    assert found[1] == Line("t", EventKind.EPOCH, {"n": 1})
    assert offset == len(raw) + 1 + len(good)


class Scalar:
    """Like a number of numpy's: knows its plain value, and is none itself."""

    def item(self) -> float:
        return 1.5


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (float("nan"), None),
        ([float("inf"), 1], [None, 1]),
        ("\udcff", "?"),
        (Scalar(), 1.5),
        ({1, 2}, "{1, 2}"),
        ((1, 2), [1, 2]),
    ],
)
def test_a_training_can_report_whatever_it_holds(value: Any, read: Any) -> None:
    (line,), _ = read_lines(write_line("t", EventKind.EPOCH, {"a": value}), 0)
    assert isinstance(line, Line)
    assert line.data == {"a": read}
    encode(line.data)


def test_the_longest_line_fits_and_the_next_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_LINE_BYTES", MAX_LINE_BYTES)
    overhead = len(write_line("t", EventKind.RESULT, {"a": ""})) - 1
    fits = write_line("t", EventKind.RESULT, {"a": "x" * (MAX_LINE_BYTES - overhead)})
    assert isinstance(read_lines(fits, 0)[0][0], Line)
    assert isinstance(read_lines(b" " + fits, 0)[0][0], BadLine)
