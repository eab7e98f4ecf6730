"""The header of a job: its name, its state, and the verbs available now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from vestim_core.spec.errors import VestimError
from vestim_core.spec.states import TERMINAL_JOB_STATES, Intent, JobState
from vestim_gui.context import Context
from vestim_gui.link.pending_request import PendingRequest
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.badge import Badge
from vestim_gui.widgets.elided_label import ElidedLabel
from vestim_gui.widgets.plain_label import button

DUPLICATE, EDIT = "duplicate", "edit"
"""Verbs that open the form; all others are methods of the daemon."""
PENDING_TEXTS = {"pause": "Pausing...", "resume": "Resuming...", "stop": "Stopping...", "start": "Starting..."}


@dataclass(frozen=True)
class Verb:
    """One button. name: a method of the daemon, or `DUPLICATE` or `EDIT`. is_pending: it was sent and has not taken
    effect."""

    name: str
    text: str
    kind: str = "plain"
    is_pending: bool = False
    hint: str = ""


def available_verbs(row: Mapping[str, Any]) -> tuple[Verb, ...]:
    """The verbs that a job allows, from its state and from the intent that the state has not reached yet."""
    state, intent = row["state"], row.get("intent")
    stop = Verb("stop", "Stop and keep best", hint="Ends training after the running batch and tests the best model.")
    duplicate = Verb(DUPLICATE, "Duplicate...", hint="Opens a new job with these settings.")
    if state == JobState.DRAFT:
        return Verb("start", "Start", "primary"), Verb(EDIT, "Edit..."), duplicate
    if state in TERMINAL_JOB_STATES:
        failed = (row.get("tasks") or {}).get("failed", 0) or state != JobState.DONE
        retry = Verb("resume", "Resume", hint="Goes on with all that did not succeed.")
        return (retry, duplicate) if failed else (duplicate,)
    if intent == Intent.STOP:
        return Verb("stop", PENDING_TEXTS["stop"], is_pending=True), duplicate
    if state in {JobState.PAUSED, JobState.HELD}:
        return Verb("resume", "Resume", "primary"), stop, duplicate
    if intent == Intent.PAUSE:
        return Verb("pause", PENDING_TEXTS["pause"], is_pending=True), stop, duplicate
    return (
        Verb("pause", "Pause", hint="Saves where each training stands and gives its resources back."),
        stop,
        duplicate,
    )


class JobHeader(QWidget):
    """Name, badge and verbs. A pending verb is shown as such until the daemon has answered."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._feed: JobFeed | None = None
        self._row: dict[str, Any] = {}
        self._pending: dict[str, PendingRequest] = {}
        self._shown_verbs: tuple[Verb, ...] = ()
        self.name = ElidedLabel(kind="title", parent=self)
        self.badge = Badge(parent=self)
        self.buttons: dict[str, QPushButton] = {}
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self.name, 1)
        self._layout.addWidget(self.badge)

    def show_row(self, row: dict[str, Any], feed: JobFeed) -> None:
        """Show a job's current row."""
        if self._row.get("job_id") != row["job_id"]:
            self._pending.clear()
        self._row, self._feed = row, feed
        self.name.setText(row["name"] or row["job_id"])
        self.badge.show_state(row["state"])
        self._show_verbs()

    def _show_verbs(self) -> None:
        verbs = tuple(self._with_pending(verb) for verb in available_verbs(self._row))
        if [verb.name for verb in verbs] != [verb.name for verb in self._shown_verbs]:
            for old_button in self.buttons.values():
                self._layout.removeWidget(old_button)
                old_button.setParent(None)
                old_button.deleteLater()
            self.buttons = {
                verb.name: button(verb.text, verb.kind, partial(self.run_verb, verb.name), self) for verb in verbs
            }
            for new_button in self.buttons.values():
                self._layout.addWidget(new_button)
        self._shown_verbs = verbs
        for verb in verbs:
            verb_button = self.buttons[verb.name]
            verb_button.setText(verb.text)
            verb_button.setToolTip(verb.hint)
            verb_button.setEnabled(not verb.is_pending)

    def _with_pending(self, verb: Verb) -> Verb:
        if verb.name not in self._pending or verb.is_pending:
            return verb
        return Verb(verb.name, PENDING_TEXTS[verb.name], verb.kind, True, verb.hint)

    def run_verb(self, name: str) -> None:
        """Run the verb of a button."""
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
            lambda _: self._handle_reply(name),
            lambda error: self._handle_refusal(name, error),
            owner=self,
        )
        self._pending[name] = pending
        self._show_verbs()

    def _handle_reply(self, name: str) -> None:
        self._pending.pop(name, None)
        self._show_verbs()

    def _handle_refusal(self, name: str, error: VestimError) -> None:
        self._handle_reply(name)
        self._ctx.toasts.show_error(error)
