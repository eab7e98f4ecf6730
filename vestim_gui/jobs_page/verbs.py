"""Verbs: what can be done with the selected jobs. Each shows at once that it was asked for, and can be taken back.

A verb applies to those of the selected jobs that it fits, and `fits` says whether there are any. What the service
refuses is told in its own sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import JOB_ENDS, Intent, JobState
from vestim_gui.context import Context
from vestim_gui.store.jobs_model import QUEUE, JobsModel

Row = dict[str, Any]
Undo = Callable[[], None]
MOST_UNDO = 50

_RUNS = {JobState.QUEUED.value, JobState.RUNNING.value}
_RESTS = {JobState.PAUSED.value, JobState.HELD.value}
_ENDED = {state.value for state in JOB_ENDS}


def can_pause(row: Row) -> bool:
    """Whether a job can be paused now."""
    return row["state"] in _RUNS and row["intent"] == Intent.RUN


def can_resume(row: Row) -> bool:
    """Whether a job can go on: it rests, is about to, or ended before all was done."""
    if row["state"] in _RESTS or (row["state"] in _RUNS and row["intent"] == Intent.PAUSE):
        return True
    return row["state"] in {JobState.STOPPED, JobState.FAILED} and not row["archived"]


def can_stop(row: Row) -> bool:
    """Whether a job can be stopped now."""
    return row["state"] in QUEUE and row["intent"] != Intent.STOP


def can_archive(row: Row) -> bool:
    """Whether a job can be put away: it is not under way."""
    return not row["archived"] and (row["state"] in _ENDED or row["state"] == JobState.DRAFT)


def can_restore(row: Row) -> bool:
    """Whether a job was put away."""
    return bool(row["archived"])


def is_draft(row: Row) -> bool:
    """Whether a job was never started."""
    return bool(row["state"] == JobState.DRAFT)


def is_ended(row: Row) -> bool:
    """Whether a job has ended and lies in the way."""
    return row["state"] in _ENDED and not row["archived"]


def can_move(row: Row) -> bool:
    """Whether a job stands in the queue."""
    return row["state"] in QUEUE


class Verbs(QObject):
    """selected: ids of the jobs that a verb is for.

    undo_changed: whether there is anything to take back now.
    """

    undo_changed = pyqtSignal(bool)

    def __init__(
        self, ctx: Context, model: JobsModel, selected: Callable[[], list[str]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._model = model
        self._selected = selected
        self._undo: list[tuple[str, Undo]] = []
        model.dropped.connect(self.move_before)
        model.renamed.connect(self.rename)

    # --- which jobs

    def rows(self, fit: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        """The selected jobs that a verb fits."""
        rows = (self._ctx.jobs.row(job_id) for job_id in self._selected())
        return [row for row in rows if row is not None and fit(row)]

    def fits(self, fit: Callable[[Row], bool]) -> bool:
        """Whether a verb fits any of the selected jobs."""
        return bool(self.rows(fit))

    # --- running

    def pause_or_resume(self) -> None:
        """Pause what runs; where nothing of it does, let it go on."""
        if running := self.rows(can_pause):
            for row in running:
                self._call("pause", row["job_id"], "Pausing…")
            return
        for row in self.rows(can_resume):
            self._call("resume", row["job_id"], "Resuming…")

    def stop(self) -> None:
        """Stop training, keep the best weights and test them."""
        self._stop([row["job_id"] for row in self.rows(can_stop)])

    def stop_all(self) -> None:
        """Stop every job that is under way."""
        self._stop([row["job_id"] for row in self._ctx.jobs.rows() if can_stop(row)])

    def start(self) -> None:
        """Start drafts."""
        for row in self.rows(is_draft):
            self._call("start", row["job_id"], "Starting…")

    def duplicate(self) -> None:
        """Make a draft with the settings of a job, and open it."""
        for row in self.rows()[:1]:
            self._call(
                "duplicate",
                row["job_id"],
                "Copying…",
                done=lambda answer: self._ctx.navigate.new_job.emit(None, answer["job_id"]),
            )

    # --- names, tags, notes

    def rename(self, job_id: str, name: str) -> None:
        """Give a job another name."""
        row = self._ctx.jobs.row(job_id)
        if row is None or not name.strip() or row["name"] == name.strip():
            return
        old = row["name"]
        self._call(
            "rename",
            job_id,
            "Renaming…",
            name=name.strip(),
            done=lambda _: self._can_undo("Rename", lambda: self._call("rename", job_id, "Renaming…", name=old)),
        )

    def tag(self, job_ids: Iterable[str], add: list[str], remove: list[str]) -> None:
        """Add tags to jobs and take tags away."""
        before = {job_id: list(row["tags"]) for job_id in job_ids if (row := self._ctx.jobs.row(job_id)) is not None}
        changed = {
            job_id: ([tag for tag in add if tag not in tags], [tag for tag in remove if tag in tags])
            for job_id, tags in before.items()
        }
        changed = {job_id: change for job_id, change in changed.items() if any(change)}
        for job_id, (added, removed) in changed.items():
            self._call("tag", job_id, "Saving…", add=added, remove=removed)

        def back() -> None:
            for job_id, (added, removed) in changed.items():
                self._call("tag", job_id, "Saving…", add=removed, remove=added)

        if changed:
            self._can_undo("Tags", back)

    def note(self, job_id: str, text: str) -> None:
        """Replace a job's note."""
        row = self._ctx.jobs.row(job_id)
        if row is None or row["note"] == text:
            return
        old = row["note"]
        self._call("note", job_id, "Saving…", text=text)
        self._can_undo("Note", lambda: self._call("note", job_id, "Saving…", text=old))

    # --- putting away

    def archive(self) -> None:
        """Put the selected jobs away; those that are under way stay."""
        rows = self.rows(can_archive)
        if rows:
            self._archive([row["job_id"] for row in rows])
        elif under_way := self.rows(can_stop):
            name = under_way[0]["name"]
            self._ctx.toasts.say(f'"{name}" is under way: stop it before it is archived.', "info")

    def restore(self) -> None:
        """Bring archived jobs back."""
        self._restore([row["job_id"] for row in self.rows(can_restore)])

    def clear(self) -> None:
        """Put all jobs away that have ended."""
        self._archive([row["job_id"] for row in self._ctx.jobs.rows() if is_ended(row)])

    def delete(self, job_ids: Iterable[str]) -> None:
        """Delete archived jobs for ever; whoever calls this has asked for the name."""
        for job_id in job_ids:
            row = self._ctx.jobs.row(job_id)
            if row is not None and can_restore(row):
                self._call("delete", job_id, "Deleting…")

    # --- the queue

    def move(self, by: int) -> None:
        """Move the selected job by so many places in the queue; upwards where negative."""
        queue = self._queue()
        for row in self.rows(can_move)[:1]:
            place = queue.index(row["job_id"]) + by
            self._move_to(row["job_id"], min(max(place, 0), len(queue) - 1))

    def move_before(self, job_id: str, before: str) -> None:
        """Let a job stand before another one in the queue, or at its end for ""."""
        queue = self._queue()
        if job_id not in queue or job_id == before:
            return
        rest = [other for other in queue if other != job_id]
        self._move_to(job_id, rest.index(before) if before in rest else len(rest))

    # --- taking back

    def undo(self) -> None:
        """Take the last change back."""
        if self._undo:
            words, back = self._undo.pop()
            back()
            self._ctx.toasts.say(f"{words}: taken back.", "info")
        self.undo_changed.emit(bool(self._undo))

    @property
    def undo_words(self) -> str:
        """What `undo` would take back; "" for nothing."""
        return self._undo[-1][0] if self._undo else ""

    def refresh(self) -> None:
        """Ask the service anew for all rows; it tells changes by itself, so this is for doubts."""
        self._ctx.link.refresh()

    # --- within

    def _stop(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            self._call("stop", job_id, "Stopping…")
        if len(job_ids) > 1:
            self._ctx.toasts.say(f"Stopping {len(job_ids)} jobs. What they have is kept; they can be resumed.", "info")

    def _archive(self, job_ids: list[str]) -> None:
        if not job_ids:
            return
        for job_id in job_ids:
            self._call("archive", job_id, "Archiving…")
        row = self._ctx.jobs.row(job_ids[0])
        what = f'"{row["name"]}" is' if len(job_ids) == 1 and row else f"{len(job_ids)} jobs are"
        entry = self._can_undo("Archive", lambda: self._restore(job_ids))
        self._ctx.toasts.say(f"{what} archived.", "ok", actions=[("Undo", lambda: self._take_back(entry))])

    def _restore(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            self._call("restore", job_id, "Restoring…")

    def _move_to(self, job_id: str, place: int) -> None:
        old = self._queue().index(job_id)
        if place == old:
            return
        self._call("move_in_queue", job_id, "Moving…", place=place + 1)
        self._can_undo("Move", lambda: self._call("move_in_queue", job_id, "Moving…", place=old + 1))

    def _queue(self) -> list[str]:
        rows = [row for row in self._ctx.jobs.rows() if can_move(row)]
        return [row["job_id"] for row in sorted(rows, key=lambda row: float(row["position"]))]

    def _can_undo(self, words: str, back: Undo) -> tuple[str, Undo]:
        entry = (words, back)
        self._undo = [*self._undo[-MOST_UNDO:], entry]
        self.undo_changed.emit(True)
        return entry

    def _take_back(self, entry: tuple[str, Undo]) -> None:
        if entry in self._undo:
            self._undo.remove(entry)
            entry[1]()
            self.undo_changed.emit(bool(self._undo))

    def _call(
        self,
        method: str,
        job_id: str,
        words: str,
        *,
        done: Callable[[Any], object] | None = None,
        **params: Any,
    ) -> None:
        """Ask the service, showing `words` in the job's row until it has answered."""
        self._model.set_pending(job_id, words)
        pending = self._ctx.link.call(method, {"job_id": job_id, **params}, done, self._failed, owner=self)
        pending.ended.connect(lambda: self._model.settle(job_id))

    def _failed(self, error: VestimError) -> None:
        sentence = error.sentence[:1].upper() + error.sentence[1:]
        self._ctx.toasts.say(sentence.rstrip(".") + ".", "error")
