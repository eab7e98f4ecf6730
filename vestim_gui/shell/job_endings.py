"""Endings: which jobs have ended since this window is open, in words for a notification."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.states import JobState
from vestim_gui.numbers import metric
from vestim_gui.store.catalogue import Catalogue

_ACTIVE = frozenset({JobState.RUNNING, JobState.QUEUED, JobState.PAUSED})
_WORDS = {JobState.DONE: "is done", JobState.FAILED: "failed", JobState.STOPPED: "was stopped"}


class Endings(QObject):
    """ended: id, title and text of a job that went from not ended to ended while the window looked on."""

    ended = pyqtSignal(str, str, str)

    def __init__(self, jobs: Catalogue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._active: set[str] = set()
        jobs.changed.connect(self._look)
        jobs.removed.connect(lambda gone: self._active.difference_update(gone))
        jobs.reset.connect(self._begin)
        self._begin()

    def _begin(self) -> None:
        self._active = {row["job_id"] for row in self._jobs.rows() if row["state"] in _ACTIVE}

    def _look(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            row = self._jobs.row(job_id)
            if row is None:
                continue
            if row["state"] in _ACTIVE:
                self._active.add(job_id)
            elif job_id in self._active:
                self._active.discard(job_id)
                if row["state"] in _WORDS:
                    self.ended.emit(job_id, *ending_words(row))


def ending_words(row: dict[str, Any]) -> tuple[str, str]:
    """Title and text: `Voltage LSTM is done`, `test RMSE 4.12 mV`."""
    title = f"{row['name'] or row['job_id']} {_WORDS[row['state']]}"
    if row["state"] == JobState.FAILED:
        return title, str((row.get("error") or {}).get("message") or row.get("reason") or "See the log of the job.")
    best = row.get("best") or row.get("validation")
    role = str(best.get("role") or "") if best else ""
    return title, f"{role} RMSE {metric(best['metric'], best['value'])}".strip() if best else "Open it to see more."
