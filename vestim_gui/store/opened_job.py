"""OpenedJob: the tasks of a job that is opened in the list, each with its own state, as they change."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_gui.link.link import Link
from vestim_gui.store.catalogue import Catalogue
from vestim_gui.store.faces import Face, task_face
from vestim_gui.store.feed import JobFeed

BEAT_MS = 100


class OpenedJob(QObject):
    """Follows one job until `close`. tasks: as `show_job` gives them, with what events told since.

    about_to_change: how many tasks there are and how many there will be; changed: now they are. grew: by how many.
    """

    about_to_change = pyqtSignal(int, int)
    changed = pyqtSignal()

    def __init__(self, link: Link, jobs: Catalogue, job_id: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.tasks: list[dict[str, Any]] = []
        self.grew = 0
        self._jobs = jobs
        self._feed = JobFeed(link, job_id, self)
        self._feed.changed.connect(self._touch)
        jobs.changed.connect(self._catalogue_changed)
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._renew)

    @property
    def count(self) -> int:
        """How many tasks are shown."""
        return len(self.tasks)

    def face(self, place: int) -> Face:
        """What is shown of one task."""
        task = self.tasks[place]
        return task_face(task, self._jobs.progress_of_task(self.job_id, task["task_id"]))

    def close(self) -> None:
        """Follow the job no more."""
        self._beat.stop()
        self._jobs.changed.disconnect(self._catalogue_changed)
        self._feed.close()
        self.deleteLater()

    def _catalogue_changed(self, job_ids: list[str]) -> None:
        if self.job_id in job_ids:
            self._touch()

    def _touch(self, words: object = None) -> None:
        if not self._beat.isActive():
            self._beat.start()

    def _renew(self) -> None:
        told = (self._feed.shown or {}).get("tasks", [])
        tasks = [self._as_it_is(task) for task in told]
        self.grew = len(tasks) - len(self.tasks)
        self.about_to_change.emit(len(self.tasks), len(tasks))
        self.tasks = tasks
        self.changed.emit()

    def _as_it_is(self, task: dict[str, Any]) -> dict[str, Any]:
        """What `show_job` said, with what its events have told since."""
        history = self._feed.history.tasks.get(task["task_id"])
        if history is None:
            return task
        progress = {**task["progress"], **(history.last or {})}
        return {**task, "state": history.state or task["state"], "progress": progress}
