"""DemoRun: from one click to a running job on the demo's data, with progress messages from the start."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.link.pending_request import PendingRequest
from vestim_gui.shell.toasts import error_text

DEMO_JOB_KEY = "demo.job"
"""Session key: id of the demo's job until its result was shown."""


class DemoRun(QObject):
    """Runs the demo once at a time.

    progress_changed: message and fraction done, 0 to 1 or None. finished: "" on success, else an error message.
    """

    progress_changed = pyqtSignal(str, object)
    finished = pyqtSignal(str)

    def __init__(self, ctx: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._pending: PendingRequest | None = None
        ctx.link.state_changed.connect(lambda state: self._report_link_state() if not state.is_live else None)

    @property
    def is_running(self) -> bool:
        """True until the job is submitted or an error is reported."""
        return self._pending is not None

    def start(self) -> None:
        """Find or generate the demo's data, submit its job and open it. Does nothing while running."""
        if self.is_running:
            return
        link = self._ctx.link
        self.progress_changed.emit("Looking for the demo data, or generating them...", 0.0)
        self._pending = link.inspect(
            "generate_demo", {}, self._submit_job, self._fail, self._report_progress, owner=self
        )
        self._report_link_state()

    def _report_link_state(self) -> None:
        if self.is_running and not self._ctx.link.state.is_live:
            self.progress_changed.emit(self._ctx.link.state.message, None)

    def _report_progress(self, progress: dict[str, Any]) -> None:
        message = str(progress.get("message") or "generating the demo data")
        self.progress_changed.emit(f"{message[:1].upper()}{message[1:]}...", progress.get("fraction"))

    def _submit_job(self, answer: dict[str, Any]) -> None:
        self.progress_changed.emit("Starting the demo job...", 1.0)
        self._pending = self._ctx.link.call("submit", {"spec": answer["spec"]}, self._finish, self._fail, owner=self)

    def _finish(self, answer: dict[str, Any]) -> None:
        self._pending = None
        self._ctx.session.put(DEMO_JOB_KEY, answer["job_id"])
        self._ctx.navigate.open_job.emit(answer["job_id"], "overview")
        self.finished.emit("")

    def _fail(self, error: VestimError) -> None:
        self._pending = None
        self.finished.emit(error_text(error))
