"""XLSX and XLS: the sheet with the records, joined in order with every other sheet that has the same columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.data_files import NoTable
from vestim_core.data.readers.archive import check_archive
from vestim_core.data.readers.column_assignment import ColumnNames
from vestim_core.data.readers.source import RawColumns, ReadIssue
from vestim_core.data.readers.table_header import MISSING_VALUES, Header, find_header, is_number
from vestim_core.data.readers.vendor_detection import detect_vendor
from vestim_core.data.vendors import Vendor
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.signals import QUANTITIES

_HEADER_SEARCH_ROWS = 200  # rows, arbitrary: a preamble in a sheet is far shorter
_SAMPLE_ROWS = 100  # values in a sample: the limit that `Source.sample` states
_MAX_XLS_BYTES = 256 << 20  # 256 MiB, arbitrary: larger record tables belong in CSV


@dataclass(frozen=True)
class Sheet:
    """Records of one sheet. rows: from the first data row on. first_row: that row's number as the spreadsheet program
    shows it. preamble: the text above the names."""

    name: str
    header: Header
    rows: list[list[Any]]
    first_row: int
    preamble: str


@dataclass(frozen=True)
class WorkbookSource:
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
        return self.sheets[0].preamble

    def sample(self, position: int) -> list[str]:
        """First cells of the column as text."""
        return [_cell_text(_cell_at(row, position)) for row in self.sheets[0].rows[:_SAMPLE_ROWS]]

    def estimated_rows(self) -> int:
        """Exact row count."""
        return sum(len(sheet.rows) for sheet in self.sheets)

    def read(self, positions: Sequence[int], texts: Collection[int]) -> RawColumns:
        """Read the columns as float64, those in `texts` as text."""
        columns, issues = {}, []
        for position in positions:
            cells = [_cell_at(row, position) for sheet in self.sheets for row in sheet.rows]
            if position in texts:
                columns[position] = np.array([_cell_text(cell) or None for cell in cells], dtype=object)
                continue
            columns[position], column_issues = _parse_numbers(cells, position)
            issues += column_issues
        return RawColumns(columns, issues)

    def row_location(self, row: int) -> str:
        """Sheet and row as the spreadsheet program shows them."""
        for sheet in self.sheets:
            if row < len(sheet.rows):
                return f'row {sheet.first_row + row} of sheet "{sheet.name}"'
            row -= len(sheet.rows)
        return f"row {row + 1}"


def open_sheets(path: Path, vendors: Sequence[Vendor]) -> WorkbookSource:
    """Open the workbook's records; wrong_input if it is damaged or no sheet has any."""
    candidates = _sheets_with_table(path)
    if not candidates:
        raise wrong_input(
            f'"{path.name}" has no sheet with a line of column names over rows of numbers.', location=str(path)
        )
    best = max(candidates, key=lambda sheet: _sheet_rank(path, sheet, vendors))
    joined_sheets = [sheet for sheet in candidates if sheet.header.headers == best.header.headers]
    skipped_names = [sheet.name for sheet in candidates if sheet not in joined_sheets]
    return WorkbookSource(path, joined_sheets, _joined_findings(path, joined_sheets, skipped_names))


def _sheets_with_table(path: Path) -> list[Sheet]:
    if path.stat().st_size == 0:
        raise NoTable("file.empty", f'"{path.name}" is empty (0 bytes).', path)
    with path.open("rb") as file:
        is_zip = file.read(4).startswith(b"PK")
    if is_zip:
        check_archive(path)
    elif path.stat().st_size > _MAX_XLS_BYTES:
        raise wrong_input(f'"{path.name}" is too large for a workbook: export it as CSV.', location=str(path))
    import python_calamine  # imported here because few jobs have sheets and every worker would pay for it

    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        sheets = [_read_sheet(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
    except (PermissionError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # damaged bytes cause panics in the library, which are not Exceptions
        raise wrong_input(f'"{path.name}" is damaged or no workbook: export it again.', location=str(path)) from None
    return [sheet for sheet in sheets if sheet is not None]


def _read_sheet(name: str, sheet: Any) -> Sheet | None:
    rows: list[list[Any]] = list(sheet.iter_rows())
    top = [[_cell_text(cell) for cell in row] for row in rows[:_HEADER_SEARCH_ROWS]]
    header = find_header([fields if any(fields) else None for fields in top])
    if header is None:
        return None
    data = rows[header.row :]
    while data and not any(cell != "" for cell in data[-1]):
        data.pop()
    preamble = "\n".join(" ".join(fields) for fields in top[: header.line])
    return Sheet(name, header, data, header.row + 1, preamble)


def _sheet_rank(path: Path, sheet: Sheet, vendors: Sequence[Vendor]) -> tuple[bool, int, int]:
    """Rank a sheet as the one with the records: the vendor's name for it, number of quantities, number of rows."""
    vendor, _ = detect_vendor(path.name, sheet.preamble, sheet.header.headers, vendors)
    names = ColumnNames.for_vendor(vendor, vendors, {})
    quantities = sum(names.find_column(sheet.header.headers, quantity) is not None for quantity in QUANTITIES)
    return any(fnmatch(sheet.name, pattern) for pattern in vendor.sheets), quantities, len(sheet.rows)


def _joined_findings(path: Path, joined_sheets: Iterable[Sheet], skipped_names: list[str]) -> tuple[Finding, ...]:
    names = ", ".join(sheet.name for sheet in joined_sheets)
    skipped_note = f"; {', '.join(skipped_names)} left aside" if skipped_names else ""
    if not skipped_names and "," not in names:
        return ()
    return (
        Finding(
            code="sheets_joined",
            severity=Severity.INFO,
            message=f'Of "{path.name}" the records in {names} were read{skipped_note}.',
            file=path.name,
        ),
    )


def _cell_at(row: list[Any], position: int) -> Any:
    return row[position] if position < len(row) else ""


def _cell_text(cell: Any) -> str:
    """A cell as text: dates in ISO format, durations as H:MM:SS, integers without a decimal point."""
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


def _parse_numbers(cells: list[Any], position: int) -> tuple[np.ndarray, list[ReadIssue]]:
    try:
        return np.array(cells, dtype=np.float64), []
    except (ValueError, TypeError):
        pass
    values, text_rows, excerpt = np.full(len(cells), np.nan), [], ""
    for row, cell in enumerate(cells):
        text = _cell_text(cell)
        if isinstance(cell, int | float) or is_number(text):
            values[row] = float(text if isinstance(cell, str) else cell)
        elif is_number(text, ","):
            values[row] = float(text.replace(",", "."))
        elif text.lower() not in MISSING_VALUES:
            text_rows.append(row)
            excerpt = excerpt or f'"{text[:60]}"'
    return values, [ReadIssue("channel.text", np.array(text_rows), excerpt, position)] if text_rows else []
