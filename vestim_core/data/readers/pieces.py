"""A long text file in pieces: where they begin, what each holds besides numbers, and columns that grow by them.

No more of the file is in memory at a time than what the parser asks for.
"""

from __future__ import annotations

import codecs
import sys
from typing import Any, BinaryIO

import numpy as np

WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""Encodings of two bytes a character, by the mark that a file in one of them begins with."""
_PIECE = 13 << 18
_READ = 1 << 18
_SPARE = 1.1
_QUOTE, _ZERO = b'"', b"\x00"


def cuts_of(file: BinaryIO, start: int, stop: int) -> list[int]:
    """Bytes at which pieces begin, each at the start of a line; the first and last included.

    Pieces are large enough to be worth a parser each and small enough for its memory to be used again for the next.
    """
    cuts = [start]
    while stop - cuts[-1] > 1.5 * _PIECE:
        file.seek(cuts[-1] + _PIECE)
        rest = file.readline(_PIECE)
        if not rest.endswith(b"\n"):
            break
        cuts.append(cuts[-1] + _PIECE + len(rest))
    return [*cuts, stop]


class Stretch:
    """The next `length` bytes of a file, to read once. To pandas this is no binary file, which it would decode and
    encode again; UTF-16 alone is made UTF-8 here, and then the file is read to its end.

    Once read: separators: how many there were. quotes, zeros: whether a quote or a binary zero was met, at which
    reading ends.
    """

    def __init__(self, file: Any, length: int, separator: str, encoding: str) -> None:
        wide = encoding in WIDE.values()
        self.separators = 0
        self.quotes = self.zeros = False
        self._file = codecs.EncodedFile(file, "utf-8", encoding, "replace") if wide else file
        self._left = sys.maxsize if wide else length
        self._separator = np.uint8(ord(separator))
        self._marks = np.empty(0, dtype=bool)

    def read(self, size: int) -> bytes:
        """The next bytes, about `size`; none at the end and after a quote or zero."""
        text: bytes = self._file.read(min(size, self._left))
        self._left -= len(text)
        self.quotes, self.zeros = self.quotes or _QUOTE in text, self.zeros or _ZERO in text
        if self.quotes or self.zeros:
            return b""
        if len(text) > len(self._marks):
            self._marks = np.empty(len(text), dtype=bool)
        marks = np.equal(np.frombuffer(text, np.uint8), self._separator, out=self._marks[: len(text)])
        self.separators += int(np.count_nonzero(marks))
        return text

    def read_all(self) -> bytes:
        """All the bytes that are left."""
        return b"".join(iter(lambda: self.read(_READ), b""))

    def __iter__(self) -> Any:
        """Asked for by pandas, which never iterates over what it hands to its parser."""
        raise TypeError("to be read")


class Growing:
    """A column that arrays are appended to, with room for about as many values as are expected."""

    def __init__(self, expected: int, kind: Any) -> None:
        self._values = np.empty(int(expected * _SPARE), dtype=kind)
        self._count = 0

    def append(self, values: np.ndarray) -> None:
        """Add (n,) values."""
        needed = self._count + len(values)
        if needed > len(self._values):
            longer = np.empty(int(needed * _SPARE) * 3 // 2, dtype=self._values.dtype)
            longer[: self._count] = self.values
            self._values = longer
        self._values[self._count : needed] = values
        self._count = needed

    @property
    def values(self) -> np.ndarray:
        """All of them, (N,)."""
        return self._values[: self._count]
