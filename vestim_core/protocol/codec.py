"""Wire format: msgpack of plain values, bounded in size and depth.

`decode` returns exactly what was encoded or raises `CodecError`. It never runs code, builds only dicts, lists, text,
bytes, numbers, booleans and None, and never allocates more than a message of that size can need.
"""

from __future__ import annotations

import gc
import math
from typing import Any

import msgpack

MAX_MESSAGE_DEPTH = 64  # nesting levels; arbitrary, above any valid message and far below the recursion limit


class CodecError(ValueError):
    """The value cannot be encoded, or the bytes are not a valid message."""


def encode(value: Any) -> bytes:
    """Encode a plain value. Raises `CodecError` for anything else, so that a bad reply fails where it is created."""
    try:
        packed: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise CodecError(f"cannot be sent: {error}") from None
    return packed


def decode(raw: bytes, *, limit: int, depth: int | None = MAX_MESSAGE_DEPTH) -> Any:
    """Decode a message of at most `limit` bytes and `depth` nesting levels. Raises `CodecError` if it is invalid.

    depth: None for messages of an authenticated daemon; msgpack's own bound still applies.
    """
    if len(raw) > limit:
        raise CodecError(f"a message of {len(raw)} bytes is above the limit of {limit}")
    gc_was_enabled = gc.isenabled()
    gc.disable()  # building a large value triggers collections that free nothing and double the time
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
            ext_hook=_refuse_extension,
        )
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise CodecError(f"not a message: {error}") from None
    finally:
        if gc_was_enabled:
            gc.enable()
    if depth is not None:
        check_depth(value, depth)
    return value


def check_depth(value: Any, max_depth: int) -> None:
    """Raise `CodecError` if lists and dicts are nested more than `max_depth` levels."""
    nodes = [value] if isinstance(value, dict | list) else []
    for _ in range(max_depth):
        nodes = [
            item
            for node in nodes
            for item in (node.values() if isinstance(node, dict) else node)
            if type(item) is dict or type(item) is list  # exact types: ten times faster, and decoding creates no others
        ]
        if not nodes:
            return
    raise CodecError(f"nested deeper than {max_depth}")


def to_plain_value(value: Any, depth: int = 0) -> Any:
    """Convert to the closest plain value, for reports that must never fail; plain values stay unchanged.

    NaN and infinities become None, since neither JSON nor a chart can show them; numbers of other libraries become
    plain numbers, anything else its text. Values nested deeper than `MAX_FORMULA_DEPTH` become None.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if depth >= MAX_MESSAGE_DEPTH:
        return None
    if isinstance(value, dict):
        return {str(key): to_plain_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain_value(item, depth + 1) for item in value]
    try:
        return to_plain_value(value.item(), depth + 1)
    except (AttributeError, TypeError, ValueError):
        return str(value)


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code} is not allowed")
