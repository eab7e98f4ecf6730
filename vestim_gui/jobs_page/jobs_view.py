"""Common behavior of the list and the table of jobs: selection by id, expanding into tasks, dragging in the queue."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, pyqtSignal
from PyQt6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from vestim_gui.store.jobs_model import JOB_ID, TASK_ID, JobsModel


class JobsView(QTreeView):
    """A view of a `JobsModel`. Selection and expanded jobs are known by id and survive a reset of the model.

    current_job_changed: id of the new current job, or "". job_opened: a job or task was double-clicked: its id and the
    task's, or "".
    """

    current_job_changed = pyqtSignal(str)
    job_opened = pyqtSignal(str, str)
    selection_changed = pyqtSignal()

    def __init__(self, model: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = model
        self._saved_selection: tuple[list[str], str] = ([], "")
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
        self.expanded.connect(self._on_expanded)
        self.collapsed.connect(self._on_collapsed)
        self.doubleClicked.connect(self._emit_job_opened)

    def attach_model(self) -> None:
        """Attach the model. Before it is shown for the first time, a view costs nothing."""
        if self.model() is None:
            self.setModel(self._jobs)
            self._jobs.modelAboutToBeReset.connect(self._save_selection)
            self._jobs.modelReset.connect(self._restore_selection)
            for job_id in self._jobs.expanded_ids:
                self.expand(self._jobs.index_of(job_id))

    # --- by id

    @property
    def current_job(self) -> str:
        """Id of the current job; "" if there is none."""
        return self._job_id(self.currentIndex())

    @property
    def current_task(self) -> str:
        """Id of the current task; "" if there is none."""
        index = self.currentIndex()
        return str(index.data(TASK_ID) or "") if index.isValid() else ""

    def selected_jobs(self) -> list[str]:
        """Ids of the selected jobs, from the top."""
        selection = self.selectionModel()
        rows = selection.selectedRows() if selection else []
        rows.sort(key=lambda index: index.row())
        return list(dict.fromkeys(filter(None, map(self._job_id, rows))))

    def select_jobs(self, job_ids: Iterable[str], current: str = "") -> None:
        """Select these jobs, as far as they are in the model."""
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

    def _job_id(self, index: QModelIndex) -> str:
        return str(index.data(JOB_ID) or "") if index.isValid() else ""

    # --- Qt

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        if self._job_id(current) != self._job_id(previous):
            self.current_job_changed.emit(self._job_id(current))

    def _emit_job_opened(self, index: QModelIndex) -> None:
        if job_id := self._job_id(index):
            self.job_opened.emit(job_id, str(index.data(TASK_ID) or ""))

    def _on_expanded(self, index: QModelIndex) -> None:
        self.setUniformRowHeights(False)
        self._jobs.expand_job(self._job_id(index))

    def _on_collapsed(self, index: QModelIndex) -> None:
        self._jobs.collapse_job(self._job_id(index))
        self.setUniformRowHeights(not self._jobs.expanded_ids)

    def _save_selection(self) -> None:
        self._saved_selection = (self.selected_jobs(), self.current_job)

    def _restore_selection(self) -> None:
        job_ids, current = self._saved_selection
        for job_id in self._jobs.expanded_ids:
            self.expand(self._jobs.index_of(job_id))
        self.select_jobs(job_ids, current)
