"""Reads text tables line by line: slower than pandas, but every malformed line and field is reported.

Lines of text between rows, repeated headers and a truncated last line remain rows without values; lines of an outer
layer (cycles, steps) are not rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vestim_core.data.readers.source import RawColumns, ReadIssue
from vestim_core.data.readers.table_header import MISSING_VALUES, is_number, plain_number
from vestim_core.data.readers.text_layout import Layout
from vestim_core.spec.errors import wrong_input

_CHUNK_ROWS = 100_000  # rows converted at a time, arbitrary: bounds the memory for their fields as text
_MAX_EXCERPT = 60  # characters of a line shown in a message, arbitrary


class _IssueCollector:
    """Collects rows with issues by kind and column."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int | None], tuple[list[int], str]] = {}

    def add(self, code: str, row: int, excerpt: str, position: int | None = None) -> None:
        self._rows.setdefault((code, position), ([], excerpt))[0].append(row)

    def issues(self) -> list[ReadIssue]:
        return [
            ReadIssue(code, np.array(rows), excerpt, position)
            for (code, position), (rows, excerpt) in self._rows.items()
        ]


@dataclass(frozen=True)
class LineReader:
    """Reads the data lines of a text table."""

    path: Path
    layout: Layout

    def read(self, positions: Sequence[int], texts: Collection[int]) -> RawColumns:
        """Read the columns at `positions`, those in `texts` as text."""
        collector = _IssueCollector()
        parts: dict[int, list[np.ndarray]] = {position: [] for position in positions}
        chunk: list[list[str]] = []
        first = 0
        for row, (line, fields) in enumerate(self.rows()):
            chunk.append(self._checked_fields(row, line, fields, collector))
            if len(chunk) == _CHUNK_ROWS:
                self._append_chunk(parts, chunk, first, texts, collector)
                chunk, first = [], row + 1
        if chunk or not first:
            self._append_chunk(parts, chunk, first, texts, collector)
        return RawColumns({position: np.concatenate(arrays) for position, arrays in parts.items()}, collector.issues())

    def row_location(self, row: int) -> str:
        """Line number of row `row`, in words."""
        for index, (line, _) in enumerate(self.rows()):
            if index == row:
                return f"line {line}"
        return f"row {row + 1}"

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, fields) of every data row; blank lines and lines of outer layers are skipped."""
        leading_empty = self.layout.leading_empty
        with self.path.open("rb") as binary:
            binary.seek(self.layout.data_offset)
            lines = io.TextIOWrapper(binary, self.layout.encoding, "replace", newline="")
            reader = csv.reader(lines, delimiter=self.layout.separator)
            lines_above = self.layout.data_line - 1
            try:
                for fields in reader:
                    if len(fields) < 2 and not (fields and fields[0].strip()):
                        continue
                    if leading_empty and any(field.strip() for field in fields[:leading_empty]):
                        continue
                    yield lines_above + reader.line_num, fields
            except csv.Error:
                raise wrong_input(
                    f'"{self.path.name}" is no well-formed table at line {lines_above + reader.line_num}: '
                    f"export it again.",
                    location=str(self.path),
                ) from None

    def _checked_fields(self, row: int, line: int, fields: list[str], collector: _IssueCollector) -> list[str]:
        """The fields of the row, or an empty list if the entire row is unusable."""
        layout = self.layout
        excerpt = layout.separator.join(fields)[:_MAX_EXCERPT]
        surplus_fields = fields[layout.width :]
        if surplus_fields and any(field.strip() for field in surplus_fields):
            collector.add(
                "rows.ragged", row, f"{len(fields)} values in line {line} where the rows before have {layout.width}"
            )
            return []
        if not any(is_number(field, layout.decimal, layout.thousands) for field in fields):
            stripped_fields = [field.strip() for field in fields]
            if not any(stripped_fields):
                return []
            is_header = stripped_fields[: len(layout.names)] == layout.names
            collector.add("rows.repeated_header" if is_header else "rows.text", row, f'"{excerpt}" in line {line}')
            return []
        if len(fields) < layout.width and line == self._unterminated_line:
            collector.add("rows.truncated", row, f'"{excerpt}" in line {line}')
            return []
        return fields

    @cached_property
    def _unterminated_line(self) -> int:
        """Number of the last line if it has no line end, else 0."""
        line_feed, carriage_return = (character.encode(self.layout.encoding) for character in "\n\r")
        count, tail = 0, line_feed
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                count += block.count(line_feed)
                tail = block[-len(line_feed) :]
        return 0 if tail in (line_feed, carriage_return) else count + 1

    def _append_chunk(
        self,
        parts: dict[int, list[np.ndarray]],
        chunk: list[list[str]],
        first: int,
        texts: Collection[int],
        collector: _IssueCollector,
    ) -> None:
        for position, arrays in parts.items():
            fields = [row[position].strip() if position < len(row) else "" for row in chunk]
            if position in texts:
                arrays.append(np.array([field or None for field in fields], dtype=object))
            else:
                arrays.append(self._parse_numbers(fields, position, first, collector))

    def _parse_numbers(self, fields: list[str], position: int, first: int, collector: _IssueCollector) -> np.ndarray:
        layout = self.layout
        values = np.full(len(fields), np.nan)
        for row, field in enumerate(fields):
            if is_number(field, layout.decimal, layout.thousands):
                values[row] = float(plain_number(field, layout.decimal, layout.thousands))
            elif is_number(field, ".", ",") and layout.decimal == ".":  # quoted, as "5,000.4"
                values[row] = float(plain_number(field, ".", ","))
            elif field.lower() not in MISSING_VALUES:
                collector.add("channel.text", first + row, f'"{field[:_MAX_EXCERPT]}"', position)
        return values
