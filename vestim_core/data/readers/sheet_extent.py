"""Extent of a sheet's cells, found in its XML. A reader allocates every cell between the first and the last, so one
cell in the last corner of an empty sheet would need more memory than there is."""

from __future__ import annotations

import re

MAX_CELLS = 1 << 26  # cells, arbitrary; a sheet with the maximum number of rows, 1,048,576, may have 64 columns
_FAR_CELL = re.compile(rb'\br="([A-Z]{2,3})(\d+)"')
_ROW = re.compile(rb'<row [^>]{0,200}?\br="(\d+)"')
_MIN_COLUMNS = 26  # columns A to Z are always counted, so that one-letter cells need no search
_MAX_TAG_BYTES = 300  # bytes carried over to the next chunk; longer than any match of the patterns


class SheetExtent:
    """Extent of one sheet, fed with its XML chunk by chunk. Cells in columns A to Z count only through the row they are
    in."""

    def __init__(self) -> None:
        self._columns, self._rows = _MIN_COLUMNS, 0
        self._tail = b""

    def feed(self, chunk: bytes) -> None:
        """Process the next chunk."""
        text = self._tail + chunk
        for letters, row in set(_FAR_CELL.findall(text)):
            self._columns, self._rows = max(self._columns, _column_count(letters)), max(self._rows, int(row[:9]))
        self._rows = max([self._rows, *(int(row[:9]) for row in _ROW.findall(text))])
        self._tail = text[-_MAX_TAG_BYTES:]

    @property
    def cells(self) -> int:
        """Upper limit of the number of cells that a reader allocates."""
        return self._columns * self._rows


def _column_count(letters: bytes) -> int:
    count = 0
    for letter in letters:
        count = 26 * count + letter - ord("A") + 1
    return count
