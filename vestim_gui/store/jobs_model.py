"""JobsModel: the jobs that match the filter, in the chosen order, each expandable into its tasks.

Follows the catalog row by row, at most ten times a second and for at most a fifth of the window's time. A row whose
content changed is repainted; the list is laid out again only where rows are added, removed or moved. The selection is
kept.
"""

from __future__ import annotations

import html
import time
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from PyQt6.QtCore import QAbstractItemModel, QMimeData, QModelIndex, QObject, Qt, QTimer, pyqtSignal

from vestim_core.spec.states import JobState
from vestim_gui.link.daemon_link import Link
from vestim_gui.link.link_state import LinkPhase
from vestim_gui.store.catalog import Catalog
from vestim_gui.store.expanded_job import ExpandedJob
from vestim_gui.store.job_filter import Filter
from vestim_gui.store.job_presenter import JobPresenter, present_job
from vestim_gui.store.table_columns import COLUMN_INDEX, COLUMNS, NAME, sort_key, sort_rows

FLUSH_MS = 100  # product rule: views update at 10 Hz at most
MAX_PAUSE_S = 1.0
"""Upper bound, in s, of the pause between two updates, however long the last one took."""
CLOCK_MS = 1000  # running times are shown in seconds
MAX_TICKING_ROWS = 400
"""Number of rows, from the top, whose running time is updated every second; running jobs come first in the default
order."""
RESET_THRESHOLD = 32
"""Number of rows added or removed at once above which the model is reset instead of updated row by row."""
JOB_MIME_TYPE = "application/x-vestim-job"
QUEUE_STATES = frozenset({JobState.QUEUED.value, JobState.RUNNING.value, JobState.PAUSED.value, JobState.HELD.value})

PRESENTER = Qt.ItemDataRole.UserRole + 1  # data roles of this model, from Qt's first free one on
JOB_ID = Qt.ItemDataRole.UserRole + 2  # id of the job of a row, also in the rows of its tasks
TASK_ID = Qt.ItemDataRole.UserRole + 3  # id of the task; None in the rows of jobs
NOTE = Qt.ItemDataRole.UserRole + 4  # the job's note
TAGS = Qt.ItemDataRole.UserRole + 5  # the job's tags

