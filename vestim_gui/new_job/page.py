"""NewJobPage: one page from files to a started job. What is typed is checked at once and kept by the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt6.QtGui import QHideEvent, QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QFileDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import JobSpec
from vestim_core.spec.preparation import Resample
from vestim_core.spec.states import JobState
from vestim_gui.actions import Where
from vestim_gui.context import Context
from vestim_gui.new_job.checker import Checker
from vestim_gui.new_job.data_files import needed_columns
from vestim_gui.new_job.document import Document, finished, opened, with_preset
from vestim_gui.new_job.draft import Draft
from vestim_gui.new_job.job_files import is_job, read_file, write_file
from vestim_gui.new_job.notes import NotesCard
from vestim_gui.new_job.presets import PresetBar
from vestim_gui.new_job.problems import Problem, Stop, problems_of
from vestim_gui.new_job.sections import Sections
from vestim_gui.new_job.summary import SummaryCard
from vestim_gui.numbers import duration, several
from vestim_gui.widgets.page_header import PageHeader
from vestim_gui.widgets.plain_label import button

DRAFT = "new_job.draft"
"""Session: the id of the draft that the page shows."""
UNSAVED = "new_job.unsaved"
"""Session: id and document of a draft that the service does not have yet; empty once it has."""
SUMMARY_PX = 296
NARROW_PX = 720
STACKED_PX = 860
SOME_DATA = {"train": ["train"], "validation": ["validation"]}


class NewJobPage(QWidget):
    """`open` shows a document, a draft, or an empty form."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._found: dict[str, Any] | None = None
        self._from_service: list[Problem] = []
        self._stops: list[Stop] = []
        self._pristine = True
        self._period_s = 1.0
        self.sections = Sections(ctx)
        self.presets = PresetBar()
        self.notes = NotesCard()
        self.summary = SummaryCard()
        self.draft = Draft(ctx.link, self)
        self.checker = Checker(ctx.link, self)
        self._lay_out()
        self._connect()
        self._show(opened({}))

    # --- opening

    def open(self, document: Mapping[str, Any] | None = None, draft_id: str = "") -> None:
        """Show a draft, or a document that becomes one; without either an empty form."""
        if draft_id and draft_id == self.draft.job_id:
            return
        if draft_id:
            params = {"job_id": draft_id, "tasks_limit": 0}
            self._ctx.link.call("show_job", params, self._open_draft, self._no_draft, owner=self)
            return
        if document is None:
            if not self._pristine:
                self._begin("", {})
            self._take_unsaved("")
            return
        self._begin("", document)
        if document:
            self._edited()

    def open_file(self, path: str) -> None:
        """Open a job file, or the hyperparameters of the predecessor."""
        try:
            document = read_file(path)
        except VestimError as error:
            self._ctx.toasts.say_error(error)
            return
        if is_job(document):
            self.open(document)
            return

        def taken(answer: dict[str, Any]) -> None:
            self.open(answer["sections"])
            self.notes.show_notes(path, answer["notes"])

        self._ctx.link.call("read_hyperparameters", {"document": document}, taken, owner=self)

    def close_page(self) -> None:
        """Save what is typed and ask for nothing any more."""
        self.draft.flush()
        self.checker.stop()
        self.sections.data.close_section()

    def document(self) -> Document:
        """What was typed so far."""
        return self.sections.document()

    # --- leaving

    def save_file(self) -> None:
        """Ask where, and write the settings as a job file."""
        settings = self._ctx.settings
        path, _ = QFileDialog.getSaveFileName(
            self, "Save as a job file", settings.folder("job_file"), "Job files (*.toml *.json)"
        )
        if path:
            settings.keep_folder("job_file", path)
            self.write_file(path)

    def write_file(self, path: str) -> None:
        """Write the settings as a job file."""
        try:
            written = write_file(path, self.document())
        except VestimError as error:
            self._ctx.toasts.say_error(error)
            return
        self._ctx.toasts.say(f"Saved as {written}.", "ok")

    def start(self) -> None:
        """Start the job, or say what keeps it from being started and go there."""
        if not self.summary.start_button.isEnabled():
            return
        self.checker.look_at(self.document(), self._train_rows())
        self.checker.check_now()
        blocking = [stop for stop in self._stops if not stop.warn]
        if blocking:
            self.summary.say(f"Not started. {blocking[0].words}: {blocking[0].sentence}")
            self.jump(blocking[0])
            return
        self.summary.set_pending(True)
        self.summary.say("")
        self.draft.start(finished(self.document()), self._started, self._not_started)

    def jump(self, stop: Stop) -> None:
        """Go to a field."""
        stop.reveal()
        self._scroll.ensureWidgetVisible(stop.widget, 32, 64)
        stop.widget.setFocus()

    def discard(self) -> None:
        """Delete the draft, with a way back."""
        document = self.document()
        self.draft.discard()
        self._ctx.session.put(UNSAVED, {})
        self._begin("", {})
        self._ctx.toasts.say("The draft is discarded.", "info", [("Undo", lambda: self.open(document))])

    def take_preset(self, preset: Mapping[str, Any]) -> None:
        """Take a preset's settings, with a way back."""
        before = self.document()
        self._show(with_preset(before, preset["spec"]))
        self.presets.tell(dict(preset))
        self._edited()
        if not self._was_pristine(before):
            undo = ("Undo", lambda: self._put_back(before))
            self._ctx.toasts.say(f"{preset['name']} has replaced the settings; data are as they were.", "ok", [undo])

    # --- inside

    def _begin(self, draft_id: str, document: Mapping[str, Any]) -> None:
        self.draft.become(draft_id)
        self._from_service = []
        self.notes.hide()
        self.presets.forget()
        self.summary.set_pending(False)
        self._show(opened(document))
        self._scroll.ensureVisible(0, 0)

    def _show(self, document: Document) -> None:
        self.sections.set_document(document)
        self._pristine = True
        self._look()

    def _put_back(self, document: Document) -> None:
        self._show(opened(document))
        self._edited()

    def _was_pristine(self, document: Document) -> bool:
        return {name: value for name, value in opened(document).items() if name != "data"} == opened({})

    def _open_draft(self, shown: dict[str, Any]) -> None:
        is_draft = shown["state"] == JobState.DRAFT
        self._begin(shown["job_id"] if is_draft else "", shown["spec"])
        self._from_service = problems_of(shown.get("problems") or ())
        self._pristine = False
        if is_draft:
            self._take_unsaved(shown["job_id"])
        else:
            self._ctx.toasts.say("That job was started: this is a new draft with its settings.", "info")
            self._edited()

    def _take_unsaved(self, draft_id: str) -> None:
        """Go on with what was typed when the window went before the service had it."""
        kept: dict[str, Any] = self._ctx.session.get(UNSAVED, {})
        if kept.get("draft_id") == draft_id and isinstance(kept.get("document"), dict):
            self._show(opened(kept["document"]))
            self._edited()

    def _no_draft(self, error: VestimError) -> None:
        self._ctx.session.put(DRAFT, "")
        if error.code is not ErrorCode.NOT_FOUND:
            self._ctx.toasts.say_error(error)

    def _edited(self) -> None:
        self._pristine = False
        self._from_service = []
        document = self.document()
        self._ctx.session.put(UNSAVED, {"draft_id": self.draft.job_id, "document": document})
        self.draft.keep(document)
        self._look()

    def _look(self) -> None:
        self.checker.look_at(self.document(), self._train_rows())

    def _train_rows(self) -> int | None:
        """Rows of the training files on the even grid that they are put on."""
        span_s = self.sections.data.train_duration_s()
        return None if span_s is None else max(1, round(span_s / self._period_s))

    def _show_found(self, found: dict[str, Any]) -> None:
        self._found = found
        self._look_at_columns()
        self._tell()

    def _tell(self) -> None:
        found = self._found or {}
        total = found.get("trials") or 0
        self.sections.set_total(total)
        problems = problems_of(found.get("problems") or ()) or self._from_service
        self._stops = self.sections.show_problems(problems)
        self._stops.sort(key=lambda stop: stop.warn)
        self.summary.show_estimate(found, self._data_words())
        self.summary.show_stops(self._stops)
        self.summary.discard_button.setVisible(bool(self.draft.job_id))

    def _look_at_columns(self) -> None:
        """Which columns the files must have, for settings that can be read."""
        try:
            spec = JobSpec.model_validate({**self.document(), "data": SOME_DATA})
        except ValueError:
            return
        steps = spec.preparation.choices[0]
        self._period_s = next((step.period_s for step in steps if isinstance(step, Resample)), 1.0)
        self.sections.data.set_needed(needed_columns(steps, spec.signals.choices[0]))

    def _data_words(self) -> str:
        rows = self.sections.data.rows
        span_s = self.sections.data.train_duration_s()
        if not rows:
            return ""
        return several(len(rows), "file") + (f", {duration(span_s)} to train on" if span_s else "")

    def _files_changed(self) -> None:
        found = self.sections.data.columns_found()
        known = self.sections.columns.stringList()
        if found and not set(found) <= set(known):
            self.sections.columns.setStringList(sorted({*known, *found}))
        self._look()

    def _service_problems(self, problems: list[dict[str, Any]]) -> None:
        self._from_service = problems_of(problems)
        self._tell()

    def _started(self, job_id: str) -> None:
        self._ctx.session.put(UNSAVED, {})
        self.summary.set_pending(False)
        self._begin("", {})
        self._ctx.navigate.open_job.emit(job_id, "overview")

    def _not_started(self, error: VestimError) -> None:
        self.summary.set_pending(False)
        self._from_service = problems_of(error.problems)
        self._tell()
        self.summary.say(f"Not started: {error.sentence}")
        if self._stops:
            self.jump(self._stops[0])

    def _lost(self, error: VestimError) -> None:
        """Somebody started or deleted the draft elsewhere: what stands here becomes a draft of its own."""
        job_id, document = self.draft.job_id, self.document()
        self.draft.become("")
        self.draft.keep(document)
        actions = [("Open that job", lambda: self._ctx.navigate.open_job.emit(job_id, ""))]
        there = error.code is ErrorCode.REFUSED
        self._ctx.toasts.say(
            f"{'This draft was started elsewhere' if there else 'This draft was deleted elsewhere'}: what you typed is "
            f"kept as a new draft.",
            "warn",
            actions if there else [],
        )

    # --- building

    def _connect(self) -> None:
        ctx = self._ctx
        self.sections.changed.connect(self._edited)
        self.sections.data.reader.changed.connect(self._files_changed)
        self.checker.found.connect(self._show_found)
        self.draft.problems.connect(self._service_problems)
        self.draft.said.connect(self.summary.tell_saved)
        self.draft.named.connect(lambda job_id: ctx.session.put(DRAFT, job_id))
        self.draft.lost.connect(self._lost)
        self.draft.stored.connect(lambda: ctx.session.put(UNSAVED, {}))
        self.summary.start.connect(self.start)
        self.summary.jump.connect(self.jump)
        self.summary.discard.connect(self.discard)
        self.presets.chosen.connect(self.take_preset)
        ctx.actions.on("new.start", self.start, self)
        ctx.actions.on("new.save_file", self.save_file, self)
        ctx.actions.attach(Where.NEW_JOB, self)
        ctx.link.call(
            "list_presets", {}, lambda answer: self.presets.offer(answer["presets"]), lambda _: None, owner=self
        )

    def _lay_out(self) -> None:
        header = PageHeader("New job")
        header.add(button("Open a job file...", "plain", self._ctx.actions.action("job.open_file").trigger))
        header.add(button("Save as a job file...", "plain", self.save_file))
        name = QFrame()
        name.setProperty("kind", "card")
        inside = QVBoxLayout(name)
        inside.setContentsMargins(16, 8, 16, 8)
        inside.addWidget(self.sections.parts["name"])
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        for widget in (self.presets, self.notes, name, self.sections):
            column.addWidget(widget)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(body)
        self._side = QScrollArea()
        self._side.setWidgetResizable(True)
        self._side.setFrameShape(QFrame.Shape.NoFrame)
        self._side.setWidget(self.summary)
        self._both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._both.setSpacing(8)
        self._both.addWidget(self._scroll, 1)
        self._both.addWidget(self._side)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addWidget(header)
        layout.addLayout(self._both, 1)
        self._side.setFixedWidth(SUMMARY_PX)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        stacked = self.width() < STACKED_PX
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._both.setDirection(down if stacked else across)
        self._side.setMinimumWidth(0 if stacked else SUMMARY_PX)
        self._side.setMaximumWidth(16_777_215 if stacked else SUMMARY_PX)
        self.summary.set_compact(stacked)
        height = self.summary.sizeHint().height() + 4
        self._side.setMaximumHeight(min(height, self.height() // 3) if stacked else 16_777_215)
        narrow = self.width() - (0 if stacked else SUMMARY_PX) < NARROW_PX
        self.sections.set_narrow(narrow)

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self.draft.flush()
