"""Text tables by pandas' C parser, in as many pieces at once as there are cores; line by line where that finds faults.

Not more than a few pieces of the text are in memory at a time. A table that would not fit is refused before it is read.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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

_THREADS = 2
_MEMORY_PER_VALUE = 3 * 8


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
        if rows * columns * _MEMORY_PER_VALUE > psutil.virtual_memory().available:
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
            pieces = [(start, stop)] if self.layout.wide else list(pairwise(cuts_of(file, start, stop)))

        def parse(piece: tuple[int, int]) -> list[np.ndarray] | None:
            return self._piece(*piece, positions, kinds)

        columns = [Growing(self.estimated_rows(), kinds[position]) for position in positions]
        with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
            warnings.simplefilter("ignore")  # numpy's, about a decoder; whatever matters is checked
            for part in pool.map(parse, pieces) if len(pieces) > 1 else map(parse, pieces):
                if part is None:
                    return None
                for column, values in zip(columns, part, strict=True):
                    column.append(values)
        return {position: column.values for position, column in zip(positions, columns, strict=True)}

    def _piece(self, start: int, stop: int, positions: list[int], kinds: dict[int, Any]) -> list[np.ndarray] | None:
        """The columns of one stretch of the file; None when it must be read line by line.

        Separators are counted, for pandas drops fields that are too many and a stray one shifts every value after it.
        """
        frame = None
        with self.path.open("rb", buffering=0) as file:
            file.seek(start)
            stretch = Stretch(file, stop - start, self.layout.separator, self.layout.encoding)
            with suppress(ValueError, OverflowError):  # pandas' parser errors are ValueErrors too
                frame = pd.read_csv(
                    self._handle(stretch, kinds),
                    sep=self.layout.separator,
                    decimal=self.layout.decimal,
                    thousands=self.layout.thousands or None,
                    header=None,
                    index_col=False,
                    usecols=positions,
                    dtype=kinds,
                    engine="c",
                    encoding_errors="replace",
                    low_memory=False,
                )
        if stretch.zeros:
            raise wrong_input(
                f'"{self.path.name}" has binary zeros in it: copy or export it again.', place=str(self.path)
            )
        if frame is None or stretch.quotes or stretch.separators != len(frame) * (self.layout.width - 1):
            return None
        return [_column(frame[position], kinds[position]) for position in positions]

    def _handle(self, stretch: Stretch, kinds: dict[int, Any]) -> Any:
        """The bytes as they are: the parser takes them for UTF-8, and numbers are the same in every encoding that is
        read. Only text in another encoding is decoded before."""
        if object not in kinds.values() or self.layout.wide or self.layout.encoding == "utf-8":
            return stretch
        return io.StringIO(stretch.read_all().decode(self.layout.encoding, "replace"))


def open_csv(path: Path) -> CsvSource:
    """The table's layout and headers; wrong_input when there is no table."""
    return CsvSource(path, find_layout(path))


def _column(values: pd.Series[Any], kind: Any) -> np.ndarray:
    if kind is not object:
        return values.to_numpy(dtype=np.float64)
    texts: np.ndarray = values.to_numpy(dtype=object, copy=True)
    texts[values.isna().to_numpy()] = None
    return texts
