"""The table of jobs: the same rows with selectable columns. Columns, order, widths and sorting are stored as plain
values."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHeaderView, QMenu, QWidget

from vestim_gui.jobs_page.job_delegate import CellDelegate
from vestim_gui.jobs_page.jobs_view import JobsView
from vestim_gui.store.jobs_model import JobsModel
from vestim_gui.store.table_columns import COLUMN_INDEX, COLUMNS, NAME, PROGRESS, STATE
from vestim_gui.theme.theme import Theme

MIN_COLUMN_PX, MAX_COLUMN_PX = 40, 1200  # a stored width outside of this is ignored


class TableView(JobsView):
    """The table of jobs. layout_changed: columns were chosen, moved, resized or sorted by; to be stored."""

    layout_changed = pyqtSignal()

    def __init__(self, model: JobsModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.setAccessibleName("Table of jobs")
        self.setItemDelegate(CellDelegate(theme, COLUMN_INDEX[STATE], COLUMN_INDEX[PROGRESS], self))
        self.setSortingEnabled(False)
        self.setAllColumnsShowFocus(True)
        header = self._header_view()
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setFirstSectionMovable(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(MIN_COLUMN_PX)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self.choose_columns)
        header.sectionClicked.connect(self._cycle_sorting)
        header.sectionResized.connect(self._announce_change)
        header.sectionMoved.connect(self._announce_change)
        self._is_laid_out = False
        self._saved_layout: dict[str, Any] = {}
        theme.changed.connect(self._redraw)

    # --- stored layout

    def layout_values(self) -> dict[str, Any]:
        """Visible columns in their order, widths in pixels, and the sorting, as JSON values."""
        if self.model() is None:
            return self._saved_layout
        header = self._header_view()
        order = [COLUMNS[header.logicalIndex(index)].id for index in range(len(COLUMNS))]
        visible_columns = [column for column in order if not self.isColumnHidden(COLUMN_INDEX[column])]
        sort, descending = self._jobs.sort_order
        widths = {column: self.columnWidth(COLUMN_INDEX[column]) for column in visible_columns}
        return {"columns": visible_columns, "widths": widths, "sort": sort, "descending": descending}

    def set_layout_values(self, values: Any) -> None:
        """Apply a stored layout; unusable values are ignored."""
        if not isinstance(values, dict):
            return
        sort = values.get("sort")
        self._jobs.sort_by(sort if sort in COLUMN_INDEX else "", values.get("descending") is True)
        self._saved_layout = values
        if self.model() is None:
            return
        visible_columns = [column for column in values.get("columns") or [] if column in COLUMN_INDEX]
        if NAME in visible_columns:
            for index, column in enumerate(visible_columns):
                self._header_view().moveSection(self._header_view().visualIndex(COLUMN_INDEX[column]), index)
            for column, index in COLUMN_INDEX.items():
                self.setColumnHidden(index, column not in visible_columns)
        widths = values.get("widths")
        for column, width in widths.items() if isinstance(widths, dict) else ():
            if column in COLUMN_INDEX and isinstance(width, int) and MIN_COLUMN_PX <= width <= MAX_COLUMN_PX:
                self.setColumnWidth(COLUMN_INDEX[column], width)
        self._show_sorting()

    def attach_model(self) -> None:
        """Attach the model and restore the stored layout, since columns exist only now."""
        if self.model() is None:
            super().attach_model()
            self._show_default()
            self.set_layout_values(self._saved_layout)
            self._is_laid_out = True

    def _announce_change(self, *_: int) -> None:
        if self._is_laid_out:
            self.layout_changed.emit()

    # --- columns and sorting

    def choose_columns(self, position: QPoint = QPoint(0, 24)) -> None:  # noqa: B008
        """Show a menu of the columns."""
        menu = QMenu(self)
        for column in COLUMNS[1:]:
            action = QAction(column.title, menu, checkable=True)  # type: ignore[call-overload]
            action.setChecked(not self.isColumnHidden(COLUMN_INDEX[column.id]))
            action.toggled.connect(lambda on, name=column.id: self.show_column(name, on))
            menu.addAction(action)
        menu.addSeparator()
        default = menu.addAction("Default columns and order")
        if default is not None:
            default.triggered.connect(self._reset_layout)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._header_view().mapToGlobal(position))

    def show_column(self, column: str, is_visible: bool) -> None:
        """Show or hide one column."""
        self.setColumnHidden(COLUMN_INDEX[column], not is_visible)
        self.layout_changed.emit()

    def _cycle_sorting(self, index: int) -> None:
        """A first click sorts ascending, the second descending, the third restores the default order."""
        column = COLUMNS[index].id
        sort, descending = self._jobs.sort_order
        if sort != column:
            self._jobs.sort_by(column)
        elif not descending:
            self._jobs.sort_by(column, True)
        else:
            self._jobs.sort_by("")
        self._show_sorting()
        self.layout_changed.emit()

    def _show_sorting(self) -> None:
        sort, descending = self._jobs.sort_order
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self._header_view().setSortIndicatorShown(bool(sort))
        self._header_view().setSortIndicator(COLUMN_INDEX.get(sort, -1), order)

    def _reset_layout(self) -> None:
        for index in range(len(COLUMNS)):
            self._header_view().moveSection(self._header_view().visualIndex(index), index)
        self._show_default()
        self._jobs.sort_by("")
        self._show_sorting()
        self.layout_changed.emit()

    def _show_default(self) -> None:
        for index, column in enumerate(COLUMNS):
            self.setColumnWidth(index, column.width)
            self.setColumnHidden(index, not column.is_default)

    def _header_view(self) -> QHeaderView:
        header = self.header()
        assert header is not None
        return header

    def _redraw(self) -> None:
        if viewport := self.viewport():
            viewport.update()
