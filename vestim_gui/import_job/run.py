"""ImportRun: one import, answer by answer, so that neither window nor service ever waits for all of it."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.import_job.brought import Brought
from vestim_gui.link.pending import Pending
from vestim_gui.shell.toasts import sentence_of


class ImportRun(QObject):
    """told: a sentence and how far that is, 0..1 or None. ended: what became of the jobs, and what went wrong with all
    of them ("" for nothing)."""

    told = pyqtSignal(str, object)
    ended = pyqtSignal(object, str)

    def __init__(self, ctx: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._paths: list[str] = []
        self._brought = Brought()
        self._pending: Pending | None = None
        ctx.link.state_changed.connect(lambda _: self._tell_state())

    @property
    def running(self) -> bool:
        """Whether there is an answer to come."""
        return self._pending is not None

    @property
    def stopping(self) -> bool:
        """Whether that answer is the last one."""
        return self.running and self._brought.stopped

    def start(self, paths: list[str]) -> None:
        """Import what these absolute paths hold; nothing while another import runs."""
        if self.running:
            return
        self._paths, self._brought = paths, Brought()
        self.told.emit("Looking for jobs...", 0.0)
        self._ask("")
        self._tell_state()

    def stop(self) -> None:
        """Ask for no more; what the service is importing at this moment still comes in."""
        self._brought.stopped = True

    def _ask(self, after: str) -> None:
        asked = {"paths": self._paths, "after": after}
        self._pending = self._ctx.link.call("import_legacy", asked, self._page, self._failed, owner=self)

    def _tell_state(self) -> None:
        if self.running and not self._ctx.link.state.current:
            self.told.emit(self._ctx.link.state.sentence, None)

    def _page(self, page: dict[str, Any]) -> None:
        brought = self._brought
        brought.take(page)
        if page["next"] and not brought.stopped:
            self.told.emit(f"Importing: {brought.done} of {brought.count} looked at...", brought.done / brought.count)
            self._ask(page["next"])
        else:
            self._end("")

    def _failed(self, error: VestimError) -> None:
        self._end(sentence_of(error))

    def _end(self, trouble: str) -> None:
        self._pending = None
        self.ended.emit(self._brought, trouble)
