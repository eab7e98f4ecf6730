"""XLSX and XLS: the sheet with the records, and every other one that goes on with the same columns, joined in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.files import NoTable
from vestim_core.data.readers.archive import check_archive
from vestim_core.data.readers.assign import Names
from vestim_core.data.readers.detect import detect
from vestim_core.data.readers.header import NO_VALUE, Header, find_header, is_number
from vestim_core.data.readers.source import Raw, Trouble
from vestim_core.data.vendors import Vendor
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.signals import QUANTITIES

_LOOKED_AT = 200
_SAMPLED = 100
_LARGEST_XLS = 256 << 20


@dataclass(frozen=True)
class Sheet:
    """One sheet's records: `rows` from the first data row on; first: that row's number as the program shows it."""

    name: str
    header: Header
    rows: list[list[Any]]
    first: int
    above: str


@dataclass(frozen=True)
class SheetsSource:
    """The records of a workbook."""

    path: Path
    sheets: list[Sheet]
    findings: tuple[Finding, ...]

    @property
    def headers(self) -> list[str]:
        """Names in the header line, in order."""
        return self.sheets[0].header.headers

    @property
    def preamble(self) -> str:
        """The cells above the names."""
        return self.sheets[0].above

    def sample(self, position: int) -> list[str]:
        """The column's first cells as text."""
        return [_text(_cell(row, position)) for row in self.sheets[0].rows[:_SAMPLED]]

    def estimated_rows(self) -> int:
        """Exactly."""
        return sum(len(sheet.rows) for sheet in self.sheets)

    def read(self, positions: Sequence[int], texts: Collection[int]) -> Raw:
        """The columns as float64, those of `texts` as text."""
        columns, troubles = {}, []
        for position in positions:
            cells = [_cell(row, position) for sheet in self.sheets for row in sheet.rows]
            if position in texts:
                columns[position] = np.array([_text(cell) or None for cell in cells], dtype=object)
                continue
            columns[position], trouble = _numbers(cells, position)
            troubles += trouble
        return Raw(columns, troubles)

    def place(self, row: int) -> str:
        """Sheet and row as the program shows them."""
        for sheet in self.sheets:
            if row < len(sheet.rows):
                return f'row {sheet.first + row} of sheet "{sheet.name}"'
            row -= len(sheet.rows)
        return f"row {row + 1}"


def open_sheets(path: Path, among: Sequence[Vendor]) -> SheetsSource:
    """The workbook's records; wrong_input when it is damaged or no sheet has any."""
    found = _with_header(path)
    if not found:
        raise wrong_input(
            f'"{path.name}" has no sheet with a line of column names over rows of numbers.', place=str(path)
        )
    best = max(found, key=lambda sheet: _worth(path, sheet, among))
    joined = [sheet for sheet in found if sheet.header.headers == best.header.headers]
    aside = [sheet.name for sheet in found if sheet not in joined]
    return SheetsSource(path, joined, _said(path, joined, aside))


def _with_header(path: Path) -> list[Sheet]:
    if path.stat().st_size == 0:
        raise NoTable("file.empty", f'"{path.name}" is empty (0 bytes).', path)
    with path.open("rb") as file:
        packed = file.read(4).startswith(b"PK")
    if packed:
        check_archive(path)
    elif path.stat().st_size > _LARGEST_XLS:
        raise wrong_input(f'"{path.name}" is too large for a workbook: export it as CSV.', place=str(path))
    import python_calamine  # few jobs have sheets, and every worker would wait for it

    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        read = [_sheet(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
    except (PermissionError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # its panics, which damaged bytes cause, are no Exceptions
        raise wrong_input(f'"{path.name}" is damaged or no workbook: export it again.', place=str(path)) from None
    return [sheet for sheet in read if sheet is not None]


def _sheet(name: str, sheet: Any) -> Sheet | None:
    rows: list[list[Any]] = list(sheet.iter_rows())
    top = [[_text(cell) for cell in row] for row in rows[:_LOOKED_AT]]
    header = find_header([fields if any(fields) else None for fields in top])
    if header is None:
        return None
    data = rows[header.row :]
    while data and not any(cell != "" for cell in data[-1]):
        data.pop()
    above = "\n".join(" ".join(fields) for fields in top[: header.line])
    return Sheet(name, header, data, header.row + 1, above)


def _worth(path: Path, sheet: Sheet, among: Sequence[Vendor]) -> tuple[bool, int, int]:
    """How much speaks for a sheet to hold the records: the vendor's name for it, quantities found, rows."""
    vendor, _ = detect(path.name, sheet.above, sheet.header.headers, among)
    names = Names.of(vendor, among, {})
    found = sum(names.find(sheet.header.headers, quantity) is not None for quantity in QUANTITIES)
    return any(fnmatch(sheet.name, pattern) for pattern in vendor.sheets), found, len(sheet.rows)


def _said(path: Path, joined: Iterable[Sheet], aside: list[str]) -> tuple[Finding, ...]:
    names = ", ".join(sheet.name for sheet in joined)
    others = f"; {', '.join(aside)} left aside" if aside else ""
    if not aside and "," not in names:
        return ()
    return (
        Finding(
            code="sheets_joined",
            severity=Severity.INFO,
            sentence=f'Of "{path.name}" the records in {names} were read{others}.',
            file=path.name,
        ),
    )


def _cell(row: list[Any], position: int) -> Any:
    return row[position] if position < len(row) else ""


def _text(cell: Any) -> str:
    """A cell as text: dates as ISO, durations as H:MM:SS, whole numbers without a point."""
    if isinstance(cell, bool | str):
        return str(cell).strip()
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, timedelta):
        seconds = cell.total_seconds()
        return f"{int(seconds // 3600)}:{int(seconds // 60) % 60:02d}:{seconds % 60:09.6f}"
    if isinstance(cell, date | time):
        return cell.isoformat()
    return repr(cell) if isinstance(cell, int | float) else str(cell).strip()


def _numbers(cells: list[Any], position: int) -> tuple[np.ndarray, list[Trouble]]:
    try:
        return np.array(cells, dtype=np.float64), []
    except (ValueError, TypeError):
        pass
    values, bad, said = np.full(len(cells), np.nan), [], ""
    for row, cell in enumerate(cells):
        text = _text(cell)
        if isinstance(cell, int | float) or is_number(text):
            values[row] = float(text if isinstance(cell, str) else cell)
        elif is_number(text, ","):
            values[row] = float(text.replace(",", "."))
        elif text.lower() not in NO_VALUE:
            bad.append(row)
            said = said or f'"{text[:60]}"'
    return values, [Trouble("channel.text", np.array(bad), said, position)] if bad else []
