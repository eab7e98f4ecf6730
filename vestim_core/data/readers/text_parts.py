"""A long text file in parts that can be parsed in parallel: their boundaries, separators and conversion to UTF-8.

Only as much of the file as the parser requests is in memory at a time.
"""

from __future__ import annotations

import codecs
from typing import Any, BinaryIO

import numpy as np

UTF16_ENCODINGS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""UTF-16 encodings by byte order mark."""
_MIN_PART_BYTES = 1 << 21  # 2 MiB: below that a further thread costs more than it saves
_BLOCK_BYTES = 1 << 18  # 256 KiB per read while counting: pandas reads blocks of the same size
_QUOTE, _NUL = b'"', b"\x00"


def split_at_lines(file: BinaryIO, start: int, stop: int, max_parts: int) -> list[int]:
    """Split the bytes from `start` to `stop` into at most `max_parts` parts of similar size, each starting at a line.

    Returns the boundaries, the first and last byte included. Parts are large enough to be worth a parser each.
    """
    count = max(1, min(max_parts, (stop - start) // _MIN_PART_BYTES))
    cuts = [start]
    for index in range(1, count):
        middle = start + (stop - start) * index // count
        file.seek(middle)
        partial_line = file.readline(_MIN_PART_BYTES)
        if middle > cuts[-1] and partial_line.endswith(b"\n"):
            cuts.append(middle + len(partial_line))
    return [*(cut for cut in cuts if cut < stop or cut == start), stop]


class FilePart:
    """The bytes of a file from `start` to `stop`, readable once, converted to UTF-8 if `encoding` is given.

    pandas does not recognize it as a binary file, which it would decode and encode again.
    """

    def __init__(self, file: Any, start: int, stop: int, encoding: str = "") -> None:
        file.seek(start)
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
        self._remaining = stop - start

    def read(self, size: int) -> bytes:
        """Read about `size` bytes; empty at the end."""
        while True:
            text: bytes = self._file.read(min(size, self._remaining))
            self._remaining -= len(text)
            if self._decoder is None:
                return text
            decoded_text = self._decoder.decode(text, final=not text).encode()
            if decoded_text or not text:
                return decoded_text

    def __iter__(self) -> Any:
        """Required by pandas, which checks for it but never iterates."""
        raise TypeError("to be read")


class CountingPart(FilePart):
    """A part that counts while it is read.

    separators: number of separators so far. has_quotes, has_zeros: set at the first quote or binary zero, which ends
    reading.
    """

    def __init__(self, file: Any, start: int, stop: int, separator: str, encoding: str = "") -> None:
        super().__init__(file, start, stop, encoding)
        self.separators = 0
        self.has_quotes = self.has_zeros = False
        self._separator = np.uint8(ord(separator))
        self._matches = np.empty(0, dtype=bool)

    def read(self, size: int) -> bytes:
        """Read about `size` bytes; empty at the end and after a quote or binary zero."""
        text = super().read(size)
        self.has_quotes, self.has_zeros = self.has_quotes or _QUOTE in text, self.has_zeros or _NUL in text
        if self.has_quotes or self.has_zeros:
            return b""
        if len(text) > len(self._matches):
            self._matches = np.empty(len(text), dtype=bool)
        matches = np.equal(np.frombuffer(text, np.uint8), self._separator, out=self._matches[: len(text)])
        self.separators += int(np.count_nonzero(matches))
        return text

    def read_all(self) -> None:
        """Read everything for the counts alone."""
        while self.read(_BLOCK_BYTES):
            pass
