"""JobsModel: the jobs that the filter wants, in the chosen order, each opening into its tasks.

It follows the catalogue row by row, at most ten times a second, and a fifth of the window's time at most: a row whose
content changed is repainted, and only
where rows come, go or change places is the list laid out anew. What is selected stays selected.
"""

from __future__ import annotations

import html
import time
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from PyQt6.QtCore import QAbstractItemModel, QMimeData, QModelIndex, QObject, Qt, QTimer, pyqtSignal

from vestim_core.spec.states import JobState
from vestim_gui.link.link import Link
from vestim_gui.link.link_state import LinkPhase
from vestim_gui.store.catalogue import Catalogue
from vestim_gui.store.table_columns import COLUMNS, INDEX, NAME, in_order, sort_key
from vestim_gui.store.faces import Face, job_face
from vestim_gui.store.filters import Filter
from vestim_gui.store.opened_job import OpenedJob

BEAT_MS = 100
MOST_PAUSE_S = 1.0
"""Changes are shown at least this often, however long it took the last time."""
SECOND_MS = 1000
TICKING = 400
"""Most rows whose running time goes on by the second; in the order of the list, what runs stands first."""
MANY = 32
"""More rows than this that come or go at once are laid out as a whole."""
JOB_TYPE = "application/x-vestim-job"
QUEUE = frozenset({JobState.QUEUED.value, JobState.RUNNING.value, JobState.PAUSED.value, JobState.HELD.value})

FACE = Qt.ItemDataRole.UserRole + 1
JOB_ID = Qt.ItemDataRole.UserRole + 2
TASK_ID = Qt.ItemDataRole.UserRole + 3
NOTE = Qt.ItemDataRole.UserRole + 4
TAGS = Qt.ItemDataRole.UserRole + 5

