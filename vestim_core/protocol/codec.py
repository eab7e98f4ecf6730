"""Messages on the wire: msgpack of plain values, with bounds on every dimension.

`decode` gives back exactly what `encode` was given, or raises `CodecError`; it never runs code, never builds anything
but dicts, lists, text, bytes, numbers, booleans and None, and never allocates more than a message of its size can
need.
"""

from __future__ import annotations

import gc
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


def decode(raw: bytes, *, limit: int, depth: int | None = MAX_DEPTH) -> Any:
    """The value in `raw`, which is at most `limit` bytes and nested at most `depth` deep; `CodecError` when it is not.

    depth: None from a daemon, which has proved who it is; msgpack's own bound remains.
    """
    if len(raw) > limit:
        raise CodecError(f"a message of {len(raw)} bytes is above the limit of {limit}")
    collects = gc.isenabled()
    gc.disable()  # building a large value would set off collections that find nothing and double the time
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
        if collects:
            gc.enable()
    if depth is not None:
        check_depth(value, depth)
    return value


def check_depth(value: Any, most: int) -> None:
    """`CodecError` when lists and dicts lie in each other more than `most` deep."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        level = [
            item
            for node in level
            for item in (node.values() if isinstance(node, dict) else node)
            if type(item) is dict or type(item) is list  # exact types: ten times quicker, and decoding makes no others
        ]
        if not level:
            return
    raise CodecError(f"nested deeper than {most}")


def plain(value: Any, depth: int = 0) -> Any:
    """The nearest plain value to `value`, for those who report and must never fail; what is plain already stays.

    NaN and infinities become None, since neither JSON nor a chart has a place for them; a number of another library its
    plain number; anything else its text. What is nested beyond `MAX_DEPTH` is left out.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if depth >= MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    try:
        return plain(value.item(), depth + 1)
    except (AttributeError, TypeError, ValueError):
        return str(value)


def _refuse_extension(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code} is not allowed")
