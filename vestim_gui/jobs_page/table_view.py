"""The table of jobs: the same rows with chosen columns. Choice, order, widths and sorting are kept as plain values."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHeaderView, QMenu, QWidget

from vestim_gui.jobs_page.job_delegate import CellDelegate
from vestim_gui.jobs_page.jobs_view import JobsView
from vestim_gui.store.table_columns import COLUMNS, INDEX, NAME, PROGRESS, STATE
from vestim_gui.store.jobs_model import JobsModel
from vestim_gui.theme.theme import Theme

LEAST_PX, MOST_PX = 40, 1200


class TableView(JobsView):
    """layout_changed: columns were chosen, moved, made wider or sorted by; to be kept."""

    layout_changed = pyqtSignal()

    def __init__(self, model: JobsModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.setAccessibleName("Table of jobs")
        self.setItemDelegate(CellDelegate(theme, INDEX[STATE], INDEX[PROGRESS], self))
        self.setSortingEnabled(False)
        self.setAllColumnsShowFocus(True)
        head = self._head()
        head.setSectionsMovable(True)
        head.setSectionsClickable(True)
        head.setFirstSectionMovable(False)
        head.setStretchLastSection(True)
        head.setMinimumSectionSize(LEAST_PX)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self.choose_columns)
        head.sectionClicked.connect(self._sort_by)
        head.sectionResized.connect(self._changed)
        head.sectionMoved.connect(self._changed)
        self._told = False
        self._layout_kept: dict[str, Any] = {}
        theme.changed.connect(self._redraw)

    # --- what is kept

    def layout_values(self) -> dict[str, Any]:
        """Shown columns in their order, widths in pixels, and the sorting, as JSON values."""
        if self.model() is None:
            return self._layout_kept
        head = self._head()
        order = [COLUMNS[head.logicalIndex(place)].id for place in range(len(COLUMNS))]
        shown = [column for column in order if not self.isColumnHidden(INDEX[column])]
        sort, descending = self._jobs.sort_order
        widths = {column: self.columnWidth(INDEX[column]) for column in shown}
        return {"columns": shown, "widths": widths, "sort": sort, "descending": descending}

    def set_layout_values(self, values: Any) -> None:
        """Take up what was kept; what cannot be understood is left as it is."""
        if not isinstance(values, dict):
            return
        sort = values.get("sort")
        self._jobs.sort_by(sort if sort in INDEX else "", values.get("descending") is True)
        self._layout_kept = values
        if self.model() is None:
            return
        shown = [column for column in values.get("columns") or [] if column in INDEX]
        if NAME in shown:
            for place, column in enumerate(shown):
                self._head().moveSection(self._head().visualIndex(INDEX[column]), place)
            for column, place in INDEX.items():
                self.setColumnHidden(place, column not in shown)
        widths = values.get("widths")
        for column, width in widths.items() if isinstance(widths, dict) else ():
            if column in INDEX and isinstance(width, int) and LEAST_PX <= width <= MOST_PX:
                self.setColumnWidth(INDEX[column], width)
        self._show_sorting()

    def follow(self) -> None:
        """Lay the columns out as they were, once there are any."""
        if self.model() is None:
            super().follow()
            self._show_default()
            self.set_layout_values(self._layout_kept)
            self._told = True

    def _changed(self, *_: int) -> None:
        if self._told:
            self.layout_changed.emit()

    # --- columns and sorting

    def choose_columns(self, where: QPoint = QPoint(0, 24)) -> None:  # noqa: B008
        """Ask which columns are wanted."""
        menu = QMenu(self)
        for column in COLUMNS[1:]:
            action = QAction(column.title, menu, checkable=True)  # type: ignore[call-overload]
            action.setChecked(not self.isColumnHidden(INDEX[column.id]))
            action.toggled.connect(lambda on, name=column.id: self.show_column(name, on))
            menu.addAction(action)
        menu.addSeparator()
        default = menu.addAction("Default columns and order")
        if default is not None:
            default.triggered.connect(self._reset_layout)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._head().mapToGlobal(where))

    def show_column(self, column: str, shown: bool) -> None:
        """Show or hide one column."""
        self.setColumnHidden(INDEX[column], not shown)
        self.layout_changed.emit()

    def _sort_by(self, place: int) -> None:
        """A click sorts from the lowest, the next from the highest, the third gives the order of the list back."""
        column = COLUMNS[place].id
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
        self._head().setSortIndicatorShown(bool(sort))
        self._head().setSortIndicator(INDEX.get(sort, -1), order)

    def _reset_layout(self) -> None:
        for place in range(len(COLUMNS)):
            self._head().moveSection(self._head().visualIndex(place), place)
        self._show_default()
        self._jobs.sort_by("")
        self._show_sorting()
        self.layout_changed.emit()

    def _show_default(self) -> None:
        for place, column in enumerate(COLUMNS):
            self.setColumnWidth(place, column.width)
            self.setColumnHidden(place, not column.shown)

    def _head(self) -> QHeaderView:
        head = self.header()
        assert head is not None
        return head

    def _redraw(self) -> None:
        if viewport := self.viewport():
            viewport.update()
