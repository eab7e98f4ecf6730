"""The list of jobs: one column of rows with two lines and a progress bar."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QWidget

from vestim_gui.jobs_page.job_delegate import JobDelegate
from vestim_gui.jobs_page.jobs_view import JobsView
from vestim_gui.store.jobs_model import TASK_ID, JobsModel
from vestim_gui.store.table_columns import COLUMNS
from vestim_gui.theme.style import set_kind
from vestim_gui.theme.theme import Theme


class ListView(JobsView):
    """A click on a job's chevron expands or collapses it, as the arrow keys do."""

    def __init__(self, model: JobsModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self._delegate = JobDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Jobs")
        set_kind(self, "cards")
        theme.changed.connect(self._redraw)

    def attach_model(self) -> None:
        super().attach_model()
        for column in range(1, len(COLUMNS)):
            self.setColumnHidden(column, True)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            index = self.indexAt(event.position().toPoint())
            is_expandable = index.isValid() and not index.data(TASK_ID) and self.model().hasChildren(index)  # type: ignore[union-attr]
            if is_expandable and self._delegate.chevron_rect(self.visualRect(index)).contains(
                event.position().toPoint()
            ):
                self.setExpanded(index, not self.isExpanded(index))
                return
        super().mousePressEvent(event)

    def _redraw(self) -> None:
        if viewport := self.viewport():
            viewport.update()
