"""The table of files: role, name, size, times, temperature, vendor, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from vestim_gui.new_job.data_files import ROLE_TITLES, FileRow
from vestim_gui.numbers import NOTHING, count, duration, number
from vestim_gui.theme.theme import Theme

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Column:
    """title, what a row shows in it, and whether that is a figure. spare: it gives way in a small window."""

    title: str
    text: Callable[[FileRow], str]
    figure: bool = False
    tip: Callable[[FileRow], str] = lambda row: row.path
    spare: bool = False


def badge(row: FileRow) -> tuple[str, str]:
    """Words for what is wrong with a file, with a sign, and their tone."""
    if row.state == "unreadable":
        return "! cannot be read", "error"
    if row.missing:
        return f"! {len(row.missing)} column{'s' * (len(row.missing) > 1)} missing", "error"
    if row.state != "checked":
        return "… being read", "muted"
    errors, warnings = row.count("error"), row.count("warning")
    if errors:
        return f"! {errors} error{'s' * (errors > 1)}", "error"
    if warnings:
        return f"▲ {warnings} warning{'s' * (warnings > 1)}", "warn"
    return "✓ fine", "ok"


def _rows(row: FileRow) -> str:
    """A look at the header only estimates them."""
    if row.rows is None:
        return NOTHING
    return count(row.rows) if row.state == "checked" else f"≈ {count(row.rows)}"


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else duration(value)


COLUMNS = (
    Column("Role", lambda row: ROLE_TITLES[row.entry.role]),
    Column("File", lambda row: row.name),
    Column("Rows", lambda row: _rows(row), True),
    Column("Duration", lambda row: _seconds(row.duration_s), True),
    Column("Sample time / s", lambda row: number(row.sample_time_s), True, spare=True),
    Column("Temp. / °C", lambda row: number(row.temperature_degC), True),
    Column("Kind", lambda row: row.vendor or NOTHING, tip=lambda row: row.why, spare=True),
    Column("Checks", lambda row: badge(row)[0], tip=lambda row: row.error or "; ".join(_told(row)) or row.path),
)


def _told(row: FileRow) -> list[str]:
    return [str(finding["sentence"]) for finding in row.findings[:5]]


class FilesModel(QAbstractTableModel):
    """Rows are replaced as a whole; where their files stay the same, only what they say changes."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: list[FileRow] = []

    def show_rows(self, rows: Sequence[FileRow]) -> None:
        """Show these."""
        same = [row.path for row in rows] == [row.path for row in self.rows]
        if not same:
            self.beginResetModel()
        self.rows = list(rows)
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if COLUMNS[section].figure else Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return f"<qt>{escape(column.tip(row))}</qt>"  # a text from outside is never markup
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if column.figure else Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.ForegroundRole if column.title == "Checks":
                return self._theme.colour(badge(row)[1])
        return None