_ROW = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_TASK = _ROW | Qt.ItemFlag.ItemNeverHasChildren
_JOB = {
    (named, queued): _ROW
    | (Qt.ItemFlag.ItemIsEditable if named else Qt.ItemFlag.NoItemFlags)
    | (Qt.ItemFlag.ItemIsDragEnabled if queued else Qt.ItemFlag.NoItemFlags)
    for named in (False, True)
    for queued in (False, True)
}
"""Flags of a job's cells: whether it is the name, and whether the job can be dragged in the queue. Put together once,
since a view asks for them several times a row."""
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class JobsModel(QAbstractItemModel):
    """Jobs at the top level, tasks of opened jobs below.

    dropped: a job was dragged in the queue: its id, and the id of the job that it is to stand before ("" for the end).
    renamed: a job was given another name in its row: its id and the name.
    counted: after each change, how many jobs are shown.
    """

    dropped = pyqtSignal(str, str)
    renamed = pyqtSignal(str, str)
    counted = pyqtSignal(int)

    def __init__(self, jobs: Catalogue, link: Link, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._link = link
        self._filter = Filter()
        self._archived = False
        self._sort, self._descending = "", False
        self._order: list[str] = []
        self._place: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._ids: list[str] = [""]
        self._faces: dict[str, Face] = {}
        self._queue: list[float] | None = None
        self._stood: dict[str, Any] = {}
        self._pending: dict[str, str] = {}
        self._settled: set[str] = set()
        self._opened: dict[str, OpenedJob] = {}
        self._dirty: dict[str, None] = {}
        self._beat = QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._beat.setSingleShot(True)
        self._beat.timeout.connect(self._flush)
        self._clock = QTimer(self)
        self._clock.setInterval(SECOND_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self._flushed_s, self._pause_s = 0.0, BEAT_MS / 1000
        jobs.changed.connect(self._touch)
        jobs.removed.connect(self._touch)
        jobs.reset.connect(self._reset)
        link.state_changed.connect(self._synced)
        self._reset()

    # --- what is shown

    @property
    def sort_order(self) -> tuple[str, bool]:
        """The column that rows are sorted by ("" for the order of the list), and whether from the highest down."""
        return self._sort, self._descending

    def set_filter(self, wanted: Filter) -> None:
        """Show what this filter wants."""
        self._filter = wanted
        self._choose_anew()

    def set_archived_shown(self, shown: bool) -> None:
        """Show archived jobs among the others, or not at all."""
        self._archived = shown
        self._choose_anew()

    def sort_by(self, column: str, descending: bool = False) -> None:
        """Sort by a column's id; "" for the order of the list."""
        self._sort, self._descending = column, descending
        self._choose_anew()

    def set_pending(self, job_id: str, words: str) -> None:
        """Show what was just asked of a job, until `settle`."""
        self._pending[job_id] = words
        self._settled.discard(job_id)
        self._faces.pop(job_id, None)
        self._repaint(job_id)

    def settle(self, job_id: str) -> None:
        """What was asked of a job was answered: show its row again, as soon as the next changes are shown."""
        self._settled.add(job_id)
        self._touch([job_id])

    def ids(self) -> list[str]:
        """Ids of the jobs that are shown, in their order."""
        return list(self._order)

    def index_of(self, job_id: str) -> QModelIndex:
        """Where a job is shown; invalid when it is not."""
        place = self._place.get(job_id)
        return QModelIndex() if place is None else self.createIndex(place, 0, 0)

    def open_job(self, job_id: str) -> None:
        """Show a job's tasks."""
        if job_id not in self._opened and job_id in self._place:
            opened = OpenedJob(self._link, self._jobs, job_id, self)
            opened.about_to_change.connect(lambda old, new: self._tasks_change(job_id, old, new))
            opened.changed.connect(lambda: self._tasks_changed(job_id))
            self._opened[job_id] = opened

    def close_job(self, job_id: str) -> None:
        """Show a job's tasks no more."""
        opened = self._opened.get(job_id)
        if opened is None:
            return
        parent, count = self.index_of(job_id), len(opened.tasks)
        if parent.isValid() and count:
            self.beginRemoveRows(parent, 0, count - 1)
        del self._opened[job_id]
        opened.close()
        if parent.isValid() and count:
            self.endRemoveRows()

    @property
    def opened(self) -> list[str]:
        """Ids of the jobs whose tasks are shown."""
        return list(self._opened)

    def close(self) -> None:
        """Follow no job any more."""
        self._beat.stop()
        self._clock.stop()
        for opened in self._opened.values():
            opened.close()
        self._opened.clear()

    # --- the catalogue

    def _touch(self, job_ids: Iterable[str]) -> None:
        self._dirty.update(dict.fromkeys(job_ids))
        if not self._beat.isActive() and self._link.state.phase is not LinkPhase.SYNCING:
            passed_s = time.monotonic() - self._flushed_s
            self._beat.start(max(0, round((self._pause_s - passed_s) * 1000)))

    def _synced(self) -> None:
        """The whole list is shown at once, not as it comes in."""
        if self._dirty:
            self._touch(())

    def _reset(self) -> None:
        self._dirty.clear()
        self._stood.clear()
        self._queue = None
        self._arrange(whole=True)

    def _tick(self) -> None:
        """Running times go on."""
        for job_id in self._order[:TICKING]:
            row = self._jobs.row(job_id)
            if row is not None and row["state"] == JobState.RUNNING:
                self._faces.pop(job_id, None)
                self._repaint(job_id)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, {}
        self._flushed_s = time.monotonic()
        self._queue = None
        for job_id in dirty:
            self._faces.pop(job_id, None)
            if job_id in self._settled:
                self._settled.discard(job_id)
                self._pending.pop(job_id, None)
        if sum(self._moves(job_id) for job_id in dirty):
            self._arrange()
        if len(dirty) <= MANY:
            for job_id in dirty:
                self._repaint(job_id)
        elif self._order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, len(COLUMNS) - 1))
        took_s = time.monotonic() - self._flushed_s
        self._pause_s = min(max(BEAT_MS / 1000, 4.0 * took_s), MOST_PAUSE_S)

    def _moves(self, job_id: str) -> bool:
        """Whether a changed job may come, go or change its place."""
        row = self._jobs.row(job_id)
        stands = self._standing(row) if row is not None else None
        moves = job_id not in self._stood or self._stood[job_id] != stands
        self._stood[job_id] = stands
        return moves

    def _standing(self, row: dict[str, Any]) -> Any:
        """None where a job is not to be shown, else what decides on its place."""
        wanted = (self._archived or not row["archived"]) and self._filter.matches(row)
        return (sort_key(row, self._sort),) if wanted else None

    def _repaint(self, job_id: str) -> None:
        if (place := self._place.get(job_id)) is not None:
            self.dataChanged.emit(self.createIndex(place, 0, 0), self.createIndex(place, len(COLUMNS) - 1, 0))

    # --- places

    def _choose_anew(self) -> None:
        self._stood.clear()
        self._arrange()

    def _arrange(self, *, whole: bool = False) -> None:
        """Bring what is shown to what is wanted, with as little upheaval as that takes."""
        rows = self._filter.wanted(row for row in self._jobs.rows() if self._archived or not row["archived"])
        wanted = [row["job_id"] for row in in_order(rows, self._sort, self._descending)]
        if wanted == self._order and not whole:
            return
        known, kept = set(self._order), set(wanted)
        gone = [job_id for job_id in self._order if job_id not in kept]
        new = [job_id for job_id in wanted if job_id not in known]
        for job_id in gone:
            self.close_job(job_id)
        if whole or len(gone) + len(new) > MANY:
            self.beginResetModel()
            self._faces.clear()
            self._set_order(wanted)
            self.endResetModel()
        else:
            self._take_out(gone)
            self._put_in(new, wanted)
            if self._order != wanted:
                self._reorder(wanted)
        self.counted.emit(len(wanted))

    def _take_out(self, gone: list[str]) -> None:
        for job_id in gone:
            place = self._place[job_id]
            self.beginRemoveRows(QModelIndex(), place, place)
            self._set_order(self._order[:place] + self._order[place + 1 :])
            self.endRemoveRows()

    def _put_in(self, new: list[str], wanted: list[str]) -> None:
        """New ones at their places, where the others stand as wanted; otherwise at the end, to be put in order."""
        fresh = set(new)
        stands = self._order == [job_id for job_id in wanted if job_id not in fresh]
        places = {job_id: place for place, job_id in enumerate(wanted)}
        for job_id in new:
            place = places[job_id] if stands else len(self._order)
            self.beginInsertRows(QModelIndex(), place, place)
            self._set_order([*self._order[:place], job_id, *self._order[place:]])
            self.endInsertRows()

    def _reorder(self, wanted: list[str]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [(index, self._order[index.row()]) for index in before if not index.internalId()]
        self._set_order(wanted)
        self.changePersistentIndexList(
            [index for index, _ in held],
            [self.createIndex(self._place[job_id], index.column(), 0) for index, job_id in held],
        )
        self.layoutChanged.emit()

    def _set_order(self, order: list[str]) -> None:
        self._order = order
        self._place = {job_id: place for place, job_id in enumerate(order)}

    # --- tasks of opened jobs

    def _tasks_change(self, job_id: str, old: int, new: int) -> None:
        parent = self.index_of(job_id)
        if new > old:
            self.beginInsertRows(parent, old, new - 1)
        elif new < old:
            self.beginRemoveRows(parent, new, old - 1)

    def _tasks_changed(self, job_id: str) -> None:
        opened = self._opened[job_id]
        if opened.grew > 0:
            self.endInsertRows()
        elif opened.grew < 0:
            self.endRemoveRows()
        parent = self.index_of(job_id)
        if parent.isValid() and opened.tasks:
            last = len(opened.tasks) - 1
            self.dataChanged.emit(self.index(0, 0, parent), self.index(last, len(COLUMNS) - 1, parent))

    def _number(self, job_id: str) -> int:
        if job_id not in self._numbers:
            self._numbers[job_id] = len(self._ids)
            self._ids.append(job_id)
        return self._numbers[job_id]

    # --- QAbstractItemModel

    def index(self, row: int, column: int, parent: QModelIndex = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not parent.isValid():
            return self.createIndex(row, column, 0) if 0 <= row < len(self._order) else QModelIndex()
        if parent.internalId() or not 0 <= row < self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, column, self._number(self._order[parent.row()]))

    def parent(self, child: QModelIndex) -> QModelIndex:  # type: ignore[override]
        number = child.internalId() if child.isValid() else 0
        return self.index_of(self._ids[number]) if number else QModelIndex()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._order)
        if parent.internalId() or parent.column() > 0:
            return 0
        opened = self._opened.get(self._order[parent.row()])
        return opened.count if opened else 0

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
            return _RIGHT if COLUMNS[section].right else _LEFT
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if COLUMNS[index.column()].right else _LEFT
        if number := index.internalId():
            return self._task_data(self._ids[number], index, role)
        return self._job_data(self._order[index.row()], index.column(), role)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled if not self._sort else Qt.ItemFlag.NoItemFlags
        if index.internalId():
            return _TASK
        row = self._jobs.row(self._order[index.row()])
        queued = row is not None and not self._sort and row["state"] in QUEUE
        return _JOB[index.column() == INDEX[NAME], queued]

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another name; the row shows it when the service says so."""
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
            face = self._face(job_id, row)
            return COLUMNS[column].text(row, self._jobs.progress_of(job_id), face, time.time())
        if role == Qt.ItemDataRole.EditRole:
            return row["name"]
        if role == FACE:
            return self._face(job_id, row)
        if role == JOB_ID:
            return job_id
        if role == TAGS:
            return row["tags"]
        if role == NOTE:
            return row["note"]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._face(job_id, row).spoken
        if role == Qt.ItemDataRole.ToolTipRole:
            face = self._face(job_id, row)
            lines = (row["name"], face.words, ", ".join(row["tags"]), row["note"])
            return "<qt>" + "<br>".join(html.escape(line) for line in lines if line) + "</qt>"
        return None

    def _task_data(self, job_id: str, index: QModelIndex, role: int) -> Any:
        opened = self._opened.get(job_id)
        if opened is None or index.row() >= len(opened.tasks):
            return None
        if role == JOB_ID:
            return job_id
        if role == TASK_ID:
            return opened.tasks[index.row()]["task_id"]
        face = opened.face(index.row())
        if role == FACE:
            return face
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return face.spoken
        if role == Qt.ItemDataRole.DisplayRole:
            texts = {
                "name": face.title,
                "state": f"{face.glyph} {face.word}",
                "progress": f"{face.fraction:.0%}",
                "best": face.figure.partition(" ")[2],
                "id": opened.tasks[index.row()]["task_id"],
            }
            return texts.get(COLUMNS[index.column()].id, "")
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<qt>{html.escape(face.spoken)}</qt>"
        return None

    def _face(self, job_id: str, row: dict[str, Any]) -> Face:
        face = self._faces.get(job_id)
        if face is None:
            face = job_face(
                row,
                self._jobs.progress_of(job_id),
                ahead=self._ahead(row) if row["state"] == JobState.QUEUED else 0,
                pending=self._pending.get(job_id, ""),
                now_s=time.time(),
            )
            self._faces[job_id] = face
        return face

    def _ahead(self, row: dict[str, Any]) -> int:
        """Jobs that stand before this one in the queue."""
        if self._queue is None:
            self._queue = sorted(float(other["position"]) for other in self._jobs.rows() if other["state"] in QUEUE)
        return bisect_left(self._queue, float(row["position"]))

    # --- reordering the queue by hand

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [JOB_TYPE]

    def mimeData(self, indexes: Iterable[QModelIndex]) -> QMimeData:
        data = QMimeData()
        ids = [self._order[index.row()] for index in indexes if index.column() == 0 and not index.internalId()]
        data.setData(JOB_TYPE, ids[0].encode() if ids else b"")
        return data

    def dropMimeData(
        self, data: QMimeData | None, action: Qt.DropAction, row: int, column: int, parent: QModelIndex
    ) -> bool:
        """Ask for the move; the row changes its place when the service says so."""
        if data is not None and data.hasFormat(JOB_TYPE) and (job_id := data.data(JOB_TYPE).data().decode()):
            place = row if row >= 0 else parent.row() if parent.isValid() else len(self._order)
            self.dropped.emit(job_id, self._order[place] if place < len(self._order) else "")
        return False


def column_index(column: str) -> int:
    """Where a column stands in the model."""
    return INDEX[column]
