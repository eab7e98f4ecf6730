"""TaskTable: the models of a job with their states and errors, one row each, changed row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from vestim_core.spec.states import TaskKind
from vestim_gui.detail.facts import best_of_task, overall_rmse, trainings
from vestim_gui.detail.event_text import state_words
from vestim_gui.numbers import metric
from vestim_gui.store.job_history import JobHistory
from vestim_gui.widgets.badge import glyph_of
from vestim_gui.widgets.plain_label import plain_tip

HEADS = ("State", "Model", "Epoch", "Validation", "Test")
RIGHT = {2, 3, 4}
ROW_PX, LEAST_PX = 26, 64


@dataclass(frozen=True)
class TaskRow:
    """One model: the id of its training, and what stands in each column."""

    task_id: str
    cells: tuple[str, ...]


def task_rows(shown: Mapping[str, Any] | None, history: JobHistory) -> list[TaskRow]:
    """One row for each training, those that have not begun too."""
    planned = {
        task["task_id"]: (task["title"], task["state"])
        for task in (shown or {}).get("tasks") or ()
        if task["kind"] == TaskKind.TRAIN
    }
    for task in trainings(history):
        planned[task.task_id] = (planned.get(task.task_id, (task.title,))[0], task.state or "waiting")
    tests = {
        (result.get("model") or {}).get("task_id"): overall_rmse(result, "test") for result in history.results.values()
    }
    rows = []
    for task_id, (title, state) in sorted(planned.items()):
        begun = history.tasks.get(task_id)
        best = best_of_task(begun) if begun else None
        test = tests.get(task_id)
        last = (begun.last or {}) if begun else {}
        epoch = f"{last['epoch']}/{last['max_epochs']}" if last.get("max_epochs") else ""
        cells = (
            f"{glyph_of(state)} {state_words(state)}",
            title,
            epoch,
            metric(best.name, best.value) if best else "",
            metric(*test) if test else "",
        )
        rows.append(TaskRow(task_id, cells))
    return rows


class TaskModel(QAbstractTableModel):
    """Rows that are replaced one by one."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[TaskRow] = []

    def set_rows(self, rows: list[TaskRow]) -> None:
        """Show these rows; only those that differ are told to the view."""
        if [row.task_id for row in rows] != [row.task_id for row in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        old, self.rows = self.rows, rows
        for number, (before, after) in enumerate(zip(old, rows, strict=True)):
            if before != after:
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(HEADS) - 1))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of models."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(HEADS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What stands in a cell."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows[index.row()].cells[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self.rows[index.row()].cells[index.column()])
        return _aligned(index.column(), role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Names of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        return HEADS[section] if role == Qt.ItemDataRole.DisplayRole else _aligned(section, role)


class TaskTable(QTableView):
    """chosen: the id of the training that was picked."""

    chosen = pyqtSignal(str)

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
        columns.setMinimumSectionSize(LEAST_PX)
        for column, width in ((0, 88), (2, 64), (3, 84), (4, 76)):
            self.setColumnWidth(column, width)
        selection = self.selectionModel()
        assert selection is not None
        selection.currentRowChanged.connect(self._choose)

    def _choose(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.tasks.rows[now.row()].task_id)


def _aligned(column: int, role: int) -> Any:
    if role != Qt.ItemDataRole.TextAlignmentRole:
        return None
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)
