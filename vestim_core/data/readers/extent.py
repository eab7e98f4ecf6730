"""How far out the cells of a sheet lie, by its XML: a reader makes room for every cell between the first and the last,
so that one cell in the last corner of an empty sheet would take more memory than there is."""

from __future__ import annotations

import re

MOST_CELLS = 1 << 26
_FAR = re.compile(rb'\br="([A-Z]{2,3})(\d+)"')
_ROW = re.compile(rb'<row [^>]{0,200}?\br="(\d+)"')
_NEAR = 26
_LONGEST = 300


class Extent:
    """Fed with the XML of one sheet, piece by piece. Rows of cells in columns A to Z count as their row says."""

    def __init__(self) -> None:
        self._columns, self._rows = _NEAR, 0
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """The next piece."""
        text = self._tail + piece
        for letters, row in set(_FAR.findall(text)):
            self._columns, self._rows = max(self._columns, _number(letters)), max(self._rows, int(row[:9]))
        self._rows = max([self._rows, *(int(row[:9]) for row in _ROW.findall(text))])
        self._tail = text[-_LONGEST:]

    @property
    def cells(self) -> int:
        """At most so many are made room for."""
        return self._columns * self._rows


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