_ROW_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_TASK_FLAGS = _ROW_FLAGS | Qt.ItemFlag.ItemNeverHasChildren
_JOB_FLAGS = {
    (is_name, is_queued): _ROW_FLAGS
    | (Qt.ItemFlag.ItemIsEditable if is_name else Qt.ItemFlag.NoItemFlags)
    | (Qt.ItemFlag.ItemIsDragEnabled if is_queued else Qt.ItemFlag.NoItemFlags)
    for is_name in (False, True)
    for is_queued in (False, True)
}
"""Flags of a job's cells by (is the name column, is queued). Computed once, since a view requests them several times
per row."""
_ALIGN_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGN_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class JobsModel(QAbstractItemModel):
    """Jobs at the top level, tasks of expanded jobs below. Lives on the window's thread.

    dropped: a job was dragged in the queue: its id, and the id of the job it was dropped before ("" for the end).
    renamed: a job's name was edited in its row: its id and the new name. counted: number of jobs in the model, after
    each change.
    """

    dropped = pyqtSignal(str, str)
    renamed = pyqtSignal(str, str)
    counted = pyqtSignal(int)

    def __init__(self, jobs: Catalog, link: Link, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._link = link
        self._filter = Filter()
        self._includes_archived = False
        self._sort_column, self._is_descending = "", False
        self._order: list[str] = []
        self._row_by_id: dict[str, int] = {}
        self._internal_ids: dict[str, int] = {}
        self._ids_by_internal_id: list[str] = [""]
        self._presenters: dict[str, JobPresenter] = {}
        self._queue_positions: list[float] | None = None
        self._standings: dict[str, Any] = {}
        self._pending_texts: dict[str, str] = {}
        self._settled_ids: set[str] = set()
        self._expanded_jobs: dict[str, ExpandedJob] = {}
        self._changed_ids: dict[str, None] = {}
        self._flush_timer = QTimer(self)
        self._flush_timer.setInterval(FLUSH_MS)
        self._flush_timer.setSingleShot(True)
        self._flush_timer.timeout.connect(self._flush)
        self._clock_timer = QTimer(self)
        self._clock_timer.setInterval(CLOCK_MS)
        self._clock_timer.timeout.connect(self._update_run_times)
        self._clock_timer.start()
        self._flushed_at_s, self._min_pause_s = 0.0, FLUSH_MS / 1000
        jobs.changed.connect(self._mark_changed)
        jobs.removed.connect(self._mark_changed)
        jobs.reset.connect(self._reset)
        link.state_changed.connect(self._show_after_sync)
        self._reset()

    # --- filter, order and expanded jobs

    @property
    def sort_order(self) -> tuple[str, bool]:
        """Id of the column that rows are sorted by ("" for the default order), and True if descending."""
        return self._sort_column, self._is_descending

    def set_filter(self, job_filter: Filter) -> None:
        """Show the jobs that match."""
        self._filter = job_filter
        self._rearrange()

    def set_archived_shown(self, is_shown: bool) -> None:
        """Show archived jobs among the others, or hide them."""
        self._includes_archived = is_shown
        self._rearrange()

    def sort_by(self, column: str, is_descending: bool = False) -> None:
        """Sort by a column's id; "" for the default order."""
        self._sort_column, self._is_descending = column, is_descending
        self._rearrange()

    def set_pending(self, job_id: str, text: str) -> None:
        """Show the command that was just sent to a job, until `settle`."""
        self._pending_texts[job_id] = text
        self._settled_ids.discard(job_id)
        self._presenters.pop(job_id, None)
        self._repaint(job_id)

    def settle(self, job_id: str) -> None:
        """The command sent to a job was answered: show the job's own state with the next update."""
        self._settled_ids.add(job_id)
        self._mark_changed([job_id])

    def ids(self) -> list[str]:
        """Ids of the jobs in the model, in their order."""
        return list(self._order)

    def index_of(self, job_id: str) -> QModelIndex:
        """Index of a job; invalid if it is not in the model."""
        row = self._row_by_id.get(job_id)
        return QModelIndex() if row is None else self.createIndex(row, 0, 0)

    def expand_job(self, job_id: str) -> None:
        """Show a job's tasks."""
        if job_id not in self._expanded_jobs and job_id in self._row_by_id:
            expanded_job = ExpandedJob(self._link, self._jobs, job_id, self)
            expanded_job.task_count_changing.connect(
                lambda old_count, new_count: self._begin_task_change(job_id, old_count, new_count)
            )
            expanded_job.changed.connect(lambda: self._end_task_change(job_id))
            self._expanded_jobs[job_id] = expanded_job

    def collapse_job(self, job_id: str) -> None:
        """Hide a job's tasks."""
        expanded_job = self._expanded_jobs.get(job_id)
        if expanded_job is None:
            return
        parent, count = self.index_of(job_id), len(expanded_job.tasks)
        if parent.isValid() and count:
            self.beginRemoveRows(parent, 0, count - 1)
        del self._expanded_jobs[job_id]
        expanded_job.close()
        if parent.isValid() and count:
            self.endRemoveRows()

    @property
    def expanded_ids(self) -> list[str]:
        """Ids of the jobs whose tasks are shown."""
        return list(self._expanded_jobs)

    def close(self) -> None:
        """Stop following all jobs."""
        self._flush_timer.stop()
        self._clock_timer.stop()
        for expanded_job in self._expanded_jobs.values():
            expanded_job.close()
        self._expanded_jobs.clear()

    # --- changes of the catalog

    def _mark_changed(self, job_ids: Iterable[str]) -> None:
        self._changed_ids.update(dict.fromkeys(job_ids))
        if not self._flush_timer.isActive() and self._link.state.phase is not LinkPhase.SYNCING:
            elapsed_s = time.monotonic() - self._flushed_at_s
            self._flush_timer.start(max(0, round((self._min_pause_s - elapsed_s) * 1000)))

    def _show_after_sync(self) -> None:
        """Show the initial list at once instead of batch by batch."""
        if self._changed_ids:
            self._mark_changed(())

    def _reset(self) -> None:
        self._changed_ids.clear()
        self._standings.clear()
        self._queue_positions = None
        self._arrange(is_forced=True)

    def _update_run_times(self) -> None:
        """Update the running times."""
        for job_id in self._order[:MAX_TICKING_ROWS]:
            row = self._jobs.row(job_id)
            if row is not None and row["state"] == JobState.RUNNING:
                self._presenters.pop(job_id, None)
                self._repaint(job_id)

    def _flush(self) -> None:
        changed_ids, self._changed_ids = self._changed_ids, {}
        self._flushed_at_s = time.monotonic()
        self._queue_positions = None
        for job_id in changed_ids:
            self._presenters.pop(job_id, None)
            if job_id in self._settled_ids:
                self._settled_ids.discard(job_id)
                self._pending_texts.pop(job_id, None)
        if sum(self._may_move(job_id) for job_id in changed_ids):
            self._arrange()
        if len(changed_ids) <= RESET_THRESHOLD:
            for job_id in changed_ids:
                self._repaint(job_id)
        elif self._order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, len(COLUMNS) - 1))
        duration_s = time.monotonic() - self._flushed_at_s
        self._min_pause_s = min(max(FLUSH_MS / 1000, 4.0 * duration_s), MAX_PAUSE_S)

    def _may_move(self, job_id: str) -> bool:
        """True if a changed job may have to be added, removed or moved."""
        row = self._jobs.row(job_id)
        standing = self._standing_of(row) if row is not None else None
        may_move = job_id not in self._standings or self._standings[job_id] != standing
        self._standings[job_id] = standing
        return may_move

    def _standing_of(self, row: dict[str, Any]) -> Any:
        """Sort key of a row; None if the row is filtered out."""
        is_included = (self._includes_archived or not row["archived"]) and self._filter.matches(row)
        return (sort_key(row, self._sort_column),) if is_included else None

    def _repaint(self, job_id: str) -> None:
        if (row := self._row_by_id.get(job_id)) is not None:
            self.dataChanged.emit(self.createIndex(row, 0, 0), self.createIndex(row, len(COLUMNS) - 1, 0))

    # --- order of rows

    def _rearrange(self) -> None:
        self._standings.clear()
        self._arrange()

    def _arrange(self, *, is_forced: bool = False) -> None:
        """Bring the rows to the filtered, sorted order with the fewest changes; reset the model if `is_forced`."""
        rows = self._filter.select(row for row in self._jobs.rows() if self._includes_archived or not row["archived"])
        order = [row["job_id"] for row in sort_rows(rows, self._sort_column, self._is_descending)]
        if order == self._order and not is_forced:
            return
        previous_ids, current_ids = set(self._order), set(order)
        removed_ids = [job_id for job_id in self._order if job_id not in current_ids]
        new_ids = [job_id for job_id in order if job_id not in previous_ids]
        for job_id in removed_ids:
            self.collapse_job(job_id)
        if is_forced or len(removed_ids) + len(new_ids) > RESET_THRESHOLD:
            self.beginResetModel()
            self._presenters.clear()
            self._set_order(order)
            self.endResetModel()
        else:
            self._remove_rows(removed_ids)
            self._insert_rows(new_ids, order)
            if self._order != order:
                self._move_rows(order)
        self.counted.emit(len(order))

    def _remove_rows(self, removed_ids: list[str]) -> None:
        for job_id in removed_ids:
            row = self._row_by_id[job_id]
            self.beginRemoveRows(QModelIndex(), row, row)
            self._set_order(self._order[:row] + self._order[row + 1 :])
            self.endRemoveRows()

    def _insert_rows(self, new_ids: list[str], order: list[str]) -> None:
        """Insert rows at their final position if the others already stand in order; otherwise append them, to be sorted
        later."""
        new_id_set = set(new_ids)
        is_in_order = self._order == [job_id for job_id in order if job_id not in new_id_set]
        row_by_id = {job_id: row for row, job_id in enumerate(order)}
        for job_id in new_ids:
            row = row_by_id[job_id] if is_in_order else len(self._order)
            self.beginInsertRows(QModelIndex(), row, row)
            self._set_order([*self._order[:row], job_id, *self._order[row:]])
            self.endInsertRows()

    def _move_rows(self, order: list[str]) -> None:
        self.layoutAboutToBeChanged.emit()
        indexes = self.persistentIndexList()
        job_indexes = [(index, self._order[index.row()]) for index in indexes if not index.internalId()]
        self._set_order(order)
        self.changePersistentIndexList(
            [index for index, _ in job_indexes],
            [self.createIndex(self._row_by_id[job_id], index.column(), 0) for index, job_id in job_indexes],
        )
        self.layoutChanged.emit()

    def _set_order(self, order: list[str]) -> None:
        self._order = order
        self._row_by_id = {job_id: row for row, job_id in enumerate(order)}

    # --- tasks of expanded jobs

    def _begin_task_change(self, job_id: str, old_count: int, new_count: int) -> None:
        parent = self.index_of(job_id)
        if new_count > old_count:
            self.beginInsertRows(parent, old_count, new_count - 1)
        elif new_count < old_count:
            self.beginRemoveRows(parent, new_count, old_count - 1)

    def _end_task_change(self, job_id: str) -> None:
        expanded_job = self._expanded_jobs[job_id]
        if expanded_job.added_count > 0:
            self.endInsertRows()
        elif expanded_job.added_count < 0:
            self.endRemoveRows()
        parent = self.index_of(job_id)
        if parent.isValid() and expanded_job.tasks:
            last = len(expanded_job.tasks) - 1
            self.dataChanged.emit(self.index(0, 0, parent), self.index(last, len(COLUMNS) - 1, parent))

    def _internal_id(self, job_id: str) -> int:
        if job_id not in self._internal_ids:
            self._internal_ids[job_id] = len(self._ids_by_internal_id)
            self._ids_by_internal_id.append(job_id)
        return self._internal_ids[job_id]

    # --- QAbstractItemModel

    def index(self, row: int, column: int, parent: QModelIndex = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not parent.isValid():
            return self.createIndex(row, column, 0) if 0 <= row < len(self._order) else QModelIndex()
        if parent.internalId() or not 0 <= row < self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, column, self._internal_id(self._order[parent.row()]))

    def parent(self, child: QModelIndex) -> QModelIndex:  # type: ignore[override]
        internal_id = child.internalId() if child.isValid() else 0
        return self.index_of(self._ids_by_internal_id[internal_id]) if internal_id else QModelIndex()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._order)
        if parent.internalId() or parent.column() > 0:
            return 0
        expanded_job = self._expanded_jobs.get(self._order[parent.row()])
        return expanded_job.count if expanded_job else 0

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

    def hasChildren(self, parent: QModelIndex = QModelIndex()) -> bool:  # noqa: B008
        if not parent.isValid():
            return bool(self._order)
        if parent.internalId():
            return False
        row = self._jobs.row(self._order[parent.row()])
        return row is not None and sum(row["tasks"].values()) > 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if COLUMNS[section].is_numeric else _ALIGN_LEFT
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGN_RIGHT if COLUMNS[index.column()].is_numeric else _ALIGN_LEFT
        if internal_id := index.internalId():
            return self._task_data(self._ids_by_internal_id[internal_id], index, role)
        return self._job_data(self._order[index.row()], index.column(), role)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled if not self._sort_column else Qt.ItemFlag.NoItemFlags
        if index.internalId():
            return _TASK_FLAGS
        row = self._jobs.row(self._order[index.row()])
        is_queued = row is not None and not self._sort_column and row["state"] in QUEUE_STATES
        return _JOB_FLAGS[index.column() == COLUMN_INDEX[NAME], is_queued]

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Request a new name; the row shows it once the daemon reports it."""
        name = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or not index.isValid() or index.internalId() or not name:
            return False
        self.renamed.emit(self._order[index.row()], name)
        return True

    def _job_data(self, job_id: str, column: int, role: int) -> Any:
        row = self._jobs.row(job_id)
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            presenter = self._presenter(job_id, row)
            return COLUMNS[column].text(row, self._jobs.progress_of(job_id), presenter, time.time())
        if role == Qt.ItemDataRole.EditRole:
            return row["name"]
        if role == PRESENTER:
            return self._presenter(job_id, row)
        if role == JOB_ID:
            return job_id
        if role == TAGS:
            return row["tags"]
        if role == NOTE:
            return row["note"]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._presenter(job_id, row).accessible_text
        if role == Qt.ItemDataRole.ToolTipRole:
            presenter = self._presenter(job_id, row)
            lines = (row["name"], presenter.text, ", ".join(row["tags"]), row["note"])
            return "<qt>" + "<br>".join(html.escape(line) for line in lines if line) + "</qt>"
        return None

    def _task_data(self, job_id: str, index: QModelIndex, role: int) -> Any:
        expanded_job = self._expanded_jobs.get(job_id)
        if expanded_job is None or index.row() >= len(expanded_job.tasks):
            return None
        if role == JOB_ID:
            return job_id
        if role == TASK_ID:
            return expanded_job.tasks[index.row()]["task_id"]
        presenter = expanded_job.presenter(index.row())
        if role == PRESENTER:
            return presenter
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return presenter.accessible_text
        if role == Qt.ItemDataRole.DisplayRole:
            texts = {
                "name": presenter.title,
                "state": f"{presenter.glyph} {presenter.word}",
                "progress": f"{presenter.fraction:.0%}",
                "best": presenter.metric_text.partition(" ")[2],
                "id": expanded_job.tasks[index.row()]["task_id"],
            }
            return texts.get(COLUMNS[index.column()].id, "")
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<qt>{html.escape(presenter.accessible_text)}</qt>"
        return None

    def _presenter(self, job_id: str, row: dict[str, Any]) -> JobPresenter:
        presenter = self._presenters.get(job_id)
        if presenter is None:
            presenter = present_job(
                row,
                self._jobs.progress_of(job_id),
                jobs_ahead=self._jobs_ahead(row) if row["state"] == JobState.QUEUED else 0,
                pending_text=self._pending_texts.get(job_id, ""),
                now_s=time.time(),
            )
            self._presenters[job_id] = presenter
        return presenter

    def _jobs_ahead(self, row: dict[str, Any]) -> int:
        """Number of jobs before this one in the queue."""
        if self._queue_positions is None:
            self._queue_positions = sorted(
                float(candidate["position"]) for candidate in self._jobs.rows() if candidate["state"] in QUEUE_STATES
            )
        return bisect_left(self._queue_positions, float(row["position"]))

    # --- drag and drop in the queue

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [JOB_MIME_TYPE]

    def mimeData(self, indexes: Iterable[QModelIndex]) -> QMimeData:
        data = QMimeData()
        ids = [self._order[index.row()] for index in indexes if index.column() == 0 and not index.internalId()]
        data.setData(JOB_MIME_TYPE, ids[0].encode() if ids else b"")
        return data

    def dropMimeData(
        self, data: QMimeData | None, action: Qt.DropAction, row: int, column: int, parent: QModelIndex
    ) -> bool:
        """Request the move; the row moves once the daemon reports it."""
        if data is not None and data.hasFormat(JOB_MIME_TYPE) and (job_id := data.data(JOB_MIME_TYPE).data().decode()):
            target = row if row >= 0 else parent.row() if parent.isValid() else len(self._order)
            self.dropped.emit(job_id, self._order[target] if target < len(self._order) else "")
        return False


def column_index(column: str) -> int:
    """Index of a column in the model."""
    return COLUMN_INDEX[column]
