"""ClosingNote: what the demo came to, once, when its job has ended; and where to go from there."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import QWidget

from vestim_core.spec.states import JOB_ENDS, JobState
from vestim_gui.context import Context
from vestim_gui.first_run.demo import JOB
from vestim_gui.first_run.note_card import NoteCard
from vestim_gui.numbers import metric


class ClosingNote(QObject):
    """Watches the job that the session names as the demo's. place: stands where the jobs are listed.

    appears: it is about to be shown.
    """

    appears = pyqtSignal()

    def __init__(self, ctx: Context, place: QWidget) -> None:
        super().__init__(place)
        self._ctx, self._widget = ctx, place
        self.card: NoteCard | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._look)
        ctx.jobs.changed.connect(lambda _: self._soon.start(0))
        ctx.jobs.reset.connect(lambda: self._soon.start(0))

    def _look(self) -> None:
        job_id = self._ctx.session.get(JOB, "")
        row = self._ctx.jobs.row(job_id) if job_id else None
        window = self._widget.window()
        if row is None or row["state"] not in JOB_ENDS or window is None or not window.isVisible():
            return
        self._ctx.session.put(JOB, "")
        if row["state"] == JobState.DONE and self.card is None:
            self._show(row, window)

    def _show(self, row: dict[str, Any], window: QWidget) -> None:
        def see() -> None:
            self._close()
            self._ctx.navigate.open_job.emit(row["job_id"], "predictions")

        def own_data() -> None:
            self._close()
            self._ctx.navigate.new_job.emit(None, "")

        actions = [("See where it errs", see), ("Try your own data", own_data)]
        self.appears.emit()
        self.card = NoteCard(window, "The demo is done", outcome(row), actions, self._widget.parentWidget())
        self.card.left.connect(self._close)
        self.card.appear()

    def _close(self) -> None:
        if self.card is not None:
            self.card.close_card()
            self.card = None


def outcome(row: dict[str, Any]) -> str:
    """How the best network did beside the circuit, in a sentence."""
    best, circuit = _figure(row.get("best")), _figure(row.get("baseline"))
    if best is None:
        return "Its models are trained and tested."
    words = f"The best network errs by {metric(best[0], best[1])} (RMSE) on a drive that it has never seen"
    if circuit is None or not circuit[1]:
        return f"{words}."
    share = 100 * (1 - best[1] / circuit[1])
    beside = f"{abs(share):.0f} % {'less' if share >= 0 else 'more'} than the equivalent circuit"
    return f"{words}, {beside} ({metric(*circuit)})."


def _figure(record: Any) -> tuple[str, float] | None:
    if not isinstance(record, dict) or not isinstance(record.get("value"), int | float):
        return None
    return str(record.get("metric", "")), float(record["value"])
