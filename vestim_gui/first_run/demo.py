"""DemoRun: from one click to a running job on the demo's data, with words from the first moment on."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.link.pending import Pending
from vestim_gui.shell.toasts import sentence_of

JOB = "demo.job"
"""Session: the id of the demo's job, until its end was told."""


class DemoRun(QObject):
    """told: a sentence and how far that is, 0..1 or None. ended: "" when the job runs, else what went wrong."""

    told = pyqtSignal(str, object)
    ended = pyqtSignal(str)

    def __init__(self, ctx: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._pending: Pending | None = None
        ctx.link.state_changed.connect(lambda state: self._tell_state() if not state.current else None)

    @property
    def running(self) -> bool:
        """Whether the click is still being carried out."""
        return self._pending is not None

    def start(self) -> None:
        """Find or make the demo's data, submit its job, open it. A second click changes nothing."""
        if self.running:
            return
        link = self._ctx.link
        self.told.emit("Looking for the demo data, or generating them...", 0.0)
        self._pending = link.ask("generate_demo", {}, self._made, self._failed, self._progress, owner=self)
        self._tell_state()

    def _tell_state(self) -> None:
        if self.running and not self._ctx.link.state.current:
            self.told.emit(self._ctx.link.state.sentence, None)

    def _progress(self, news: dict[str, Any]) -> None:
        words = str(news.get("message") or "generating the demo data")
        self.told.emit(f"{words[:1].upper()}{words[1:]}...", news.get("fraction"))

    def _made(self, answer: dict[str, Any]) -> None:
        self.told.emit("Starting the demo job...", 1.0)
        self._pending = self._ctx.link.call(
            "submit", {"spec": answer["spec"]}, self._submitted, self._failed, owner=self
        )

    def _submitted(self, answer: dict[str, Any]) -> None:
        self._pending = None
        self._ctx.session.put(JOB, answer["job_id"])
        self._ctx.navigate.open_job.emit(answer["job_id"], "overview")
        self.ended.emit("")

    def _failed(self, error: VestimError) -> None:
        self._pending = None
        self.ended.emit(sentence_of(error))
