"""JobFeed: follow one job from its first event: the history as it grows, and the newest `show_job` reply."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.link.daemon_link import Link
from vestim_gui.link.link_state import JobEvents
from vestim_gui.store.job_history import JobHistory

REFRESH_MS = 250
"""Pause, in ms, between two `show_job` calls while events keep coming. Arbitrary: any value from 100 to 1000 works."""
STALE_AFTER = {"tasks", "results", "phases", "job"}  # kinds of change after which the `show_job` reply is out of date


class JobFeed(QObject):
    """Follows one job until `close`. Lives on the window's thread.

    changed: set of change names from `JobHistory.apply`, with "details" when `details` is new and "reset" when the
    history was restarted. failed: a `VestimError` when the job cannot be read.
    """

    changed = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, link: Link, job_id: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.history = JobHistory()
        self.details: dict[str, Any] | None = None
        self._link = link
        self._tasks: list[dict[str, Any]] = []
        self._is_requesting = self._is_stale = False
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.setInterval(REFRESH_MS)
        self._refresh_timer.timeout.connect(self._request_details)
        link.job_events.connect(self._apply_events)
        link.watch_job(job_id)
        self._request_details()

    @property
    def spec(self) -> dict[str, Any]:
        """The job's document as submitted; empty until it has been read."""
        return dict(self.details["spec"]) if self.details else {}

    def close(self) -> None:
        """Stop following the job."""
        self._link.job_events.disconnect(self._apply_events)
        self._link.unwatch_job(self.job_id)
        self._refresh_timer.stop()
        self.deleteLater()

    def title_of(self, task_id: str) -> str:
        """Title of a task; its id until the title is known."""
        title = next(
            (task["title"] for task in (self.details or {}).get("tasks", ()) if task["task_id"] == task_id), ""
        )
        task = self.history.tasks.get(task_id)
        return title or (task.title if task else "") or task_id

    def _apply_events(self, job_id: str, batch: JobEvents) -> None:
        if job_id != self.job_id:
            return
        if batch.reset:
            self.history = JobHistory()
        changed = self.history.apply(batch.events)
        if batch.reset:
            changed.add("reset")
        if changed & STALE_AFTER and not self._refresh_timer.isActive():
            self._refresh_timer.start()
        if changed:
            self.changed.emit(changed)

    def _request_details(self) -> None:
        if self._is_requesting:
            self._is_stale = True
            return
        self._is_requesting, self._is_stale, self._tasks = True, False, []
        self._link.call("show_job", {"job_id": self.job_id}, self._apply_details, self._report_failure, owner=self)

    def _apply_details(self, details: dict[str, Any]) -> None:
        """Store a reply; request the next page while there are more tasks than fit into one reply."""
        self._tasks += details["tasks"]
        if details["tasks"] and len(self._tasks) < details["task_count"]:
            next_page = {"job_id": self.job_id, "tasks_from": len(self._tasks)}
            self._link.call("show_job", next_page, self._apply_details, self._report_failure, owner=self)
            return
        self._is_requesting = False
        self.details = {**details, "tasks": self._tasks}
        self.changed.emit({"details"})
        if self._is_stale:
            self._refresh_timer.start()

    def _report_failure(self, error: VestimError) -> None:
        self._is_requesting = False
        self.failed.emit(error)
