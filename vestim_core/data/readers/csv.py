"""Text tables by pandas' C parser, a part of the file for each core; line by line where that finds faults.

The rows of many parts are counted first, so that every parser writes to where its rows belong, a piece at a time: fresh
memory costs about as much as parsing into it. A table that would not fit is refused before it is read.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import psutil

from vestim_core.data.readers.layout import Layout, find_layout
from vestim_core.data.readers.lines import Lines
from vestim_core.data.readers.pieces import Counted, Part, cuts_of
from vestim_core.data.readers.source import Raw
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding

_THREADS = min(os.cpu_count() or 1, 4)
_PIECE_FIELDS = 1 << 18
_MEMORY_PER_VALUE = 3 * 8
_NO_NUMBERS = (ValueError, OverflowError)
"""What pandas raises for fields that are none, its own errors among them."""
_ALWAYS_THERE = 1 << 26
"""Bytes of memory that are taken for granted: to ask how much there is costs as much as to read a short file."""


@dataclass(frozen=True)
class CsvSource:
    """A text table whose layout is known."""

    path: Path
    layout: Layout

    @property
    def headers(self) -> list[str]:
        """Names in the header line, in order."""
        return self.layout.headers

    @property
    def preamble(self) -> str:
        """The lines above the names."""
        return self.layout.preamble

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Opening a text table leaves nothing out."""
        return ()

    def sample(self, position: int) -> list[str]:
        """The column's first fields."""
        return [row[position].strip() if position < len(row) else "" for row in self.layout.first_rows]

    def estimated_rows(self) -> int:
        """By the mean length of the first lines."""
        return max(1, round((self.path.stat().st_size - self.layout.data_offset) / self.layout.row_bytes))

    def read(self, positions: Sequence[int], texts: Collection[int]) -> Raw:
        """The columns as float64, those of `texts` as text."""
        self._refuse_too_large(len(positions))
        columns = None if self.layout.lead else self._parsed(list(positions), texts)
        return Raw(columns) if columns is not None else self._lines.read(positions, texts)

    def place(self, row: int) -> str:
        """The line's number as an editor shows it."""
        return self._lines.place(row)

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.path, self.layout)

    def _refuse_too_large(self, columns: int) -> None:
        rows, size_GB = self.estimated_rows(), self.path.stat().st_size / 1e9
        needed = rows * columns * _MEMORY_PER_VALUE
        if needed > _ALWAYS_THERE and needed > psutil.virtual_memory().available:
            raise wrong_input(
                f'"{self.path.name}" has about {rows:,} rows in {size_GB:.1f} GB, which do not fit into memory: split '
                f"the file or export fewer rows.",
                place=str(self.path),
            )

    def _parsed(self, positions: list[int], texts: Collection[int]) -> dict[int, np.ndarray] | None:
        """All columns by pandas; None when some row is not as the first ones are."""
        kinds: dict[int, Any] = {position: object if position in texts else np.float64 for position in positions}
        # The parser takes the bytes for UTF-8, and numbers are the same in every encoding of one byte a character.
        layout = self.layout
        encoding = layout.encoding if layout.wide or (texts and layout.encoding != "utf-8") else ""
        with self.path.open("rb") as file:
            start, stop = layout.data_offset, file.seek(0, io.SEEK_END)
            parts = list(pairwise(cuts_of(file, start, stop, 1 if layout.wide else _THREADS)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's, about a decoder; whatever matters is checked
            if len(parts) == 1:
                return self._in_one(kinds, parts[0], encoding)
            return self._side_by_side(kinds, parts, encoding)

    def _in_one(self, kinds: dict[int, Any], part: tuple[int, int], encoding: str) -> dict[int, np.ndarray] | None:
        """In this thread: another one would have to get memory of its own."""
        with self.path.open("rb", buffering=0) as file:
            counted = Counted(file, *part, self.layout.separator, encoding)
            try:
                pieces = list(self._pieces(kinds, counted))
            except _NO_NUMBERS:
                pieces = []
        rows = self._rows_of(counted)  # which says what is wrong with the file, if it is that
        if not pieces or not rows or rows != sum(map(len, pieces)):
            return None
        return {position: _joined([_values(piece[position]) for piece in pieces]) for position in kinds}

    def _side_by_side(
        self, kinds: dict[int, Any], parts: list[tuple[int, int]], encoding: str
    ) -> dict[int, np.ndarray] | None:
        """A thread for each part: the first time to count rows, then to write them to where they belong."""

        def count(part: tuple[int, int]) -> int:
            with self.path.open("rb", buffering=0) as file:
                counted = Counted(file, *part, self.layout.separator, encoding)
                counted.read_all()
            return self._rows_of(counted)

        def fill(part: tuple[int, int], at: int, end: int) -> bool:
            try:
                with self.path.open("rb", buffering=0) as file:
                    for piece in self._pieces(kinds, Part(file, *part, encoding)):
                        first, at = at, at + len(piece)
                        if at > end:
                            return False
                        for position, column in columns.items():
                            column[first:at] = _values(piece[position])
            except _NO_NUMBERS:
                return False
            return at == end

        with ThreadPoolExecutor(len(parts)) as pool:
            rows = [*pool.map(count, parts)]
            if not all(rows):
                return None
            ends = [0, *accumulate(rows)]
            columns = {position: np.empty(ends[-1], dtype=kind) for position, kind in kinds.items()}
            return columns if all([*pool.map(fill, parts, ends, ends[1:])]) else None

    def _rows_of(self, counted: Counted) -> int:
        """Rows of a part by its separators, for pandas drops fields that are too many and a stray one shifts every
        value after it; 0 when it must be read line by line."""
        if counted.zeros:
            raise wrong_input(
                f'"{self.path.name}" has binary zeros in it: copy or export it again.', place=str(self.path)
            )
        rows, stray = divmod(counted.separators, max(self.layout.width - 1, 1))
        return 0 if counted.quotes or stray else rows

    def _pieces(self, kinds: dict[int, Any], part: Part) -> Iterator[pd.DataFrame]:
        """The part's rows, a piece at a time. Raises `_NO_NUMBERS` where they are not as the first ones."""
        layout, handle = self.layout, cast(Any, part)
        with pd.read_csv(
            handle,
            sep=layout.separator,
            decimal=layout.decimal,
            thousands=layout.thousands or None,
            header=None,
            index_col=False,
            usecols=list(kinds),
            dtype=kinds,
            engine="c",
            encoding_errors="replace",
            low_memory=False,
            chunksize=max(_PIECE_FIELDS // layout.width, 1),
        ) as pieces:
            yield from pieces


def _values(column: pd.Series[Any]) -> np.ndarray:
    if column.dtype != object:
        numbers: np.ndarray = column.to_numpy()
        numbers.flags.writeable = True  # of a frame that nobody else will see
        return numbers
    texts: np.ndarray = column.to_numpy(dtype=object, copy=True)
    texts[column.isna().to_numpy()] = None
    return texts


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def open_csv(path: Path) -> CsvSource:
    """The table's layout and headers; wrong_input when there is no table."""
    return CsvSource(path, find_layout(path))
