"""Text tables line by line: what is read so is slower, and every line and field that is not as it should be is named.

Lines of text between the rows, a header that stands again and a last line that breaks off stay rows of the table,
without values; lines of an outer layer (cycles, steps) are no rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vestim_core.data.readers.header import NO_VALUE, is_number, plain_number
from vestim_core.data.readers.layout import Layout
from vestim_core.data.readers.source import Raw, Trouble
from vestim_core.spec.errors import wrong_input

_CHUNK_ROWS = 100_000
_SHOWN = 60


class _Noted:
    """Rows with troubles, gathered by kind and column."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int | None], tuple[list[int], str]] = {}

    def note(self, code: str, row: int, said: str, position: int | None = None) -> None:
        self._rows.setdefault((code, position), ([], said))[0].append(row)

    def troubles(self) -> list[Trouble]:
        return [Trouble(code, np.array(rows), said, position) for (code, position), (rows, said) in self._rows.items()]


@dataclass(frozen=True)
class Lines:
    """The data lines of a text table."""

    path: Path
    layout: Layout

    def read(self, positions: Sequence[int], texts: Collection[int]) -> Raw:
        """The columns at `positions`, those in `texts` as text."""
        noted = _Noted()
        parts: dict[int, list[np.ndarray]] = {position: [] for position in positions}
        chunk: list[list[str]] = []
        first = 0
        for row, (line, fields) in enumerate(self.rows()):
            chunk.append(self._looked_at(row, line, fields, noted))
            if len(chunk) == _CHUNK_ROWS:
                self._append(parts, chunk, first, texts, noted)
                chunk, first = [], row + 1
        if chunk or not first:
            self._append(parts, chunk, first, texts, noted)
        return Raw({position: np.concatenate(arrays) for position, arrays in parts.items()}, noted.troubles())

    def place(self, row: int) -> str:
        """The number of the line that row `row` stands in."""
        for number, (line, _) in enumerate(self.rows()):
            if number == row:
                return f"line {line}"
        return f"row {row + 1}"

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, fields) of every data row: blank lines and those of outer layers apart."""
        lead = self.layout.lead
        with self.path.open("rb") as binary:
            binary.seek(self.layout.data_offset)
            lines = io.TextIOWrapper(binary, self.layout.encoding, "replace", newline="")
            reader = csv.reader(lines, delimiter=self.layout.separator)
            before = self.layout.data_line - 1
            try:
                for fields in reader:
                    if len(fields) < 2 and not (fields and fields[0].strip()):
                        continue
                    if lead and any(field.strip() for field in fields[:lead]):
                        continue
                    yield before + reader.line_num, fields
            except csv.Error:
                raise wrong_input(
                    f'"{self.path.name}" is no well-formed table at line {before + reader.line_num}: export it again.',
                    place=str(self.path),
                ) from None

    def _looked_at(self, row: int, line: int, fields: list[str], noted: _Noted) -> list[str]:
        """The fields, or none of them when the row as a whole cannot be used."""
        layout = self.layout
        said = layout.separator.join(fields)[:_SHOWN]
        extra = fields[layout.width :]
        if extra and any(field.strip() for field in extra):
            noted.note(
                "rows.ragged", row, f"{len(fields)} values in line {line} where the rows before have {layout.width}"
            )
            return []
        if not any(is_number(field, layout.decimal, layout.thousands) for field in fields):
            filled = [field.strip() for field in fields]
            if not any(filled):
                return []
            again = filled[: len(layout.names)] == layout.names
            noted.note("rows.repeated_header" if again else "rows.text", row, f'"{said}" in line {line}')
            return []
        if len(fields) < layout.width and line == self._unended_line:
            noted.note("rows.truncated", row, f'"{said}" in line {line}')
            return []
        return fields

    @cached_property
    def _unended_line(self) -> int:
        """Number of the last line when it has no end; 0 when it has one."""
        feed, back = (mark.encode(self.layout.encoding) for mark in "\n\r")
        count, last = 0, feed
        with self.path.open("rb") as file:
            while piece := file.read(1 << 20):
                count += piece.count(feed)
                last = piece[-len(feed) :]
        return 0 if last in (feed, back) else count + 1

    def _append(
        self,
        parts: dict[int, list[np.ndarray]],
        chunk: list[list[str]],
        first: int,
        texts: Collection[int],
        noted: _Noted,
    ) -> None:
        for position, arrays in parts.items():
            fields = [row[position].strip() if position < len(row) else "" for row in chunk]
            if position in texts:
                arrays.append(np.array([field or None for field in fields], dtype=object))
            else:
                arrays.append(self._numbers(fields, position, first, noted))

    def _numbers(self, fields: list[str], position: int, first: int, noted: _Noted) -> np.ndarray:
        layout = self.layout
        values = np.full(len(fields), np.nan)
        for row, field in enumerate(fields):
            if is_number(field, layout.decimal, layout.thousands):
                values[row] = float(plain_number(field, layout.decimal, layout.thousands))
            elif is_number(field, ".", ",") and layout.decimal == ".":  # quoted, as "5,000.4"
                values[row] = float(plain_number(field, ".", ","))
            elif field.lower() not in NO_VALUE:
                noted.note("channel.text", first + row, f'"{field[:_SHOWN]}"', position)
        return values
