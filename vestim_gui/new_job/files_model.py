"""Table model of the data files: role, name, size, times, temperature, vendor and checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from vestim_gui.display_numbers import NO_VALUE, format_count, format_duration, format_number
from vestim_gui.new_job.job_data_files import ROLE_TITLES, FileRow
from vestim_gui.theme.theme import Theme

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class FileColumn:
    """A column of the table. text: cell text of a row. is_number: right-aligned. is_optional: hidden in a narrow
    window."""

    title: str
    text: Callable[[FileRow], str]
    is_number: bool = False
    tooltip: Callable[[FileRow], str] = lambda row: row.path
    is_optional: bool = False


def check_badge(row: FileRow) -> tuple[str, str]:
    """Label with a sign, and tone, of a file's checks."""
    if row.state == "unreadable":
        return "! cannot be read", "error"
    if row.missing:
        return f"! {len(row.missing)} column{'s' * (len(row.missing) > 1)} missing", "error"
    if row.state != "checked":
        return "… being read", "muted"
    errors, warnings = row.count_findings("error"), row.count_findings("warning")
    if errors:
        return f"! {errors} error{'s' * (errors > 1)}", "error"
    if warnings:
        return f"▲ {warnings} warning{'s' * (warnings > 1)}", "warn"
    return "✓ fine", "ok"


def _row_count_text(row: FileRow) -> str:
    """Row count; an estimate until the file has been checked."""
    if row.rows is None:
        return NO_VALUE
    return format_count(row.rows) if row.state == "checked" else f"≈ {format_count(row.rows)}"


def _duration_text(value: float | None) -> str:
    return NO_VALUE if value is None else format_duration(value)


FILE_COLUMNS = (
    FileColumn("Role", lambda row: ROLE_TITLES[row.entry.role]),
    FileColumn("File", lambda row: row.name),
    FileColumn("Rows", lambda row: _row_count_text(row), True),
    FileColumn("Duration", lambda row: _duration_text(row.duration_s), True),
    FileColumn("Sample time / s", lambda row: format_number(row.sample_time_s), True, is_optional=True),
    FileColumn("Temp. / °C", lambda row: format_number(row.temperature_degC), True),
    FileColumn("Kind", lambda row: row.vendor or NO_VALUE, tooltip=lambda row: row.vendor_reason, is_optional=True),
    FileColumn(
        "Checks",
        lambda row: check_badge(row)[0],
        tooltip=lambda row: row.error or "; ".join(_finding_messages(row)) or row.path,
    ),
)


def _finding_messages(row: FileRow) -> list[str]:
    return [str(finding["message"]) for finding in row.findings[:5]]


class FilesModel(QAbstractTableModel):
    """Model of `FilesTable`. It resets only if the files change, else it updates the cells."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: list[FileRow] = []

    def show_rows(self, rows: Sequence[FileRow]) -> None:
        """Show these rows."""
        is_same_files = [row.path for row in rows] == [row.path for row in self.rows]
        if not is_same_files:
            self.beginResetModel()
        self.rows = list(rows)
        if not is_same_files:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(FILE_COLUMNS) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(FILE_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return FILE_COLUMNS[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if FILE_COLUMNS[section].is_number else Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        row, column = self.rows[index.row()], FILE_COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return f"<qt>{escape(column.tooltip(row))}</qt>"  # escaped: file names are not markup
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if column.is_number else Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.ForegroundRole if column.title == "Checks":
                return self._theme.color(check_badge(row)[1])
        return None
