"""The tags of a MAT file of version 5, checked before scipy reads it.

scipy trusts the numbers of types and the flag for complex values, so that one flipped bit can end the whole process.

Compressed elements carry a checksum of their own, which reading them verifies.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

HEADER_BYTES = 128
_BYTE_ORDER = {b"IM": "<", b"MI": ">"}
_MATRIX, _COMPRESSED = 14, 15
_TYPES = frozenset((1, 2, 3, 4, 5, 6, 7, 9, 12, 13, _MATRIX, 16, 17, 18))
_CLASSES = range(1, 18)
_COMPLEX_FLAG = 0x0800
_PARTS = dict.fromkeys(range(6, 16), 4) | {5: 6}
"""Elements of a matrix by class, numbers dense (6 to 15) and sparse (5): flags, size, name, data; complex ones have one
more."""
_DEEPEST = 20


class DamagedMat(ValueError):
    """The bytes are no well-formed MAT file of version 5."""


def check_tags(path: Path) -> None:
    """Raise `DamagedMat` unless every element lies within its parent and is of a type and class that exist."""
    with path.open("rb") as file:
        order = _BYTE_ORDER.get(file.read(HEADER_BYTES)[126:])
        if order is None:
            raise DamagedMat
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _check(data, order, HEADER_BYTES, len(data), 0)


def _check(data: mmap.mmap, order: str, start: int, stop: int, depth: int) -> None:
    """Check the elements from `start` to `stop`; inside a matrix (depth above 0) the first one is its flags."""
    if depth > _DEEPEST:
        raise DamagedMat
    count = parts = 0
    while start < stop:
        kind, body, size, start = _element(data, order, start, stop)
        if kind == _MATRIX:
            _check(data, order, body, body + size, depth + 1)
        elif kind not in _TYPES if depth else kind != _COMPRESSED:
            raise DamagedMat
        if depth and count == 0:
            parts = _parts(data, order, kind, body, size)
        count += 1
    if parts and count != parts:
        raise DamagedMat


def _element(data: mmap.mmap, order: str, start: int, stop: int) -> tuple[int, int, int, int]:
    """(type, first byte, size, byte after the padding) of the element at `start`."""
    if start + 8 > stop:
        raise DamagedMat
    kind, size = struct.unpack_from(f"{order}II", data, start)
    if kind >> 16:  # at most four bytes stand in the tag itself
        kind, size, body, after = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        if size > 4:
            raise DamagedMat
    else:
        body = start + 8
        after = body + (size if kind == _COMPRESSED else -(-size // 8) * 8)
    if body + size > stop:
        raise DamagedMat
    return kind, body, size, after


def _parts(data: mmap.mmap, order: str, kind: int, body: int, size: int) -> int:
    """How many elements the matrix with these flags has; 0 when that depends on more."""
    if kind != 6 or size != 8:
        raise DamagedMat
    (flags,) = struct.unpack_from(f"{order}I", data, body)
    if flags & 0xFF not in _CLASSES:
        raise DamagedMat
    parts = _PARTS.get(flags & 0xFF, 0)
    return parts + (1 if parts and flags & _COMPLEX_FLAG else 0)
