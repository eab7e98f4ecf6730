"""Draft: keeps what is typed with the service, where it outlives the window, and starts it.

Saved half a second after the last change, one save at a time, always the newest. Nothing is lost while the service is
away: what waits is saved when it is back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.link.link import Link
from vestim_gui.link.pending import Pending
from vestim_gui.new_job.document import Document

SAVE_AFTER_MS = 500


class Draft(QObject):
    """job_id: the draft's, "" before the first save. said: how saving stands, in words, and its tone. problems: what
    the service says is missing. named: the draft has an id, or has it no more. lost: it was started or deleted
    elsewhere. stored: the service has all that was typed."""

    said = pyqtSignal(str, str)
    problems = pyqtSignal(object)
    named = pyqtSignal(str)
    lost = pyqtSignal(object)
    stored = pyqtSignal()

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self.job_id = ""
        self._newest: Document | None = None
        self._saving: Pending | None = None
        self._then: Callable[[], None] | None = None
        self._not_started: Callable[[VestimError], None] = lambda _: None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SAVE_AFTER_MS)
        self._soon.timeout.connect(self._save)
        link.state_changed.connect(lambda _: self._tell_waiting())

    @property
    def saved(self) -> bool:
        """Whether the service has all that was typed."""
        return self._newest is None and self._saving is None

    def become(self, job_id: str) -> None:
        """Be another draft from now on; what was not saved of this one is saved first."""
        self.flush()
        if self._saving is not None:
            self._saving.forget()
            self._saving = None
        self._newest = self._then = None
        self.job_id = job_id
        self.named.emit(job_id)
        self.said.emit("Draft kept by the background service." if job_id else "", "muted")

    def keep(self, document: Document) -> None:
        """Save this soon."""
        self._newest = document
        self._soon.start()
        self._tell_waiting()

    def flush(self) -> None:
        """Send now what has not been sent."""
        if self._soon.isActive():
            self._soon.stop()
            self._save()

    def start(self, document: Document, done: Callable[[str], None], failed: Callable[[VestimError], None]) -> None:
        """Save the document and start the job. done: gets its id."""

        def begin() -> None:
            self._link.call("start", {"job_id": self.job_id}, lambda answer: done(answer["job_id"]), failed, owner=self)

        self._soon.stop()
        self._newest = document
        self._then = begin
        self._not_started = failed
        if self._saving is None:
            self._save()

    def discard(self) -> None:
        """Delete the draft and be none."""
        job_id = self.job_id
        self._soon.stop()
        self._newest = None
        self.become("")
        if job_id:
            self._link.call("delete", {"job_id": job_id}, owner=self)

    def _save(self) -> None:
        if self._saving is not None or self._newest is None:
            return
        document, self._newest = self._newest, None

        def created(answer: dict[str, Any]) -> None:
            self._saving = None
            self.job_id = answer["job_id"]
            self.named.emit(self.job_id)
            self._newest = self._newest or document
            self._save()

        def kept(answer: dict[str, Any]) -> None:
            self._saving = None
            self.problems.emit(answer["problems"])
            if self.saved:
                self.stored.emit()
            self._tell_waiting()
            if self._newest is not None:
                self._save()
            elif self._then is not None:
                then, self._then = self._then, None
                then()
            else:
                self.said.emit("Draft saved.", "muted")

        def failed(error: VestimError) -> None:
            self._failed(error, document)

        if self.job_id:
            params = {"job_id": self.job_id, "document": document}
            self._saving = self._link.call("save_draft", params, kept, failed, owner=self)
        else:
            self._saving = self._link.call("create_job", {"spec": document}, created, failed, owner=self)

    def _failed(self, error: VestimError, document: Document) -> None:
        self._saving = None
        then, self._then = self._then, None
        self._newest = self._newest or document
        if self.job_id and error.code in (ErrorCode.REFUSED, ErrorCode.NOT_FOUND):
            self.lost.emit(error)
        self.said.emit(f"Not saved: {error.sentence}", "error")
        if then is not None:
            self._not_started(error)

    def _tell_waiting(self) -> None:
        if self._newest is None and self._saving is None:
            return
        if self._link.state.current:
            self.said.emit("Saving the draft...", "muted")
        else:
            self.said.emit("Saved as soon as the service answers again.", "warn")
