"""JobFeed: one job watched from its first event: its history as it grows, and what `show_job` says of it."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.link.link import Link
from vestim_gui.link.link_state import JobEvents
from vestim_gui.store.job_history import JobHistory

ASK_AGAIN_MS = 250
ASKED_ANEW = {"tasks", "results", "phases", "job"}


class JobFeed(QObject):
    """Watches until `close`.

    changed: a set of the words of `JobHistory.apply`, with "shown" when `shown` is new and "reset" when the history
    began anew. gone: a `VestimError`, when the job cannot be read.
    """

    changed = pyqtSignal(object)
    gone = pyqtSignal(object)

    def __init__(self, link: Link, job_id: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.history = JobHistory()
        self.shown: dict[str, Any] | None = None
        self._link = link
        self._tasks: list[dict[str, Any]] = []
        self._asking = self._ask_again = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(ASK_AGAIN_MS)
        self._pause.timeout.connect(self._ask)
        link.job_events.connect(self._take_in)
        link.watch_job(job_id)
        self._ask()

    @property
    def spec(self) -> dict[str, Any]:
        """The job's document as it was started; empty before it is known."""
        return dict(self.shown["spec"]) if self.shown else {}

    def close(self) -> None:
        """Watch no more."""
        self._link.job_events.disconnect(self._take_in)
        self._link.unwatch_job(self.job_id)
        self._pause.stop()
        self.deleteLater()

    def title_of(self, task_id: str) -> str:
        """What a task is called; its id before that is known."""
        known = next((task["title"] for task in (self.shown or {}).get("tasks", ()) if task["task_id"] == task_id), "")
        task = self.history.tasks.get(task_id)
        return known or (task.title if task else "") or task_id

    def _take_in(self, job_id: str, batch: JobEvents) -> None:
        if job_id != self.job_id:
            return
        if batch.reset:
            self.history = JobHistory()
        changed = self.history.apply(batch.events)
        if batch.reset:
            changed.add("reset")
        if changed & ASKED_ANEW and not self._pause.isActive():
            self._pause.start()
        if changed:
            self.changed.emit(changed)

    def _ask(self) -> None:
        if self._asking:
            self._ask_again = True
            return
        self._asking, self._ask_again, self._tasks = True, False, []
        self._link.call("show_job", {"job_id": self.job_id}, self._take_shown, self._failed, owner=self)

    def _take_shown(self, shown: dict[str, Any]) -> None:
        """Read on while there are more tasks than fit into one answer."""
        self._tasks += shown["tasks"]
        if shown["tasks"] and len(self._tasks) < shown["task_count"]:
            more = {"job_id": self.job_id, "tasks_from": len(self._tasks)}
            self._link.call("show_job", more, self._take_shown, self._failed, owner=self)
            return
        self._asking = False
        self.shown = {**shown, "tasks": self._tasks}
        self.changed.emit({"shown"})
        if self._ask_again:
            self._pause.start()

    def _failed(self, error: VestimError) -> None:
        self._asking = False
        self.gone.emit(error)
