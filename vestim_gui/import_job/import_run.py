"""ImportRun: one import, page by page, so that neither window nor daemon is blocked for all of it."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_gui.context import Context
from vestim_gui.import_job.import_report import ImportReport
from vestim_gui.link.pending_request import PendingRequest
from vestim_gui.shell.toasts import error_text


class ImportRun(QObject):
    """Owns the outstanding request and the report of one import.

    progress_changed: message and fraction done, 0 to 1 or None. finished: the report, and an error message for the
    whole import ("" on success).
    """

    progress_changed = pyqtSignal(str, object)
    finished = pyqtSignal(object, str)

    def __init__(self, ctx: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._paths: list[str] = []
        self._report = ImportReport()
        self._pending: PendingRequest | None = None
        ctx.link.state_changed.connect(lambda _: self._report_link_state())

    @property
    def is_running(self) -> bool:
        """True while a reply is outstanding."""
        return self._pending is not None

    @property
    def is_stopping(self) -> bool:
        """True if the outstanding reply is the last one."""
        return self.is_running and self._report.is_stopped

    def start(self, paths: list[str]) -> None:
        """Import the jobs in these absolute paths; does nothing while another import runs."""
        if self.is_running:
            return
        self._paths, self._report = paths, ImportReport()
        self.progress_changed.emit("Looking for jobs...", 0.0)
        self._request_page("")
        self._report_link_state()

    def stop(self) -> None:
        """Request no more pages; the page being imported is still reported."""
        self._report.is_stopped = True

    def _request_page(self, cursor: str) -> None:
        params = {"paths": self._paths, "after": cursor}
        self._pending = self._ctx.link.call("import_legacy", params, self._take_page, self._fail, owner=self)

    def _report_link_state(self) -> None:
        if self.is_running and not self._ctx.link.state.is_live:
            self.progress_changed.emit(self._ctx.link.state.message, None)

    def _take_page(self, page: dict[str, Any]) -> None:
        report = self._report
        report.add_page(page)
        if page["next"] and not report.is_stopped:
            self.progress_changed.emit(
                f"Importing: {report.done} of {report.count} looked at...", report.done / report.count
            )
            self._request_page(page["next"])
        else:
            self._end("")

    def _fail(self, error: VestimError) -> None:
        self._end(error_text(error))

    def _end(self, error_message: str) -> None:
        self._pending = None
        self.finished.emit(self._report, error_message)
