"""Text tables by pandas' C parser, a part of the file for each core; line by line where that finds faults.

Each parser reads a piece of its part at a time, into the same memory as the piece before: fresh memory costs about as
much as parsing into it. A table that would not fit is refused before it is read.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from vestim_core.data.readers.layout import Layout, find_layout
from vestim_core.data.readers.lines import Lines
from vestim_core.data.readers.pieces import Growing, Stretch, cuts_of
from vestim_core.data.readers.source import Raw
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding

_THREADS = min(os.cpu_count() or 1, 4)
_PIECE_FIELDS = 1 << 19
_MEMORY_PER_VALUE = 3 * 8
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
        with self.path.open("rb") as file:
            start, stop = self.layout.data_offset, file.seek(0, io.SEEK_END)
            parts = list(pairwise(cuts_of(file, start, stop, 1 if self.layout.wide else _THREADS)))
        rows = self.estimated_rows()
        columns = [
            [Growing(rows if number == 0 else rows // len(parts), kinds[position]) for position in positions]
            for number in range(len(parts))
        ]

        def parse(number: int) -> bool:
            return self._parse(*parts[number], kinds, columns[number])

        def join(column: int) -> np.ndarray:
            for later in columns[1:]:
                columns[0][column].append(later[column].values)
            return columns[0][column].values

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's, about a decoder; whatever matters is checked
            if len(parts) == 1:  # in a thread of its own it would have to get memory of its own
                return dict(zip(positions, map(join, range(len(positions))), strict=True)) if parse(0) else None
            with ThreadPoolExecutor(len(parts)) as pool:
                if not all([*pool.map(parse, range(len(parts)))]):
                    return None
                return dict(zip(positions, pool.map(join, range(len(positions))), strict=True))

    def _parse(self, start: int, stop: int, kinds: dict[int, Any], columns: Sequence[Growing]) -> bool:
        """Append the rows of one part of the file to `columns`; False when it must be read line by line.

        Separators are counted, for pandas drops fields that are too many and a stray one shifts every value after it.
        The parser takes the bytes for UTF-8, and numbers are the same in every encoding of one byte a character; text
        in another one is decoded before.
        """
        layout, rows = self.layout, 0
        recoded = layout.wide or (object in kinds.values() and layout.encoding != "utf-8")
        with self.path.open("rb", buffering=0) as file:
            file.seek(start)
            stretch = Stretch(file, stop - start, layout.separator, layout.encoding if recoded else "")
            handle: Any = stretch
            try:
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
                    for piece in pieces:
                        rows += len(piece)
                        for column, (position, kind) in zip(columns, kinds.items(), strict=True):
                            column.append(_column(piece[position], kind))
            except (ValueError, OverflowError):  # pandas' parser errors are ValueErrors too
                rows = -1
        if stretch.zeros:
            raise wrong_input(
                f'"{self.path.name}" has binary zeros in it: copy or export it again.', place=str(self.path)
            )
        return rows >= 0 and not stretch.quotes and stretch.separators == rows * (layout.width - 1)


def open_csv(path: Path) -> CsvSource:
    """The table's layout and headers; wrong_input when there is no table."""
    return CsvSource(path, find_layout(path))


def _column(values: pd.Series[Any], kind: Any) -> np.ndarray:
    if kind is not object:
        numbers: np.ndarray = values.to_numpy(dtype=np.float64)
        numbers.flags.writeable = True  # of a frame that nobody else will see
        return numbers
    texts: np.ndarray = values.to_numpy(dtype=object, copy=True)
    texts[values.isna().to_numpy()] = None
    return texts
