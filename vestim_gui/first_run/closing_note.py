"""ClosingNote: the result of the demo, shown once when its job has ended, with next steps."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import QWidget

from vestim_core.spec.states import TERMINAL_JOB_STATES, JobState
from vestim_gui.context import Context
from vestim_gui.display_numbers import format_metric
from vestim_gui.first_run.demo_run import DEMO_JOB_KEY
from vestim_gui.first_run.note_card import NoteCard


class ClosingNote(QObject):
    """Watches the job that the session names as the demo's. parent: the widget that lists the jobs.

    about_to_show: emitted before the note is shown.
    """

    about_to_show = pyqtSignal()

    def __init__(self, ctx: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._ctx, self._parent = ctx, parent
        self.card: NoteCard | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._check_job)
        ctx.jobs.changed.connect(lambda _: self._timer.start(0))
        ctx.jobs.reset.connect(lambda: self._timer.start(0))

    def _check_job(self) -> None:
        job_id = self._ctx.session.get(DEMO_JOB_KEY, "")
        row = self._ctx.jobs.row(job_id) if job_id else None
        window = self._parent.window()
        if row is None or row["state"] not in TERMINAL_JOB_STATES or window is None or not window.isVisible():
            return
        self._ctx.session.put(DEMO_JOB_KEY, "")
        if row["state"] == JobState.DONE and self.card is None:
            self._show(row, window)

    def _show(self, row: dict[str, Any], window: QWidget) -> None:
        def open_predictions() -> None:
            self._close()
            self._ctx.navigate.open_job.emit(row["job_id"], "predictions")

        def open_new_job() -> None:
            self._close()
            self._ctx.navigate.new_job.emit(None, "")

        actions = [("See where it errs", open_predictions), ("Try your own data", open_new_job)]
        self.about_to_show.emit()
        self.card = NoteCard(window, "The demo is done", outcome(row), actions, self._parent.parentWidget())
        self.card.dismissed.connect(self._close)
        self.card.show_card()

    def _close(self) -> None:
        if self.card is not None:
            self.card.close_card()
            self.card = None


def outcome(row: dict[str, Any]) -> str:
    """One sentence that compares the best network with the equivalent circuit."""
    best, circuit = _metric_value(row.get("best")), _metric_value(row.get("baseline"))
    if best is None:
        return "Its models are trained and tested."
    summary = f"The best network errs by {format_metric(best[0], best[1])} (RMSE) on a drive that it has never seen"
    if circuit is None or not circuit[1]:
        return f"{summary}."
    share = 100 * (1 - best[1] / circuit[1])
    comparison = f"{abs(share):.0f} % {'less' if share >= 0 else 'more'} than the equivalent circuit"
    return f"{summary}, {comparison} ({format_metric(*circuit)})."


def _metric_value(record: Any) -> tuple[str, float] | None:
    if not isinstance(record, dict) or not isinstance(record.get("value"), int | float):
        return None
    return str(record.get("metric", "")), float(record["value"])
