"""Catalog: one row per job as the daemon last reported it, and the newest progress of running jobs.

Rows stay while the daemon is away. Changes are announced by job id, so a view replaces only the rows that changed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.states import JobState
from vestim_gui.link.daemon_link import Link
from vestim_gui.link.link_state import CatalogChange

Row = dict[str, Any]


class Catalog(QObject):
    """The rows of all jobs, archived ones too. Lives on the window's thread.

    changed: ids of jobs that are new, changed, or have new progress. removed: ids of deleted jobs. reset: all rows were
    replaced.
    """

    changed = pyqtSignal(list)
    removed = pyqtSignal(list)
    reset = pyqtSignal()

    def __init__(self, link: Link, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, Row] = {}
        self._counts: Counter[tuple[str, bool]] = Counter()
        self._progress: dict[str, dict[str, dict[str, Any]]] = {}
        link.catalog_changed.connect(self._apply_change)
        link.progress.connect(self._apply_progress)

    def row(self, job_id: str) -> Row | None:
        """Summary of a job as `wait` returns it; None if there is no such job."""
        return self._rows.get(job_id)

    def ids(self) -> list[str]:
        """Ids of all jobs, in no particular order."""
        return list(self._rows)

    def rows(self) -> list[Row]:
        """All summaries, in no particular order."""
        return list(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def count(self, *states: str, archived: bool | None = None) -> int:
        """Number of jobs in one of `states`, or in any state if none is given. `archived` restricts the count to
        archived jobs or to the others."""
        return sum(
            count
            for (state, is_archived), count in self._counts.items()
            if (not states or state in states) and archived in (None, is_archived)
        )

    def progress_of(self, job_id: str) -> dict[str, Any] | None:
        """Newest progress within a job: that of the attempt that is furthest behind; None if there is none."""
        progress_by_task = self._progress.get(job_id)
        return (
            min(progress_by_task.values(), key=lambda progress: float(progress.get("fraction") or 0.0))
            if progress_by_task
            else None
        )

    def progress_of_task(self, job_id: str, task_id: str) -> dict[str, Any] | None:
        """Newest progress of one task; None if there is none."""
        return self._progress.get(job_id, {}).get(task_id)

    def _apply_change(self, change: CatalogChange) -> None:
        if change.reset:
            self._rows.clear()
            self._counts.clear()
            self._progress.clear()
        for row in change.rows:
            self._set_row(row["job_id"], row)
        removed_ids = [job_id for job_id in change.removed if job_id in self._rows]
        for job_id in removed_ids:
            self._set_row(job_id, None)
        for row in change.rows:
            if row["state"] != JobState.RUNNING:
                self._progress.pop(row["job_id"], None)
        if change.reset:
            self.reset.emit()
        elif change.rows:
            self.changed.emit([row["job_id"] for row in change.rows])
        if removed_ids:
            self.removed.emit(removed_ids)

    def _set_row(self, job_id: str, row: Row | None) -> None:
        if (previous_row := self._rows.pop(job_id, None)) is not None:
            self._counts[previous_row["state"], previous_row["archived"]] -= 1
        if row is not None:
            self._rows[job_id] = row
            self._counts[row["state"], row["archived"]] += 1

    def _apply_progress(self, reports: list[dict[str, Any]]) -> None:
        changed_ids = []
        for report in reports:
            job_id, task_id, _ = report["attempt"].split("/")
            row = self._rows.get(job_id)
            if row is not None and row["state"] == JobState.RUNNING:
                self._progress.setdefault(job_id, {})[task_id] = report
                changed_ids.append(job_id)
        if changed_ids:
            self.changed.emit(list(dict.fromkeys(changed_ids)))
