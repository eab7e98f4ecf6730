"""FilesTable: the files of a job as a table, of which some are chosen."""

from __future__ import annotations

from collections.abc import Collection

from PyQt6.QtCore import QItemSelectionModel, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from vestim_gui.new_job.data_files import FileRow
from vestim_gui.new_job.files_model import COLUMNS, FilesModel

MEASURED_ROWS = 20
"""The columns are as wide as these rows need; measuring all of a thousand takes a second."""
LEAST_ROWS, MOST_ROWS, ROW_PX = 3, 10, 32


class FilesTable(QTableView):
    """removed: the key that removes was pressed. chosen: other files are chosen."""

    removed = pyqtSignal()
    chosen = pyqtSignal()

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
            selection.selectionChanged.connect(lambda *_: self.chosen.emit())

    def selected(self) -> list[FileRow]:
        """The chosen files."""
        selection = self.selectionModel()
        indexes = selection.selectedRows() if selection is not None else []
        return [self._files.rows[index.row()] for index in indexes if index.row() < len(self._files.rows)]

    def add_to_selection(self, paths: Collection[str]) -> None:
        """Choose these files too."""
        selection = self.selectionModel()
        if selection is None or {row.path for row in self.selected()} == set(paths):
            return
        flags = QItemSelectionModel.SelectionFlag
        for place, row in enumerate(self._files.rows):
            if row.path in paths:
                selection.select(self._files.index(place, 0), flags.Select | flags.Rows)

    def choose(self, path: str) -> None:
        """Choose one file alone."""
        if {row.path for row in self.selected()} != {path}:
            self.clearSelection()
            self.add_to_selection({path})

    def fit(self) -> None:
        """Be as high as the rows need, within bounds; gone without any."""
        shown = min(max(len(self._files.rows), LEAST_ROWS), MOST_ROWS)
        header = self.horizontalHeader()
        self.setFixedHeight((header.sizeHint().height() if header is not None else ROW_PX) + shown * ROW_PX + 8)
        self.setVisible(bool(self._files.rows))

    def set_narrow(self, narrow: bool) -> None:
        """Leave out what can be spared."""
        for place, column in enumerate(COLUMNS):
            self.setColumnHidden(place, narrow and column.spare)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Delete:
            self.removed.emit()
            return
        super().keyPressEvent(event)
