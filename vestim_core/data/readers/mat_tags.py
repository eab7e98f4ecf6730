"""Checks the tags of a MAT file of version 5 before scipy reads it.

scipy trusts the type numbers and the complex flag, so a single flipped bit can crash the process. Compressed elements
carry their own checksum, which is verified on reading.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

HEADER_BYTES = 128  # MAT-File Format, version 5: text and byte order mark
_BYTE_ORDER = {b"IM": "<", b"MI": ">"}
_MATRIX, _COMPRESSED = 14, 15
_TYPES = frozenset((1, 2, 3, 4, 5, 6, 7, 9, 12, 13, _MATRIX, 16, 17, 18))
_CLASSES = range(1, 18)
_COMPLEX_FLAG = 0x0800  # bit of the array flags, MAT-File Format, version 5
_PART_COUNTS = dict.fromkeys(range(6, 16), 4) | {5: 6}
"""Number of elements of a matrix by class, for dense (6 to 15) and sparse (5) numbers: flags, size, name, data. Complex
ones have one more."""
_MAX_DEPTH = 20  # nested matrices, arbitrary: deeper than any real struct, and well below the recursion limit


class DamagedMat(ValueError):
    """The bytes are not a well-formed MAT file of version 5."""


def check_tags(path: Path) -> None:
    """Raise `DamagedMat` unless every element lies within its parent and has a valid type and class."""
    with path.open("rb") as file:
        order = _BYTE_ORDER.get(file.read(HEADER_BYTES)[126:])
        if order is None:
            raise DamagedMat
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _check_elements(data, order, HEADER_BYTES, len(data), 0)


def _check_elements(data: mmap.mmap, order: str, start: int, stop: int, depth: int) -> None:
    """Check the elements from `start` to `stop`; inside a matrix (depth above 0) the first one holds its flags."""
    if depth > _MAX_DEPTH:
        raise DamagedMat
    count = part_count = 0
    while start < stop:
        kind, body, size, start = _read_tag(data, order, start, stop)
        if kind == _MATRIX:
            _check_elements(data, order, body, body + size, depth + 1)
        elif kind not in _TYPES if depth else kind != _COMPRESSED:
            raise DamagedMat
        if depth and count == 0:
            part_count = _count_parts(data, order, kind, body, size)
        count += 1
    if part_count and count != part_count:
        raise DamagedMat


def _read_tag(data: mmap.mmap, order: str, start: int, stop: int) -> tuple[int, int, int, int]:
    """(type, first byte, size, byte after the padding) of the element at `start`."""
    if start + 8 > stop:
        raise DamagedMat
    kind, size = struct.unpack_from(f"{order}II", data, start)
    if kind >> 16:  # small element: its data, at most four bytes, is in the tag itself
        kind, size, body, end = kind & 0xFFFF, kind >> 16, start + 4, start + 8
        if size > 4:
            raise DamagedMat
    else:
        body = start + 8
        end = body + (size if kind == _COMPRESSED else -(-size // 8) * 8)
    if body + size > stop:
        raise DamagedMat
    return kind, body, size, end


def _count_parts(data: mmap.mmap, order: str, kind: int, body: int, size: int) -> int:
    """Number of elements of the matrix with these flags; 0 if it depends on more than the flags."""
    if kind != 6 or size != 8:
        raise DamagedMat
    (flags,) = struct.unpack_from(f"{order}I", data, body)
    if flags & 0xFF not in _CLASSES:
        raise DamagedMat
    parts = _PART_COUNTS.get(flags & 0xFF, 0)
    return parts + (1 if parts and flags & _COMPLEX_FLAG else 0)
