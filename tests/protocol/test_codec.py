"""Wire format: messages round trip, and arbitrary bytes are decoded to plain values or rejected."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.protocol.codec import MAX_MESSAGE_DEPTH, CodecError, decode, encode, to_plain_value
from vestim_core.protocol.doorbell_messages import DoorbellMessage
from vestim_core.protocol.message_limits import MAX_DOORBELL_BYTES, MAX_REQUEST_BYTES
from vestim_core.protocol.messages import Reply, Request
from vestim_core.spec.errors import ErrorCode, VestimError

LIMIT = 1 << 20  # bytes; arbitrary, above every message here
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
DECODERS = [lambda raw: decode(raw, limit=LIMIT), Request.decode, Reply.decode, DoorbellMessage.decode]


def is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str | bytes) and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(is_plain(item) for item in value)
    return value is None or type(value) in {bool, int, float, str, bytes}


@given(PLAIN)
def test_plain_values_round_trip(value: Any) -> None:
    assert decode(encode(value), limit=LIMIT) == value


@given(st.binary(max_size=200))
def test_random_bytes_are_decoded_or_rejected(raw: bytes) -> None:
    for decode_message in DECODERS:
        try:
            value = decode_message(raw)
        except CodecError:
            continue
        assert is_plain(value) or isinstance(value, Request | Reply | DoorbellMessage)


@given(PLAIN)
def test_message_of_wrong_structure_is_rejected(value: Any) -> None:
    for decode_message in (Request.decode, Reply.decode, DoorbellMessage.decode):
        try:
            decode_message(encode(value))
        except CodecError:
            continue


@given(PLAIN, st.data())
def test_damaged_message_is_decoded_or_rejected(value: Any, data: st.DataObject) -> None:
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
        b"\xdd\xff\xff\xff\xff",  # an array that claims four billion items
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc7\x00\x05",  # an extension type without content
        b"\xc7\x00\xff",
        b"\xd6\xff\x00\x00\x00\x00",  # the timestamp of msgpack
        b"\x81\x01\x02",  # a number as a key
        b"\xc0\xc0",  # two messages in one
        b"\xa2\xff\xfe",  # text that is not UTF-8
    ],
)
def test_malicious_messages_are_rejected(raw: bytes) -> None:
    with pytest.raises(CodecError):
        decode(raw, limit=LIMIT)


def nested_list(depth: int) -> Any:
    value: Any = None
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_limited() -> None:
    assert decode(encode(nested_list(MAX_MESSAGE_DEPTH - 1)), limit=LIMIT) == nested_list(MAX_MESSAGE_DEPTH - 1)
    for raw in (encode(nested_list(MAX_MESSAGE_DEPTH + 1)), b"\x91" * 500 + b"\xc0", b"\x91" * 100_000 + b"\xc0"):
        with pytest.raises(CodecError):
            decode(raw, limit=LIMIT)


def test_size_is_limited() -> None:
    with pytest.raises(CodecError, match="limit"):
        decode(b"\xc0" * 11, limit=10)
    with pytest.raises(CodecError, match="limit"):
        Request.decode(bytes(MAX_REQUEST_BYTES + 1))
    with pytest.raises(CodecError, match="limit"):
        DoorbellMessage.decode(bytes(MAX_DOORBELL_BYTES + 1))


@pytest.mark.parametrize("value", [object(), 2**64, {"a": {1, 2}}, "\udcff", nested_list(2000)])
def test_encoding_rejects_values_that_are_not_plain(value: Any) -> None:
    with pytest.raises(CodecError):
        encode(value)


@given(st.binary(max_size=32), st.text(max_size=20), MAPPING, st.text(max_size=20), st.integers(0, 99))
def test_requests_round_trip(
    request_id: bytes, method: str, params: dict[str, Any], command_id: str, protocol: int
) -> None:
    request = Request(request_id, method, params, command_id, protocol)
    assert Request.decode(request.encode()) == request


@given(st.binary(max_size=32), PLAIN)
def test_replies_round_trip(request_id: bytes, result: Any) -> None:
    assert Reply.decode(Reply(request_id, result).encode()) == Reply(request_id, result)


def test_errors_round_trip() -> None:
    error = VestimError(
        ErrorCode.REFUSED, "no", location="here", actions=("a",), problems=({"location": "p", "message": "s"},)
    )
    decoded_error = Reply.decode(Reply(b"1", error=error).encode()).error
    assert decoded_error is not None and decoded_error.to_record() == error.to_record()


@given(st.text(max_size=30), st.none() | MAPPING)
def test_doorbell_messages_round_trip(key: str, progress: dict[str, Any] | None) -> None:
    assert DoorbellMessage.decode(DoorbellMessage(key, progress).encode()) == DoorbellMessage(key, progress)


@pytest.mark.parametrize(
    "changes", [{"id": b"x" * 33}, {"method": "m" * 65}, {"command": "c" * 65}, {"params": []}, {"v": "1"}, {"v": True}]
)
def test_each_field_of_a_request_is_checked(changes: dict[str, Any]) -> None:
    valid_request = {"v": 1, "id": b"1", "method": "m", "params": {}, "command": ""}
    assert Request.decode(encode(valid_request)).method == "m"
    with pytest.raises(CodecError):
        Request.decode(encode({**valid_request, **changes}))


def test_non_finite_numbers_become_none() -> None:
    assert to_plain_value({"a": [float("nan"), float("inf"), 1.5], "b": (2,)}) == {"a": [None, None, 1.5], "b": [2]}
    assert msgpack.unpackb(msgpack.packb(to_plain_value({"a": float("-inf")}))) == {"a": None}
