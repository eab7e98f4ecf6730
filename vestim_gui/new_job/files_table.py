"""FilesTable: the data files of a job as a table with a selection."""

from __future__ import annotations

from collections.abc import Collection

from PyQt6.QtCore import QItemSelectionModel, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from vestim_gui.new_job.files_model import FILE_COLUMNS, FilesModel
from vestim_gui.new_job.job_data_files import FileRow

MEASURED_ROWS = 20
"""Rows that determine the column widths; measuring a thousand takes a second."""
MIN_ROWS, MAX_ROWS, ROW_PX = 3, 10, 32  # rows visible at least and at most; height of a row


class FilesTable(QTableView):
    """A table view with row selection.

    remove_requested: Delete was pressed. selection_changed: other files are selected.
    """

    remove_requested = pyqtSignal()
    selection_changed = pyqtSignal()

    def __init__(self, model: FilesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files = model
        self.setModel(model)
        self.setAccessibleName("Files of the job")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        if (vertical := self.verticalHeader()) is not None:
            vertical.hide()
            vertical.setDefaultSectionSize(ROW_PX)
        if (header := self.horizontalHeader()) is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setResizeContentsPrecision(MEASURED_ROWS)
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
            header.setHighlightSections(False)
        if (selection := self.selectionModel()) is not None:
            selection.selectionChanged.connect(lambda *_: self.selection_changed.emit())

    def selected(self) -> list[FileRow]:
        """The selected files."""
        selection = self.selectionModel()
        indexes = selection.selectedRows() if selection is not None else []
        return [self._files.rows[index.row()] for index in indexes if index.row() < len(self._files.rows)]

    def select_files(self, paths: Collection[str]) -> None:
        """Add these files to the selection."""
        selection = self.selectionModel()
        if selection is None or {row.path for row in self.selected()} == set(paths):
            return
        flags = QItemSelectionModel.SelectionFlag
        for index, row in enumerate(self._files.rows):
            if row.path in paths:
                selection.select(self._files.index(index, 0), flags.Select | flags.Rows)

    def select_file(self, path: str) -> None:
        """Select only this file."""
        if {row.path for row in self.selected()} != {path}:
            self.clearSelection()
            self.select_files({path})

    def fit_height(self) -> None:
        """Fit the height to the rows within limits; hide the table without rows."""
        row_count = min(max(len(self._files.rows), MIN_ROWS), MAX_ROWS)
        header = self.horizontalHeader()
        self.setFixedHeight((header.sizeHint().height() if header is not None else ROW_PX) + row_count * ROW_PX + 8)
        self.setVisible(bool(self._files.rows))

    def set_narrow(self, narrow: bool) -> None:
        """Hide optional columns."""
        for index, column in enumerate(FILE_COLUMNS):
            self.setColumnHidden(index, narrow and column.is_optional)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Delete:
            self.remove_requested.emit()
            return
        super().keyPressEvent(event)
