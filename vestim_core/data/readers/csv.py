"""Text tables read by pandas' C parser, one part of the file per core; files with malformed rows are read line by line.

The rows of each part are counted first, so that every parser writes chunks directly to their final position: allocating
fresh memory costs about as much as parsing. A table that would not fit into memory is rejected before it is read.
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

from vestim_core.data.readers.line_reader import LineReader
from vestim_core.data.readers.source import RawColumns
from vestim_core.data.readers.text_layout import Layout, find_layout
from vestim_core.data.readers.text_parts import CountingPart, FilePart, split_at_lines
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding

_THREADS = min(os.cpu_count() or 1, 4)
_CHUNK_FIELDS = 1 << 18  # fields parsed at a time: 2 MiB as float64
_BYTES_PER_VALUE = 3 * 8  # a float64 in the table and two copies of it on the way there
_NOT_NUMERIC_ERRORS = (ValueError, OverflowError)
"""Raised by pandas for fields that are not numeric, its own error types included."""
_UNCHECKED_BYTES = 1 << 26
"""Bytes (64 MiB) that are allocated unchecked: querying the available memory takes as long as reading a short file."""


@dataclass(frozen=True)
class CsvSource:
    """A text table with a known layout."""

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
        """Always empty: opening a text table skips nothing."""
        return ()

    def sample(self, position: int) -> list[str]:
        """First fields of the column."""
        return [row[position].strip() if position < len(row) else "" for row in self.layout.first_rows]

    def estimated_rows(self) -> int:
        """Row count from the mean length of the first lines."""
        return max(1, round((self.path.stat().st_size - self.layout.data_offset) / self.layout.row_bytes))

    def read(self, positions: Sequence[int], texts: Collection[int]) -> RawColumns:
        """Read the columns as float64, those in `texts` as text."""
        self._refuse_too_large(len(positions))
        columns = None if self.layout.leading_empty else self._parse_with_pandas(list(positions), texts)
        return RawColumns(columns) if columns is not None else self._line_reader.read(positions, texts)

    def row_location(self, row: int) -> str:
        """Line number as an editor shows it."""
        return self._line_reader.row_location(row)

    @cached_property
    def _line_reader(self) -> LineReader:
        return LineReader(self.path, self.layout)

    def _refuse_too_large(self, column_count: int) -> None:
        rows, size_GB = self.estimated_rows(), self.path.stat().st_size / 1e9
        required_bytes = rows * column_count * _BYTES_PER_VALUE
        if required_bytes > _UNCHECKED_BYTES and required_bytes > psutil.virtual_memory().available:
            raise wrong_input(
                f'"{self.path.name}" has about {rows:,} rows in {size_GB:.1f} GB, which do not fit into memory: split '
                f"the file or export fewer rows.",
                location=str(self.path),
            )

    def _parse_with_pandas(self, positions: list[int], texts: Collection[int]) -> dict[int, np.ndarray] | None:
        """Read all columns with pandas; None if some row is malformed."""
        dtypes: dict[int, Any] = {position: object if position in texts else np.float64 for position in positions}
        # The parser assumes UTF-8, and numbers are the same bytes in every single-byte encoding.
        layout = self.layout
        encoding = layout.encoding if layout.is_utf16 or (texts and layout.encoding != "utf-8") else ""
        with self.path.open("rb") as file:
            start, stop = layout.data_offset, file.seek(0, io.SEEK_END)
            parts = list(pairwise(split_at_lines(file, start, stop, 1 if layout.is_utf16 else _THREADS)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns about the decoder; real faults are checked below
            if len(parts) == 1:
                return self._parse_one_part(dtypes, parts[0], encoding)
            return self._parse_parallel(dtypes, parts, encoding)

    def _parse_one_part(
        self, dtypes: dict[int, Any], part: tuple[int, int], encoding: str
    ) -> dict[int, np.ndarray] | None:
        """Parse in the calling thread: another thread would have to allocate its own memory."""
        with self.path.open("rb", buffering=0) as file:
            counting_part = CountingPart(file, *part, self.layout.separator, encoding)
            try:
                chunks = list(self._read_chunks(dtypes, counting_part))
            except _NOT_NUMERIC_ERRORS:
                chunks = []
        rows = self._count_rows(counting_part)  # raises the precise error for a file with binary zeros
        if not chunks or not rows or rows != sum(map(len, chunks)):
            return None
        return {position: _concatenate([_values(chunk[position]) for chunk in chunks]) for position in dtypes}

    def _parse_parallel(
        self, dtypes: dict[int, Any], parts: list[tuple[int, int]], encoding: str
    ) -> dict[int, np.ndarray] | None:
        """Parse with one thread per part: the first pass counts rows, the second writes them to their position."""

        def count(part: tuple[int, int]) -> int:
            with self.path.open("rb", buffering=0) as file:
                counting_part = CountingPart(file, *part, self.layout.separator, encoding)
                counting_part.read_all()
            return self._count_rows(counting_part)

        def fill(part: tuple[int, int], row: int, end: int) -> bool:
            try:
                with self.path.open("rb", buffering=0) as file:
                    for chunk in self._read_chunks(dtypes, FilePart(file, *part, encoding)):
                        first, row = row, row + len(chunk)
                        if row > end:
                            return False
                        for position, column in columns.items():
                            column[first:row] = _values(chunk[position])
            except _NOT_NUMERIC_ERRORS:
                return False
            return row == end

        with ThreadPoolExecutor(len(parts)) as pool:
            rows = [*pool.map(count, parts)]
            if not all(rows):
                return None
            ends = [0, *accumulate(rows)]
            columns = {position: np.empty(ends[-1], dtype=dtype) for position, dtype in dtypes.items()}
            return columns if all([*pool.map(fill, parts, ends, ends[1:])]) else None

    def _count_rows(self, counting_part: CountingPart) -> int:
        """Number of rows of a part, from its separators; 0 if it must be read line by line.

        pandas drops surplus fields, and one stray separator would shift every value after it.
        """
        if counting_part.has_zeros:
            raise wrong_input(
                f'"{self.path.name}" has binary zeros in it: copy or export it again.', location=str(self.path)
            )
        rows, stray_separators = divmod(counting_part.separators, max(self.layout.width - 1, 1))
        return 0 if counting_part.has_quotes or stray_separators else rows

    def _read_chunks(self, dtypes: dict[int, Any], part: FilePart) -> Iterator[pd.DataFrame]:
        """Yield the part's rows in chunks. Raises `_NOT_NUMERIC_ERRORS` for rows unlike the first ones."""
        layout, handle = self.layout, cast(Any, part)
        with pd.read_csv(
            handle,
            sep=layout.separator,
            decimal=layout.decimal,
            thousands=layout.thousands or None,
            header=None,
            index_col=False,
            usecols=list(dtypes),
            dtype=dtypes,
            engine="c",
            encoding_errors="replace",
            low_memory=False,
            chunksize=max(_CHUNK_FIELDS // layout.width, 1),
        ) as chunks:
            yield from chunks


def _values(column: pd.Series[Any]) -> np.ndarray:
    if column.dtype != object:
        numbers: np.ndarray = column.to_numpy()
        numbers.flags.writeable = True  # the frame is private to this function
        return numbers
    texts: np.ndarray = column.to_numpy(dtype=object, copy=True)
    texts[column.isna().to_numpy()] = None
    return texts


def _concatenate(parts: list[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def open_csv(path: Path) -> CsvSource:
    """Open a text table and find its layout; wrong_input if the file holds no table."""
    return CsvSource(path, find_layout(path))
