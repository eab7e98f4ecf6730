"""A long text file in parts: where they begin, what each holds besides numbers, and how it is handed to a parser.

No more of the file is in memory at a time than what the parser asks for.
"""

from __future__ import annotations

import codecs
from typing import Any, BinaryIO

import numpy as np

WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""Encodings of two bytes a character, by the mark that a file in one of them begins with."""
_LEAST = 1 << 21
_BLOCK = 1 << 18
_QUOTE, _ZERO = b'"', b"\x00"


def cuts_of(file: BinaryIO, start: int, stop: int, most: int) -> list[int]:
    """Bytes at which at most `most` parts of about one size begin, each at the start of a line; the first and last
    byte included. A part is large enough to be worth a parser of its own."""
    count = max(1, min(most, (stop - start) // _LEAST))
    cuts = [start]
    for number in range(1, count):
        middle = start + (stop - start) * number // count
        file.seek(middle)
        rest = file.readline(_LEAST)
        if middle > cuts[-1] and rest.endswith(b"\n"):
            cuts.append(middle + len(rest))
    return [*(cut for cut in cuts if cut < stop or cut == start), stop]


class Part:
    """The bytes of a file from `start` to `stop`, to read once, in UTF-8 where `encoding` is given.

    To pandas this is no binary file, which it would decode and encode again.
    """

    def __init__(self, file: Any, start: int, stop: int, encoding: str = "") -> None:
        file.seek(start)
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
        self._left = stop - start

    def read(self, size: int) -> bytes:
        """The next bytes, about `size`; none at the end."""
        while True:
            text: bytes = self._file.read(min(size, self._left))
            self._left -= len(text)
            if self._decoder is None:
                return text
            decoded = self._decoder.decode(text, final=not text).encode()
            if decoded or not text:
                return decoded

    def __iter__(self) -> Any:
        """Asked for by pandas, which never iterates over what it hands to its parser."""
        raise TypeError("to be read")


class Counted(Part):
    """A part that counts while it is read.

    separators: how many there were so far. quotes, zeros: whether a quote or a binary zero was met, at which reading
    ends.
    """

    def __init__(self, file: Any, start: int, stop: int, separator: str, encoding: str = "") -> None:
        super().__init__(file, start, stop, encoding)
        self.separators = 0
        self.quotes = self.zeros = False
        self._separator = np.uint8(ord(separator))
        self._found = np.empty(0, dtype=bool)

    def read(self, size: int) -> bytes:
        """The next bytes, about `size`; none at the end and after a quote or zero."""
        text = super().read(size)
        self.quotes, self.zeros = self.quotes or _QUOTE in text, self.zeros or _ZERO in text
        if self.quotes or self.zeros:
            return b""
        if len(text) > len(self._found):
            self._found = np.empty(len(text), dtype=bool)
        here = np.equal(np.frombuffer(text, np.uint8), self._separator, out=self._found[: len(text)])
        self.separators += int(np.count_nonzero(here))
        return text

    def read_all(self) -> None:
        """Read for what is counted alone."""
        while self.read(_BLOCK):
            pass
