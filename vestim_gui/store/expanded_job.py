"""ExpandedJob: the tasks of a job that is expanded in the list, each with its current state."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_gui.link.daemon_link import Link
from vestim_gui.store.catalog import Catalog
from vestim_gui.store.feed import JobFeed
from vestim_gui.store.job_presenter import JobPresenter, present_task

REFRESH_MS = 100  # product rule: views update at 10 Hz at most


class ExpandedJob(QObject):
    """Follows one job until `close`. tasks: from `show_job`, updated by events. Lives on the window's thread.

    task_count_changing: the number of tasks before and after a change that follows. changed: the change is done.
    added_count: by how many tasks the list grew; negative if it shrank.
    """

    task_count_changing = pyqtSignal(int, int)
    changed = pyqtSignal()

    def __init__(self, link: Link, jobs: Catalog, job_id: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.tasks: list[dict[str, Any]] = []
        self.added_count = 0
        self._jobs = jobs
        self._feed = JobFeed(link, job_id, self)
        self._feed.changed.connect(self._schedule_refresh)
        jobs.changed.connect(self._on_catalog_changed)
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.setInterval(REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh)

    @property
    def count(self) -> int:
        """Number of tasks."""
        return len(self.tasks)

    def presenter(self, index: int) -> JobPresenter:
        """Presenter of the task at `index`."""
        task = self.tasks[index]
        return present_task(task, self._jobs.progress_of_task(self.job_id, task["task_id"]))

    def close(self) -> None:
        """Stop following the job."""
        self._refresh_timer.stop()
        self._jobs.changed.disconnect(self._on_catalog_changed)
        self._feed.close()
        self.deleteLater()

    def _on_catalog_changed(self, job_ids: list[str]) -> None:
        if self.job_id in job_ids:
            self._schedule_refresh()

    def _schedule_refresh(self, _changes: object = None) -> None:
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _refresh(self) -> None:
        latest_tasks = (self._feed.details or {}).get("tasks", [])
        tasks = [self._with_events(task) for task in latest_tasks]
        self.added_count = len(tasks) - len(self.tasks)
        self.task_count_changing.emit(len(self.tasks), len(tasks))
        self.tasks = tasks
        self.changed.emit()

    def _with_events(self, task: dict[str, Any]) -> dict[str, Any]:
        """A task of the `show_job` reply, updated by the events since."""
        history = self._feed.history.tasks.get(task["task_id"])
        if history is None:
            return task
        progress = {**task["progress"], **(history.last or {})}
        return {**task, "state": history.state or task["state"], "progress": progress}
