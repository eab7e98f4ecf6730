"""Verbs: the commands for the selected jobs. Each shows at once that it was sent, and most can be undone.

A verb applies to those of the selected jobs that it fits; `applies` is True if there are any. Refusals of the daemon
are shown with its own message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import TERMINAL_JOB_STATES, Intent, JobState
from vestim_gui.context import Context
from vestim_gui.store.jobs_model import QUEUE_STATES, JobsModel

Row = dict[str, Any]
UndoFunction = Callable[[], None]
MAX_UNDO = 50  # entries of the undo list; arbitrary, any value from 10 to 200 works

_RUNNING_STATES = {JobState.QUEUED.value, JobState.RUNNING.value}
_RESTING_STATES = {JobState.PAUSED.value, JobState.HELD.value}
_ENDED_STATES = {state.value for state in TERMINAL_JOB_STATES}


def can_pause(row: Row) -> bool:
    """True if a job can be paused now."""
    return row["state"] in _RUNNING_STATES and row["intent"] == Intent.RUN


def can_resume(row: Row) -> bool:
    """True if a job can continue: it is paused or held, is about to pause, or ended before everything was done."""
    if row["state"] in _RESTING_STATES or (row["state"] in _RUNNING_STATES and row["intent"] == Intent.PAUSE):
        return True
    return row["state"] in {JobState.STOPPED, JobState.FAILED} and not row["archived"]


def can_stop(row: Row) -> bool:
    """True if a job can be stopped now."""
    return row["state"] in QUEUE_STATES and row["intent"] != Intent.STOP


def can_archive(row: Row) -> bool:
    """True if a job can be archived: it is not active."""
    return not row["archived"] and (row["state"] in _ENDED_STATES or row["state"] == JobState.DRAFT)


def can_restore(row: Row) -> bool:
    """True if a job is archived."""
    return bool(row["archived"])


def is_draft(row: Row) -> bool:
    """True if a job was never started."""
    return bool(row["state"] == JobState.DRAFT)


def is_ended(row: Row) -> bool:
    """True if a job has ended and is not archived."""
    return row["state"] in _ENDED_STATES and not row["archived"]


def is_in_queue(row: Row) -> bool:
    """True if a job is in the queue."""
    return row["state"] in QUEUE_STATES


class Verbs(QObject):
    """Commands for the selected jobs, with an undo list. selected_ids: returns the ids of the jobs that a verb applies
    to.

    undo_changed: True if there is anything to undo now.
    """

    undo_changed = pyqtSignal(bool)

    def __init__(
        self, ctx: Context, model: JobsModel, selected_ids: Callable[[], list[str]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._model = model
        self._selected_ids = selected_ids
        self._undo: list[tuple[str, UndoFunction]] = []
        model.dropped.connect(self.reorder_before)
        model.renamed.connect(self.rename)

    # --- selection

    def rows(self, predicate: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        """The selected jobs that fulfill `predicate`."""
        rows = (self._ctx.jobs.row(job_id) for job_id in self._selected_ids())
        return [row for row in rows if row is not None and predicate(row)]

    def applies(self, predicate: Callable[[Row], bool]) -> bool:
        """True if any of the selected jobs fulfills `predicate`."""
        return bool(self.rows(predicate))

    # --- run control

    def pause_or_resume(self) -> None:
        """Pause the running jobs; if there are none, resume the others."""
        if running_rows := self.rows(can_pause):
            for row in running_rows:
                self._call("pause", row["job_id"], "Pausing…")
            return
        for row in self.rows(can_resume):
            self._call("resume", row["job_id"], "Resuming…")

    def stop(self) -> None:
        """Stop training, keep the best weights and test them."""
        self._stop([row["job_id"] for row in self.rows(can_stop)])

    def stop_all(self) -> None:
        """Stop every active job."""
        self._stop([row["job_id"] for row in self._ctx.jobs.rows() if can_stop(row)])

    def start(self) -> None:
        """Start drafts."""
        for row in self.rows(is_draft):
            self._call("start", row["job_id"], "Starting…")

    def duplicate(self) -> None:
        """Create a draft with the settings of a job and open it."""
        for row in self.rows()[:1]:
            self._call(
                "duplicate",
                row["job_id"],
                "Copying…",
                on_result=lambda reply: self._ctx.navigate.new_job.emit(None, reply["job_id"]),
            )

    # --- names, tags, notes

    def rename(self, job_id: str, name: str) -> None:
        """Rename a job."""
        row = self._ctx.jobs.row(job_id)
        if row is None or not name.strip() or row["name"] == name.strip():
            return
        old_name = row["name"]
        self._call(
            "rename",
            job_id,
            "Renaming…",
            name=name.strip(),
            on_result=lambda _: self._push_undo(
                "Rename", lambda: self._call("rename", job_id, "Renaming…", name=old_name)
            ),
        )

    def tag(self, job_ids: Iterable[str], add: list[str], remove: list[str]) -> None:
        """Add tags to jobs and remove others."""
        tags_by_job = {
            job_id: list(row["tags"]) for job_id in job_ids if (row := self._ctx.jobs.row(job_id)) is not None
        }
        change_by_job = {
            job_id: ([tag for tag in add if tag not in tags], [tag for tag in remove if tag in tags])
            for job_id, tags in tags_by_job.items()
        }
        change_by_job = {job_id: change for job_id, change in change_by_job.items() if any(change)}
        for job_id, (added, removed) in change_by_job.items():
            self._call("tag", job_id, "Saving…", add=added, remove=removed)

        def restore_tags() -> None:
            for job_id, (added, removed) in change_by_job.items():
                self._call("tag", job_id, "Saving…", add=removed, remove=added)

        if change_by_job:
            self._push_undo("Tags", restore_tags)

    def note(self, job_id: str, text: str) -> None:
        """Replace a job's note."""
        row = self._ctx.jobs.row(job_id)
        if row is None or row["note"] == text:
            return
        old_text = row["note"]
        self._call("note", job_id, "Saving…", text=text)
        self._push_undo("Note", lambda: self._call("note", job_id, "Saving…", text=old_text))

    # --- archiving

    def archive(self) -> None:
        """Archive the selected jobs; active ones are left alone."""
        rows = self.rows(can_archive)
        if rows:
            self._archive([row["job_id"] for row in rows])
        elif active_rows := self.rows(can_stop):
            name = active_rows[0]["name"]
            self._ctx.toasts.show_toast(f'"{name}" is under way: stop it before it is archived.', "info")

    def restore(self) -> None:
        """Restore archived jobs."""
        self._restore([row["job_id"] for row in self.rows(can_restore)])

    def clear(self) -> None:
        """Archive all jobs that have ended."""
        self._archive([row["job_id"] for row in self._ctx.jobs.rows() if is_ended(row)])

    def delete(self, job_ids: Iterable[str]) -> None:
        """Delete archived jobs permanently; the caller has asked for confirmation."""
        for job_id in job_ids:
            row = self._ctx.jobs.row(job_id)
            if row is not None and can_restore(row):
                self._call("delete", job_id, "Deleting…")

    # --- the queue

    def reorder(self, offset: int) -> None:
        """Move the selected job by `offset` positions in the queue; negative is towards the front."""
        queue = self._queue_ids()
        for row in self.rows(is_in_queue)[:1]:
            index = queue.index(row["job_id"]) + offset
            self._reorder_to(row["job_id"], min(max(index, 0), len(queue) - 1))

    def reorder_before(self, job_id: str, next_id: str) -> None:
        """Place a job before another one in the queue, or at its end for ""."""
        queue = self._queue_ids()
        if job_id not in queue or job_id == next_id:
            return
        others = [candidate for candidate in queue if candidate != job_id]
        self._reorder_to(job_id, others.index(next_id) if next_id in others else len(others))

    # --- undo

    def undo(self) -> None:
        """Undo the last change."""
        if self._undo:
            text, restore = self._undo.pop()
            restore()
            self._ctx.toasts.show_toast(f"{text}: taken back.", "info")
        self.undo_changed.emit(bool(self._undo))

    @property
    def undo_text(self) -> str:
        """Name of the change that `undo` reverts; "" if there is none."""
        return self._undo[-1][0] if self._undo else ""

    def refresh(self) -> None:
        """Read all rows again; changes arrive by themselves, so this is for users who doubt it."""
        self._ctx.link.refresh()

    # --- implementation

    def _stop(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            self._call("stop", job_id, "Stopping…")
        if len(job_ids) > 1:
            self._ctx.toasts.show_toast(
                f"Stopping {len(job_ids)} jobs. What they have is kept; they can be resumed.", "info"
            )

    def _archive(self, job_ids: list[str]) -> None:
        if not job_ids:
            return
        for job_id in job_ids:
            self._call("archive", job_id, "Archiving…")
        row = self._ctx.jobs.row(job_ids[0])
        subject = f'"{row["name"]}" is' if len(job_ids) == 1 and row else f"{len(job_ids)} jobs are"
        entry = self._push_undo("Archive", lambda: self._restore(job_ids))
        self._ctx.toasts.show_toast(f"{subject} archived.", "ok", actions=[("Undo", lambda: self._undo_entry(entry))])

    def _restore(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            self._call("restore", job_id, "Restoring…")

    def _reorder_to(self, job_id: str, index: int) -> None:
        old_index = self._queue_ids().index(job_id)
        if index == old_index:
            return
        self._call("reorder", job_id, "Moving…", position=index + 1)
        self._push_undo("Move", lambda: self._call("reorder", job_id, "Moving…", position=old_index + 1))

    def _queue_ids(self) -> list[str]:
        rows = [row for row in self._ctx.jobs.rows() if is_in_queue(row)]
        return [row["job_id"] for row in sorted(rows, key=lambda row: float(row["position"]))]

    def _push_undo(self, text: str, restore: UndoFunction) -> tuple[str, UndoFunction]:
        entry = (text, restore)
        self._undo = [*self._undo[-MAX_UNDO:], entry]
        self.undo_changed.emit(True)
        return entry

    def _undo_entry(self, entry: tuple[str, UndoFunction]) -> None:
        if entry in self._undo:
            self._undo.remove(entry)
            entry[1]()
            self.undo_changed.emit(bool(self._undo))

    def _call(
        self,
        method: str,
        job_id: str,
        pending_text: str,
        *,
        on_result: Callable[[Any], object] | None = None,
        **params: Any,
    ) -> None:
        """Call the daemon and show `pending_text` in the job's row until it has answered."""
        self._model.set_pending(job_id, pending_text)
        pending = self._ctx.link.call(method, {"job_id": job_id, **params}, on_result, self._show_error, owner=self)
        pending.ended.connect(lambda: self._model.settle(job_id))

    def _show_error(self, error: VestimError) -> None:
        message = error.message[:1].upper() + error.message[1:]
        self._ctx.toasts.show_toast(message.rstrip(".") + ".", "error")
