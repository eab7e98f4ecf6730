"""Messages: what is sent comes out as it went in, and bytes from strangers never do more than be refused."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.protocol.bell import Bell
from vestim_core.protocol.codec import MAX_DEPTH, CodecError, decode, encode, plain
from vestim_core.protocol.limits import MAX_BELL_BYTES, MAX_REQUEST_BYTES
from vestim_core.protocol.messages import Reply, Request
from vestim_core.spec.errors import ErrorCode, VestimError

LIMIT = 1 << 20
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=10)
    | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)
MAPPING = st.dictionaries(st.text(max_size=6), PLAIN, max_size=4)
READERS = [lambda raw: decode(raw, limit=LIMIT), Request.decode, Reply.decode, Bell.decode]


def is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str | bytes) and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(is_plain(item) for item in value)
    return value is None or type(value) in {bool, int, float, str, bytes}


@given(PLAIN)
def test_what_goes_in_comes_out(value: Any) -> None:
    assert decode(encode(value), limit=LIMIT) == value


@given(st.binary(max_size=200))
def test_garbage_is_plain_or_refused(raw: bytes) -> None:
    for read in READERS:
        try:
            value = read(raw)
        except CodecError:
            continue
        assert is_plain(value) or isinstance(value, Request | Reply | Bell)


@given(PLAIN)
def test_a_message_of_the_wrong_shape_is_refused(value: Any) -> None:
    for read in (Request.decode, Reply.decode, Bell.decode):
        try:
            read(encode(value))
        except CodecError:
            continue


@given(PLAIN, st.data())
def test_a_damaged_message_is_refused_or_read(value: Any, data: st.DataObject) -> None:
    raw = bytearray(encode(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        assert is_plain(decode(bytes(raw), limit=LIMIT))
    except CodecError:
        return


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",  # an array of four thousand million, which are not there
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc7\x00\x05",  # an extension type without content
        b"\xc7\x00\xff",
        b"\xd6\xff\x00\x00\x00\x00",  # msgpack's own timestamp
        b"\x81\x01\x02",  # a number as a key
        b"\xc0\xc0",  # two messages in one
        b"\xa2\xff\xfe",  # text that is no UTF-8
    ],
)
def test_traps(raw: bytes) -> None:
    with pytest.raises(CodecError):
        decode(raw, limit=LIMIT)


def nested(depth: int) -> Any:
    value: Any = None
    for _ in range(depth):
        value = [value]
    return value


def test_depth_has_a_bound() -> None:
    assert decode(encode(nested(MAX_DEPTH - 1)), limit=LIMIT) == nested(MAX_DEPTH - 1)
    for raw in (encode(nested(MAX_DEPTH + 1)), b"\x91" * 500 + b"\xc0", b"\x91" * 100_000 + b"\xc0"):
        with pytest.raises(CodecError):
            decode(raw, limit=LIMIT)


def test_size_has_a_bound() -> None:
    with pytest.raises(CodecError, match="limit"):
        decode(b"\xc0" * 11, limit=10)
    with pytest.raises(CodecError, match="limit"):
        Request.decode(bytes(MAX_REQUEST_BYTES + 1))
    with pytest.raises(CodecError, match="limit"):
        Bell.decode(bytes(MAX_BELL_BYTES + 1))


@pytest.mark.parametrize("value", [object(), 2**64, {"a": {1, 2}}, "\udcff", nested(2000)])
def test_what_is_not_plain_is_refused_where_it_is_made(value: Any) -> None:
    with pytest.raises(CodecError):
        encode(value)


@given(st.binary(max_size=32), st.text(max_size=20), MAPPING, st.text(max_size=20), st.integers(0, 99))
def test_requests_survive(
    request_id: bytes, method: str, params: dict[str, Any], command_id: str, protocol: int
) -> None:
    request = Request(request_id, method, params, command_id, protocol)
    assert Request.decode(request.encode()) == request


@given(st.binary(max_size=32), PLAIN)
def test_replies_survive(request_id: bytes, result: Any) -> None:
    assert Reply.decode(Reply(request_id, result).encode()) == Reply(request_id, result)


def test_errors_survive() -> None:
    error = VestimError(
        ErrorCode.REFUSED, "no", place="here", actions=("a",), problems=({"place": "p", "sentence": "s"},)
    )
    again = Reply.decode(Reply(b"1", error=error).encode()).error
    assert again is not None and again.to_record() == error.to_record()


@given(st.text(max_size=30), st.none() | MAPPING)
def test_rings_survive(key: str, progress: dict[str, Any] | None) -> None:
    assert Bell.decode(Bell(key, progress).encode()) == Bell(key, progress)


@pytest.mark.parametrize(
    "changed", [{"id": b"x" * 33}, {"method": "m" * 65}, {"command": "c" * 65}, {"params": []}, {"v": "1"}, {"v": True}]
)
def test_each_part_of_a_request_is_checked(changed: dict[str, Any]) -> None:
    whole = {"v": 1, "id": b"1", "method": "m", "params": {}, "command": ""}
    assert Request.decode(encode(whole)).method == "m"
    with pytest.raises(CodecError):
        Request.decode(encode({**whole, **changed}))


def test_numbers_without_a_place_in_json_become_none() -> None:
    assert plain({"a": [float("nan"), float("inf"), 1.5], "b": (2,)}) == {"a": [None, None, 1.5], "b": [2]}
    assert msgpack.unpackb(msgpack.packb(plain({"a": float("-inf")}))) == {"a": None}
