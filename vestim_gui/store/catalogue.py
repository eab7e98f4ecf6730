"""Catalogue: one row per job as the service last told it, and the newest progress of what runs.

Rows stay while the service is away. Changes are told by id, so that whoever shows a row replaces that row alone.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.states import JobState
from vestim_gui.link.link import Link
from vestim_gui.link.link_state import CatalogueChange

Row = dict[str, Any]


class Catalogue(QObject):
    """The rows of all jobs, archived ones too.

    changed: ids of jobs that are new, changed, or have new progress. removed: ids of jobs that are gone. reset: all
    rows were replaced.
    """

    changed = pyqtSignal(list)
    removed = pyqtSignal(list)
    reset = pyqtSignal()

    def __init__(self, link: Link, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, Row] = {}
        self._counts: Counter[tuple[str, bool]] = Counter()
        self._progress: dict[str, dict[str, dict[str, Any]]] = {}
        link.catalogue_changed.connect(self._take_in)
        link.progress.connect(self._take_progress)

    def row(self, job_id: str) -> Row | None:
        """The summary of a job as `wait` gives it; None when there is no such job."""
        return self._rows.get(job_id)

    def ids(self) -> list[str]:
        """Ids of all jobs, in no order."""
        return list(self._rows)

    def rows(self) -> list[Row]:
        """All summaries, in no order."""
        return list(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def count(self, *states: str, archived: bool | None = None) -> int:
        """How many jobs are in one of these states (or in any, without one). archived: only those that are, or are
        not."""
        return sum(
            number
            for (state, put_away), number in self._counts.items()
            if (not states or state in states) and archived in (None, put_away)
        )

    def progress_of(self, job_id: str) -> dict[str, Any] | None:
        """Newest progress within a job: that of the attempt which is furthest behind; None when there is none."""
        newest = self._progress.get(job_id)
        return min(newest.values(), key=lambda news: float(news.get("fraction") or 0.0)) if newest else None

    def progress_of_task(self, job_id: str, task_id: str) -> dict[str, Any] | None:
        """Newest progress of one task; None when there is none."""
        return self._progress.get(job_id, {}).get(task_id)

    def _take_in(self, change: CatalogueChange) -> None:
        if change.reset:
            self._rows.clear()
            self._counts.clear()
            self._progress.clear()
        for row in change.rows:
            self._put(row["job_id"], row)
        gone = [job_id for job_id in change.removed if job_id in self._rows]
        for job_id in gone:
            self._put(job_id, None)
        for row in change.rows:
            if row["state"] != JobState.RUNNING:
                self._progress.pop(row["job_id"], None)
        if change.reset:
            self.reset.emit()
        elif change.rows:
            self.changed.emit([row["job_id"] for row in change.rows])
        if gone:
            self.removed.emit(gone)

    def _put(self, job_id: str, row: Row | None) -> None:
        if (old := self._rows.pop(job_id, None)) is not None:
            self._counts[old["state"], old["archived"]] -= 1
        if row is not None:
            self._rows[job_id] = row
            self._counts[row["state"], row["archived"]] += 1

    def _take_progress(self, newest: list[dict[str, Any]]) -> None:
        touched = []
        for news in newest:
            job_id, task_id, _ = news["attempt"].split("/")
            row = self._rows.get(job_id)
            if row is not None and row["state"] == JobState.RUNNING:
                self._progress.setdefault(job_id, {})[task_id] = news
                touched.append(job_id)
        if touched:
            self.changed.emit(list(dict.fromkeys(touched)))
