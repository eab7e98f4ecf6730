"""Draft: saves the document with the daemon, where it outlives the window, and starts it.

It saves half a second after the last change, one request at a time, always the latest document. Nothing is lost while
the daemon is away: unsaved changes are sent once it is back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_gui.link.daemon_link import Link
from vestim_gui.link.pending_request import PendingRequest
from vestim_gui.new_job.job_document import Document

SAVE_AFTER_MS = 500  # after the last change: a pause in typing


class Draft(QObject):
    """Owns the id and the unsaved changes of one draft.

    job_id: id of the draft, "" before the first save. status_changed: message and tone. problems: from the daemon.
    job_id_changed: the draft got or lost its id. lost: it was started or deleted elsewhere. stored: the daemon has
    every change.
    """

    status_changed = pyqtSignal(str, str)
    problems = pyqtSignal(object)
    job_id_changed = pyqtSignal(str)
    lost = pyqtSignal(object)
    stored = pyqtSignal()

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self.job_id = ""
        self._unsaved: Document | None = None
        self._saving: PendingRequest | None = None
        self._on_saved: Callable[[], None] | None = None
        self._on_start_failed: Callable[[VestimError], None] = lambda _: None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)
        link.state_changed.connect(lambda _: self._report_waiting())

    @property
    def is_saved(self) -> bool:
        """True if the daemon has every change."""
        return self._unsaved is None and self._saving is None

    def switch_to(self, job_id: str) -> None:
        """Switch to another draft, after saving the current one."""
        self.flush()
        if self._saving is not None:
            self._saving.forget()
            self._saving = None
        self._unsaved = self._on_saved = None
        self.job_id = job_id
        self.job_id_changed.emit(job_id)
        self.status_changed.emit("Draft kept by the background service." if job_id else "", "muted")

    def save_later(self, document: Document) -> None:
        """Save this document soon."""
        self._unsaved = document
        self._timer.start()
        self._report_waiting()

    def flush(self) -> None:
        """Send unsaved changes now."""
        if self._timer.isActive():
            self._timer.stop()
            self._save()

    def start(
        self, document: Document, on_started: Callable[[str], None], on_failed: Callable[[VestimError], None]
    ) -> None:
        """Save the document and start the job. on_started: gets its id."""

        def begin() -> None:
            self._link.call(
                "start", {"job_id": self.job_id}, lambda reply: on_started(reply["job_id"]), on_failed, owner=self
            )

        self._timer.stop()
        self._unsaved = document
        self._on_saved = begin
        self._on_start_failed = on_failed
        if self._saving is None:
            self._save()

    def discard(self) -> None:
        """Delete the draft."""
        job_id = self.job_id
        self._timer.stop()
        self._unsaved = None
        self.switch_to("")
        if job_id:
            self._link.call("delete", {"job_id": job_id}, owner=self)

    def _save(self) -> None:
        if self._saving is not None or self._unsaved is None:
            return
        document, self._unsaved = self._unsaved, None

        def take_created(reply: dict[str, Any]) -> None:
            self._saving = None
            self.job_id = reply["job_id"]
            self.job_id_changed.emit(self.job_id)
            self._unsaved = self._unsaved or document
            self._save()

        def take_saved(reply: dict[str, Any]) -> None:
            self._saving = None
            self.problems.emit(reply["problems"])
            if self.is_saved:
                self.stored.emit()
            self._report_waiting()
            if self._unsaved is not None:
                self._save()
            elif self._on_saved is not None:
                on_saved, self._on_saved = self._on_saved, None
                on_saved()
            else:
                self.status_changed.emit("Draft saved.", "muted")

        def fail(error: VestimError) -> None:
            self._failed(error, document)

        if self.job_id:
            params = {"job_id": self.job_id, "document": document}
            self._saving = self._link.call("save_draft", params, take_saved, fail, owner=self)
        else:
            self._saving = self._link.call("create_job", {"spec": document}, take_created, fail, owner=self)

    def _failed(self, error: VestimError, document: Document) -> None:
        self._saving = None
        on_saved, self._on_saved = self._on_saved, None
        self._unsaved = self._unsaved or document
        if self.job_id and error.code in (ErrorCode.REFUSED, ErrorCode.NOT_FOUND):
            self.lost.emit(error)
        self.status_changed.emit(f"Not saved: {error.message}", "error")
        if on_saved is not None:
            self._on_start_failed(error)

    def _report_waiting(self) -> None:
        if self._unsaved is None and self._saving is None:
            return
        if self._link.state.is_live:
            self.status_changed.emit("Saving the draft...", "muted")
        else:
            self.status_changed.emit("Saved as soon as the service answers again.", "warn")
