"""TaskTable: the models of a job with their states and errors, one row each, updated row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from vestim_core.spec.states import TaskKind
from vestim_gui.detail.event_text import state_text
from vestim_gui.detail.job_results import best_epoch, overall_rmse, training_tasks
from vestim_gui.display_numbers import format_metric
from vestim_gui.store.job_history import JobHistory
from vestim_gui.widgets.badge import glyph_of
from vestim_gui.widgets.plain_label import plain_tip

HEADERS = ("State", "Model", "Epoch", "Validation", "Test")
RIGHT_ALIGNED_COLUMNS = {2, 3, 4}
ROW_PX, MIN_COLUMN_PX = 26, 64  # height of a row; least width of a column


@dataclass(frozen=True)
class TaskRow:
    """One model: the id of its training, and the text of each column."""

    task_id: str
    cells: tuple[str, ...]


def task_rows(details: Mapping[str, Any] | None, history: JobHistory) -> list[TaskRow]:
    """One row for each training, including those that have not begun."""
    titles_and_states = {
        task["task_id"]: (task["title"], task["state"])
        for task in (details or {}).get("tasks") or ()
        if task["kind"] == TaskKind.TRAIN
    }
    for task in training_tasks(history):
        titles_and_states[task.task_id] = (
            titles_and_states.get(task.task_id, (task.title,))[0],
            task.state or "waiting",
        )
    tests = {
        (result.get("model") or {}).get("task_id"): overall_rmse(result, "test") for result in history.results.values()
    }
    rows = []
    for task_id, (title, state) in sorted(titles_and_states.items()):
        task_history = history.tasks.get(task_id)
        best = best_epoch(task_history) if task_history else None
        test = tests.get(task_id)
        last = (task_history.last or {}) if task_history else {}
        epoch = f"{last['epoch']}/{last['max_epochs']}" if last.get("max_epochs") else ""
        cells = (
            f"{glyph_of(state)} {state_text(state)}",
            title,
            epoch,
            format_metric(best.name, best.value) if best else "",
            format_metric(*test) if test else "",
        )
        rows.append(TaskRow(task_id, cells))
    return rows


class TaskModel(QAbstractTableModel):
    """Rows that are replaced one by one."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[TaskRow] = []

    def set_rows(self, rows: list[TaskRow]) -> None:
        """Show these rows; the view is notified only of those that differ."""
        if [task.task_id for task in rows] != [task.task_id for task in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        previous_rows, self.rows = self.rows, rows
        for index, (previous, row) in enumerate(zip(previous_rows, rows, strict=True)):
            if previous != row:
                self.dataChanged.emit(self.index(index, 0), self.index(index, len(HEADERS) - 1))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of models."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(HEADERS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Content of a cell."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows[index.row()].cells[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self.rows[index.row()].cells[index.column()])
        return _alignment(index.column(), role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Names of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        return HEADERS[section] if role == Qt.ItemDataRole.DisplayRole else _alignment(section, role)


class TaskTable(QTableView):
    """The table of models. task_chosen: the id of the training that was selected."""

    task_chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tasks = TaskModel(self)
        self.setModel(self.tasks)
        self.setAccessibleName("Models of this job")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None and columns is not None
        rows.hide()
        rows.setDefaultSectionSize(ROW_PX)
        columns.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(MIN_COLUMN_PX)
        for column, width in ((0, 88), (2, 64), (3, 84), (4, 76)):
            self.setColumnWidth(column, width)
        selection = self.selectionModel()
        assert selection is not None
        selection.currentRowChanged.connect(self._emit_chosen)

    def _emit_chosen(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid():
            self.task_chosen.emit(self.tasks.rows[current.row()].task_id)


def _alignment(column: int, role: int) -> Any:
    if role != Qt.ItemDataRole.TextAlignmentRole:
        return None
    alignment = Qt.AlignmentFlag.AlignRight if column in RIGHT_ALIGNED_COLUMNS else Qt.AlignmentFlag.AlignLeft
    return int(alignment | Qt.AlignmentFlag.AlignVCenter)
