"""What list and table of jobs have in common: selection by id, opening into tasks, dragging in the queue."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, pyqtSignal
from PyQt6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from vestim_gui.store.jobs_model import JOB_ID, TASK_ID, JobsModel


class JobsView(QTreeView):
    """A view of a `JobsModel`. What is selected and opened is known by id and survives a new layout of the model.

    selected: another job is the current one: its id, or "". chosen: a job or task was double-clicked: its id and the
    task's, or "".
    """

    selected = pyqtSignal(str)
    chosen = pyqtSignal(str, str)
    selection_changed = pyqtSignal()

    def __init__(self, model: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._kept: tuple[list[str], str] = ([], "")
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setExpandsOnDoubleClick(False)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDropIndicatorShown(True)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.expanded.connect(self._expanded)
        self.collapsed.connect(self._collapsed)
        self.doubleClicked.connect(self._choose)

    def follow(self) -> None:
        """Show the model's rows from now on. Before it is shown for the first time, a view costs nothing."""
        if self.model() is None:
            self.setModel(self._jobs)
            self._jobs.modelAboutToBeReset.connect(self._keep)
            self._jobs.modelReset.connect(self._restore)
            for job_id in self._jobs.opened:
                self.expand(self._jobs.index_of(job_id))

    # --- by id

    @property
    def current_job(self) -> str:
        """Id of the job that is current; "" for none."""
        return self._id(self.currentIndex())

    @property
    def current_task(self) -> str:
        """Id of the task that is current; "" for none."""
        index = self.currentIndex()
        return str(index.data(TASK_ID) or "") if index.isValid() else ""

    def selected_jobs(self) -> list[str]:
        """Ids of the selected jobs, from above."""
        selection = self.selectionModel()
        rows = selection.selectedRows() if selection else []
        rows.sort(key=lambda index: index.row())
        return list(dict.fromkeys(filter(None, map(self._id, rows))))

    def select_jobs(self, job_ids: Iterable[str], current: str = "") -> None:
        """Select these jobs, as far as they are shown."""
        selection = QItemSelection()
        for job_id in job_ids:
            index = self._jobs.index_of(job_id)
            if index.isValid():
                selection.select(index, index)
        model = self.selectionModel()
        if model is None:
            return
        flags = QItemSelectionModel.SelectionFlag
        model.select(selection, flags.ClearAndSelect | flags.Rows)
        index = self._jobs.index_of(current)
        if index.isValid():
            model.setCurrentIndex(index, flags.NoUpdate)
            self.scrollTo(index)

    def rename_current(self) -> None:
        """Edit the current job's name in its row."""
        index = self._jobs.index_of(self.current_job)
        if index.isValid():
            self.edit(index)

    def _id(self, index: QModelIndex) -> str:
        return str(index.data(JOB_ID) or "") if index.isValid() else ""

    # --- Qt

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        if self._id(current) != self._id(previous):
            self.selected.emit(self._id(current))

    def _choose(self, index: QModelIndex) -> None:
        if job_id := self._id(index):
            self.chosen.emit(job_id, str(index.data(TASK_ID) or ""))

    def _expanded(self, index: QModelIndex) -> None:
        self.setUniformRowHeights(False)
        self._jobs.open_job(self._id(index))

    def _collapsed(self, index: QModelIndex) -> None:
        self._jobs.close_job(self._id(index))
        self.setUniformRowHeights(not self._jobs.opened)

    def _keep(self) -> None:
        self._kept = (self.selected_jobs(), self.current_job)

    def _restore(self) -> None:
        job_ids, current = self._kept
        for job_id in self._jobs.opened:
            self.expand(self._jobs.index_of(job_id))
        self.select_jobs(job_ids, current)
