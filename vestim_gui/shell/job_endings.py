"""JobEndings: detects jobs that end while the window is open, and words their notifications."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.states import JobState
from vestim_gui.display_numbers import format_metric
from vestim_gui.store.catalog import Catalog

_ACTIVE_STATES = frozenset({JobState.RUNNING, JobState.QUEUED, JobState.PAUSED})
_ENDING_PHRASES = {JobState.DONE: "is done", JobState.FAILED: "failed", JobState.STOPPED: "was stopped"}


class JobEndings(QObject):
    """Emits `ended` with id, title and text of a job that ended while the window was open. Lives on the window's
    thread."""

    ended = pyqtSignal(str, str, str)

    def __init__(self, jobs: Catalog, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._active_ids: set[str] = set()
        jobs.changed.connect(self._detect_endings)
        jobs.removed.connect(lambda removed_ids: self._active_ids.difference_update(removed_ids))
        jobs.reset.connect(self._reset)
        self._reset()

    def _reset(self) -> None:
        self._active_ids = {row["job_id"] for row in self._jobs.rows() if row["state"] in _ACTIVE_STATES}

    def _detect_endings(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            row = self._jobs.row(job_id)
            if row is None:
                continue
            if row["state"] in _ACTIVE_STATES:
                self._active_ids.add(job_id)
            elif job_id in self._active_ids:
                self._active_ids.discard(job_id)
                if row["state"] in _ENDING_PHRASES:
                    self.ended.emit(job_id, *ending_text(row))


def ending_text(row: dict[str, Any]) -> tuple[str, str]:
    """Title and text: `Voltage LSTM is done`, `test RMSE 4.12 mV`."""
    title = f"{row['name'] or row['job_id']} {_ENDING_PHRASES[row['state']]}"
    if row["state"] == JobState.FAILED:
        return title, str((row.get("error") or {}).get("message") or row.get("message") or "See the log of the job.")
    best = row.get("best") or row.get("validation")
    role = str(best.get("role") or "") if best else ""
    return (
        title,
        f"{role} RMSE {format_metric(best['metric'], best['value'])}".strip() if best else "Open it to see more.",
    )
