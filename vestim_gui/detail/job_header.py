"""The head of a job: its name, its state, and what can be done with it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import JOB_ENDS, Intent, JobState
from vestim_gui.context import Context
from vestim_gui.link.pending import Pending
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.badge import Badge
from vestim_gui.widgets.elided_label import ElidedLabel
from vestim_gui.widgets.plain_label import button

DUPLICATE, EDIT = "duplicate", "edit"
"""Verbs that open the form; all others are methods of the service."""
GERUNDS = {"pause": "Pausing...", "resume": "Resuming...", "stop": "Stopping...", "start": "Starting..."}


@dataclass(frozen=True)
class Verb:
    """One button. name: a method of the service, or `DUPLICATE` or `EDIT`. busy: it was asked for and is on its way."""

    name: str
    text: str
    kind: str = "plain"
    busy: bool = False
    hint: str = ""


def verbs_of(row: Mapping[str, Any]) -> tuple[Verb, ...]:
    """What can be done with a job, from its row: its state, and the intent that the state has not reached."""
    state, intent = row["state"], row.get("intent")
    stop = Verb("stop", "Stop and keep best", hint="Ends training after the running batch and tests the best model.")
    again = Verb(DUPLICATE, "Duplicate...", hint="Opens a new job with these settings.")
    if state == JobState.DRAFT:
        return Verb("start", "Start", "primary"), Verb(EDIT, "Edit..."), again
    if state in JOB_ENDS:
        failed = (row.get("tasks") or {}).get("failed", 0) or state != JobState.DONE
        retry = Verb("resume", "Resume", hint="Goes on with all that did not succeed.")
        return (retry, again) if failed else (again,)
    if intent == Intent.STOP:
        return Verb("stop", GERUNDS["stop"], busy=True), again
    if state in {JobState.PAUSED, JobState.HELD}:
        return Verb("resume", "Resume", "primary"), stop, again
    if intent == Intent.PAUSE:
        return Verb("pause", GERUNDS["pause"], busy=True), stop, again
    return Verb("pause", "Pause", hint="Saves where each training stands and gives its resources back."), stop, again


class Header(QWidget):
    """Name, badge, verbs. A verb that was asked for shows so until it was answered."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._feed: JobFeed | None = None
        self._row: dict[str, Any] = {}
        self._pending: dict[str, Pending] = {}
        self._made: tuple[Verb, ...] = ()
        self.name = ElidedLabel(kind="title", parent=self)
        self.badge = Badge(parent=self)
        self.buttons: dict[str, QPushButton] = {}
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self.name, 1)
        self._layout.addWidget(self.badge)

    def show_row(self, row: dict[str, Any], feed: JobFeed) -> None:
        """Show a job as its row stands now."""
        if self._row.get("job_id") != row["job_id"]:
            self._pending.clear()
        self._row, self._feed = row, feed
        self.name.setText(row["name"] or row["job_id"])
        self.badge.show_state(row["state"])
        self._show_verbs()

    def _show_verbs(self) -> None:
        verbs = tuple(self._as_pending(verb) for verb in verbs_of(self._row))
        if [verb.name for verb in verbs] != [verb.name for verb in self._made]:
            for old in self.buttons.values():
                self._layout.removeWidget(old)
                old.setParent(None)
                old.deleteLater()
            self.buttons = {
                verb.name: button(verb.text, verb.kind, partial(self.act, verb.name), self) for verb in verbs
            }
            for made in self.buttons.values():
                self._layout.addWidget(made)
        self._made = verbs
        for verb in verbs:
            shown = self.buttons[verb.name]
            shown.setText(verb.text)
            shown.setToolTip(verb.hint)
            shown.setEnabled(not verb.busy)

    def _as_pending(self, verb: Verb) -> Verb:
        if verb.name not in self._pending or verb.busy:
            return verb
        return Verb(verb.name, GERUNDS[verb.name], verb.kind, True, verb.hint)

    def act(self, name: str) -> None:
        """Do what a button says."""
        if self._feed is None:
            return
        if name in {DUPLICATE, EDIT}:
            draft = self._feed.job_id if name == EDIT else ""
            self._ctx.navigate.new_job.emit(self._feed.spec, draft)
            return
        if name in self._pending:
            return
        job_id = self._feed.job_id
        pending = self._ctx.link.call(
            name,
            {"job_id": job_id},
            lambda _: self._answered(name),
            lambda error: self._refused(name, error),
            owner=self,
        )
        self._pending[name] = pending
        self._show_verbs()

    def _answered(self, name: str) -> None:
        self._pending.pop(name, None)
        self._show_verbs()

    def _refused(self, name: str, error: VestimError) -> None:
        self._answered(name)
        self._ctx.toasts.say_error(error)
