"""Messages on the wire: msgpack of plain values, with bounds on every dimension.

`decode` gives back exactly what `encode` was given, or raises `CodecError`; it never runs code, never builds anything
but dicts, lists, text, bytes, numbers, booleans and None, and never allocates more than a message of its size can
need.
"""

from __future__ import annotations

import math
from typing import Any

import msgpack

MAX_DEPTH = 64


class CodecError(ValueError):
    """The bytes are no message of ours."""


def encode(value: Any) -> bytes:
    """`value` as bytes. `CodecError` for what is not plain, so that a bad answer is found where it is made."""
    try:
        packed: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise CodecError(f"cannot be sent: {error}") from None
    return packed


def decode(raw: bytes, *, limit: int) -> Any:
    """The value in `raw`, which is at most `limit` bytes; `CodecError` when it is anything else."""
    if len(raw) > limit:
        raise CodecError(f"a message of {len(raw)} bytes is above the limit of {limit}")
    try:
        value = msgpack.unpackb(
            raw,
            raw=False,
            strict_map_key=True,
            max_str_len=limit,
            max_bin_len=limit,
            max_ext_len=0,
            max_array_len=limit,
            max_map_len=limit,
        )
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise CodecError(f"not a message: {error}") from None
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for node in level
            if isinstance(node, dict | list)
            for item in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise CodecError(f"nested deeper than {MAX_DEPTH}")


def finite_or_none(value: Any) -> Any:
    """`value` with NaN and infinities as None, since neither JSON nor a chart has a place for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite_or_none(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_or_none(item) for item in value]
    return value
