"""Text tables: comma, semicolon or tab, decimal point or comma, any preamble, UTF-8 or Latin-1; by pandas' C parser."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vestim_core.data.readers.layout import NO_VALUE, Layout, find_layout, is_number
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding

_PIECE_BYTES = 1 << 20


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
    def findings(self) -> tuple[Finding, ...]:
        """Opening a text table leaves nothing out."""
        return ()

    def read(self, positions: Sequence[int], time: int) -> dict[int, np.ndarray]:
        """The columns as float64; the one at `time` as text when its first row is no number."""
        as_text = not is_number(self.layout.first_row[time], self.layout.decimal)
        kinds: dict[int, Any] = dict.fromkeys(positions, np.float64)
        if as_text:
            kinds[time] = object
        try:
            frame = self._parse(list(positions), kinds)
        except (ValueError, OverflowError):  # pandas' parser errors are ValueErrors too
            raise self._bad_line(positions, time if as_text else None) or self._unparsable() from None
        self._check_widths(len(frame))
        return {position: frame[position].to_numpy(dtype=kinds[position]) for position in positions}

    def place(self, row: int) -> str:
        """The line's number as an editor shows it."""
        for number, (line, _) in enumerate(self._rows()):
            if number == row:
                return f"line {line}"
        return f"row {row + 1}"

    def _parse(self, positions: list[int], kinds: dict[int, Any]) -> pd.DataFrame:
        with self.path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's, about a decoder; whatever matters is checked below
            file.seek(self.layout.data_offset)
            return pd.read_csv(
                file,
                sep=self.layout.separator,
                decimal=self.layout.decimal,
                header=None,
                index_col=False,
                usecols=positions,
                dtype=kinds,
                engine="c",
                encoding="latin-1",  # never fails, and numbers are the same in every encoding that is read
            )

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, fields) of every data row, blank lines apart, as pandas takes them."""
        with self.path.open("rb") as binary:
            binary.seek(self.layout.data_offset)
            lines = io.TextIOWrapper(binary, self.layout.encoding, "replace")
            reader = csv.reader(lines, delimiter=self.layout.separator)
            try:
                for fields in reader:
                    if len(fields) > 1 or (fields and fields[0].strip()):
                        yield self.layout.data_line - 1 + reader.line_num, fields
            except csv.Error:
                raise self._unparsable() from None

    def _bad_line(self, positions: Sequence[int], text: int | None) -> VestimError | None:
        """The first field that is no number where one must be."""
        columns = [position for position in positions if position != text]
        for line, fields in self._rows():
            for position in columns:
                field = fields[position] if position < len(fields) else ""
                if not is_number(field, self.layout.decimal) and field.strip().lower() not in NO_VALUE:
                    return wrong_input(
                        f'"{self.path.name}" has the text "{field.strip()[:60]}" in column "{self.headers[position]}", '
                        f"line {line}, where a number is expected: correct or delete that line.",
                        place=str(self.path),
                    )
        return None

    def _unparsable(self) -> VestimError:
        return wrong_input(f'"{self.path.name}" is no well-formed table: export it again.', place=str(self.path))

    def _check_widths(self, rows: int) -> None:
        """wrong_input when a row has more fields than the first: a stray separator shifts every value after it.

        Separators are counted first, which costs little, and lines are looked at only when the sum is not even.
        """
        separators, quoted = self._count(self.layout.separator.encode())
        if not quoted and separators == rows * (self.layout.width - 1):
            return
        for line, fields in self._rows():
            if len(fields) > self.layout.width and any(field.strip() for field in fields[self.layout.width :]):
                raise wrong_input(
                    f'"{self.path.name}" has {len(fields)} values in line {line} where the rows before have '
                    f"{self.layout.width}: correct or delete that line.",
                    place=str(self.path),
                )

    def _count(self, separator: bytes) -> tuple[int, bool]:
        """How many separators the data has, and whether there are quotes in it."""
        count, quoted = 0, False
        with self.path.open("rb") as file:
            file.seek(self.layout.data_offset)
            while piece := file.read(_PIECE_BYTES):
                count += piece.count(separator)
                quoted = quoted or b'"' in piece
        return count, quoted


def open_csv(path: Path) -> CsvSource:
    """The table's layout and headers; wrong_input when there is no table."""
    return CsvSource(path, find_layout(path))
