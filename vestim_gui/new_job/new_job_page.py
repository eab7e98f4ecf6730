"""NewJobPage: one page from files to a started job. Edits are checked at once and saved by the daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtGui import QHideEvent, QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QFileDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import JobSpec
from vestim_core.spec.preparation import Resample
from vestim_core.spec.schema_upgrade import upgrade_draft
from vestim_core.spec.states import JobState
from vestim_gui.actions import ShortcutScope
from vestim_gui.context import Context
from vestim_gui.display_numbers import format_duration, format_quantity
from vestim_gui.new_job.checker import Checker
from vestim_gui.new_job.form_problems import FormProblem, Problem, parse_problems
from vestim_gui.new_job.job_data_files import required_columns
from vestim_gui.new_job.job_document import Document, apply_preset, expand_document, finish_document
from vestim_gui.new_job.job_draft import Draft
from vestim_gui.new_job.job_files import has_job_sections, read_job_file, write_job_file
from vestim_gui.new_job.notes_card import NotesCard
from vestim_gui.new_job.preset_bar import PresetBar
from vestim_gui.new_job.sections import Sections
from vestim_gui.new_job.summary_card import SummaryCard
from vestim_gui.widgets.page_header import PageHeader
from vestim_gui.widgets.plain_label import button

DRAFT_KEY = "new_job.draft"
"""Session key: id of the draft on the page."""
UNSAVED_KEY = "new_job.unsaved"
"""Session key: id and document of a draft not saved by the daemon yet; empty once saved."""
SUMMARY_PX = 296  # width of the summary beside the form
NARROW_PX = 720  # form width below which notes are placed below their fields
STACKED_PX = 860  # page width below which the summary is placed below the form
PLACEHOLDER_DATA = {"train": ["train"], "validation": ["validation"]}


class NewJobPage(QWidget):
    """The page and its draft. `open` shows a document, a draft, or an empty form."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._estimate: dict[str, Any] | None = None
        self._daemon_problems: list[Problem] = []
        self._problems: list[FormProblem] = []
        self._is_pristine = True
        self._period_s = 1.0
        self.sections = Sections(ctx)
        self.presets = PresetBar()
        self.notes = NotesCard()
        self.summary = SummaryCard()
        self.draft = Draft(ctx.link, self)
        self.checker = Checker(ctx.link, self)
        self._lay_out()
        self._connect()
        self._show(expand_document({}))

    # --- opening

    def open(self, document: Mapping[str, Any] | None = None, draft_id: str = "") -> None:
        """Show a draft, or a document that becomes one; without either, an empty form."""
        if draft_id and draft_id == self.draft.job_id:
            return
        if draft_id:
            params = {"job_id": draft_id, "tasks_limit": 0}
            self._ctx.link.call("show_job", params, self._open_draft, self._forget_draft, owner=self)
            return
        if document is None:
            if not self._is_pristine:
                self._reset("", {})
            self._restore_unsaved("")
            return
        self._reset("", document)
        if document:
            self._apply_edit()

    def open_file(self, path: str) -> None:
        """Open a job file or a PyBattML hyperparameter file."""
        try:
            document = read_job_file(path)
        except VestimError as error:
            self._ctx.toasts.show_error(error)
            return
        if has_job_sections(document):
            self.open(document)
            self._report_renamed_settings(path, upgrade_draft(document).notes)
            return

        def take_hyperparameters(reply: dict[str, Any]) -> None:
            self.open(reply["sections"])
            self.notes.show_notes(path, reply["notes"])

        self._ctx.link.call("read_hyperparameters", {"document": document}, take_hyperparameters, owner=self)

    def close_page(self) -> None:
        """Save the draft and cancel all requests."""
        self.draft.flush()
        self.checker.stop()
        self.sections.data.close_section()

    def document(self) -> Document:
        """The document as edited."""
        return self.sections.document()

    # --- leaving

    def save_file(self) -> None:
        """Let the user choose a file and write the settings to it as a job file."""
        settings = self._ctx.settings
        path, _ = QFileDialog.getSaveFileName(
            self, "Save as a job file", settings.folder("job_file"), "Job files (*.toml *.json)"
        )
        if path:
            settings.remember_folder("job_file", path)
            self.write_file(path)

    def write_file(self, path: str) -> None:
        """Write the settings as a job file."""
        try:
            file_path = write_job_file(path, self.document())
        except VestimError as error:
            self._ctx.toasts.show_error(error)
            return
        self._ctx.toasts.show_toast(f"Saved as {file_path}.", "ok")

    def start(self) -> None:
        """Start the job, or show what prevents it and go there."""
        if not self.summary.start_button.isEnabled():
            return
        self.checker.schedule_check(self.document(), self._train_rows())
        self.checker.check_now()
        blocking = [form_problem for form_problem in self._problems if not form_problem.is_warning]
        if blocking:
            self.summary.show_message(f"Not started. {blocking[0].label}: {blocking[0].message}")
            self.go_to_problem(blocking[0])
            return
        self.summary.set_pending(True)
        self.summary.show_message("")
        self.draft.start(finish_document(self.document()), self._open_started_job, self._show_start_error)

    def go_to_problem(self, form_problem: FormProblem) -> None:
        """Scroll to a field and focus it."""
        form_problem.reveal()
        self._form_area.ensureWidgetVisible(form_problem.widget, 32, 64)
        form_problem.widget.setFocus()

    def discard(self) -> None:
        """Delete the draft, with undo."""
        document = self.document()
        self.draft.discard()
        self._ctx.session.put(UNSAVED_KEY, {})
        self._reset("", {})
        self._ctx.toasts.show_toast("The draft is discarded.", "info", [("Undo", lambda: self.open(document))])

    def apply_preset(self, preset: Mapping[str, Any]) -> None:
        """Apply a preset's settings, with undo."""
        previous = self.document()
        self._show(apply_preset(previous, preset["spec"]))
        self.presets.show_description(dict(preset))
        self._apply_edit()
        if not self._is_default(previous):
            undo = ("Undo", lambda: self._restore(previous))
            self._ctx.toasts.show_toast(
                f"{preset['name']} has replaced the settings; data are as they were.", "ok", [undo]
            )

    # --- internals

    def _report_renamed_settings(self, path: str, notes: Sequence[str]) -> None:
        """Tell the user which settings of a job file of an earlier version have other names now."""
        if notes:
            self._ctx.toasts.show_toast(f"{Path(path).name} is of an earlier version: {'; '.join(notes)}.", "info")

    def _reset(self, draft_id: str, document: Mapping[str, Any]) -> None:
        self.draft.switch_to(draft_id)
        self._daemon_problems = []
        self.notes.hide()
        self.presets.clear()
        self.summary.set_pending(False)
        self._show(expand_document(document))
        self._form_area.ensureVisible(0, 0)

    def _show(self, document: Document) -> None:
        self.sections.set_document(document)
        self._is_pristine = True
        self._schedule_check()

    def _restore(self, document: Document) -> None:
        self._show(expand_document(document))
        self._apply_edit()

    def _is_default(self, document: Document) -> bool:
        settings = {name: value for name, value in expand_document(document).items() if name != "data"}
        return settings == expand_document({})

    def _open_draft(self, job: dict[str, Any]) -> None:
        is_draft = job["state"] == JobState.DRAFT
        self._reset(job["job_id"] if is_draft else "", job["spec"])
        self._daemon_problems = parse_problems(job.get("problems") or ())
        self._is_pristine = False
        if is_draft:
            self._restore_unsaved(job["job_id"])
        else:
            self._ctx.toasts.show_toast("That job was started: this is a new draft with its settings.", "info")
            self._apply_edit()

    def _restore_unsaved(self, draft_id: str) -> None:
        """Restore changes that were not saved when the window closed."""
        unsaved: dict[str, Any] = self._ctx.session.get(UNSAVED_KEY, {})
        if unsaved.get("draft_id") == draft_id and isinstance(unsaved.get("document"), dict):
            self._show(expand_document(unsaved["document"]))
            self._apply_edit()

    def _forget_draft(self, error: VestimError) -> None:
        self._ctx.session.put(DRAFT_KEY, "")
        if error.code is not ErrorCode.NOT_FOUND:
            self._ctx.toasts.show_error(error)

    def _apply_edit(self) -> None:
        self._is_pristine = False
        self._daemon_problems = []
        document = self.document()
        self._ctx.session.put(UNSAVED_KEY, {"draft_id": self.draft.job_id, "document": document})
        self.draft.save_later(document)
        self._schedule_check()

    def _schedule_check(self) -> None:
        self.checker.schedule_check(self.document(), self._train_rows())

    def _train_rows(self) -> int | None:
        """Rows of the training files after resampling."""
        duration_s = self.sections.data.train_duration_s()
        return None if duration_s is None else max(1, round(duration_s / self._period_s))

    def _take_estimate(self, estimate: dict[str, Any]) -> None:
        self._estimate = estimate
        self._update_required_columns()
        self._show_results()

    def _show_results(self) -> None:
        estimate = self._estimate or {}
        trial_count = estimate.get("trials") or 0
        self.sections.set_trial_count(trial_count)
        problems = parse_problems(estimate.get("problems") or ()) or self._daemon_problems
        self._problems = self.sections.show_problems(problems)
        self._problems.sort(key=lambda form_problem: form_problem.is_warning)
        self.summary.show_estimate(estimate, self._data_text())
        self.summary.show_problems(self._problems)
        self.summary.discard_button.setVisible(bool(self.draft.job_id))

    def _update_required_columns(self) -> None:
        """Update the columns that files must have, if the settings are valid."""
        try:
            spec = JobSpec.model_validate({**self.document(), "data": PLACEHOLDER_DATA})
        except ValueError:
            return
        steps = spec.preparation.choices[0]
        self._period_s = next((step.period_s for step in steps if isinstance(step, Resample)), 1.0)
        self.sections.data.set_required_columns(required_columns(steps, spec.signals.choices[0]))

    def _data_text(self) -> str:
        rows = self.sections.data.rows
        duration_s = self.sections.data.train_duration_s()
        if not rows:
            return ""
        return format_quantity(len(rows), "file") + (
            f", {format_duration(duration_s)} to train on" if duration_s else ""
        )

    def _take_files(self) -> None:
        common_columns = self.sections.data.common_columns()
        column_names = self.sections.columns.stringList()
        if common_columns and not set(common_columns) <= set(column_names):
            self.sections.columns.setStringList(sorted({*column_names, *common_columns}))
        self._schedule_check()

    def _take_daemon_problems(self, problems: list[dict[str, Any]]) -> None:
        self._daemon_problems = parse_problems(problems)
        self._show_results()

    def _open_started_job(self, job_id: str) -> None:
        self._ctx.session.put(UNSAVED_KEY, {})
        self.summary.set_pending(False)
        self._reset("", {})
        self._ctx.navigate.open_job.emit(job_id, "overview")

    def _show_start_error(self, error: VestimError) -> None:
        self.summary.set_pending(False)
        self._daemon_problems = parse_problems(error.problems)
        self._show_results()
        self.summary.show_message(f"Not started: {error.message}")
        if self._problems:
            self.go_to_problem(self._problems[0])

    def _continue_as_new_draft(self, error: VestimError) -> None:
        """Continue as a new draft after the old one was started or deleted elsewhere."""
        job_id, document = self.draft.job_id, self.document()
        self.draft.switch_to("")
        self.draft.save_later(document)
        actions = [("Open that job", lambda: self._ctx.navigate.open_job.emit(job_id, ""))]
        was_started = error.code is ErrorCode.REFUSED
        event = "started" if was_started else "deleted"
        self._ctx.toasts.show_toast(
            f"This draft was {event} elsewhere: what you typed is kept as a new draft.",
            "warn",
            actions if was_started else [],
        )

    # --- building

    def _connect(self) -> None:
        ctx = self._ctx
        self.sections.changed.connect(self._apply_edit)
        self.sections.data.inspection.changed.connect(self._take_files)
        self.checker.estimated.connect(self._take_estimate)
        self.draft.problems.connect(self._take_daemon_problems)
        self.draft.status_changed.connect(self.summary.show_save_status)
        self.draft.job_id_changed.connect(lambda job_id: ctx.session.put(DRAFT_KEY, job_id))
        self.draft.lost.connect(self._continue_as_new_draft)
        self.draft.stored.connect(lambda: ctx.session.put(UNSAVED_KEY, {}))
        self.summary.start_requested.connect(self.start)
        self.summary.problem_chosen.connect(self.go_to_problem)
        self.summary.discard_requested.connect(self.discard)
        self.presets.preset_chosen.connect(self.apply_preset)
        ctx.actions.add_handler("new.start", self.start, self)
        ctx.actions.add_handler("new.save_file", self.save_file, self)
        ctx.actions.attach(ShortcutScope.NEW_JOB, self)
        ctx.link.call(
            "list_presets", {}, lambda reply: self.presets.show_presets(reply["presets"]), lambda _: None, owner=self
        )

    def _lay_out(self) -> None:
        header = PageHeader("New job")
        header.add(button("Open a job file...", "plain", self._ctx.actions.action("job.open_file").trigger))
        header.add(button("Save as a job file...", "plain", self.save_file))
        name = QFrame()
        name.setProperty("kind", "card")
        name_layout = QVBoxLayout(name)
        name_layout.setContentsMargins(16, 8, 16, 8)
        name_layout.addWidget(self.sections.parts["name"])
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        for widget in (self.presets, self.notes, name, self.sections):
            column.addWidget(widget)
        column.addStretch(1)
        self._form_area = QScrollArea()
        self._form_area.setWidgetResizable(True)
        self._form_area.setFrameShape(QFrame.Shape.NoFrame)
        self._form_area.setWidget(body)
        self._summary_area = QScrollArea()
        self._summary_area.setWidgetResizable(True)
        self._summary_area.setFrameShape(QFrame.Shape.NoFrame)
        self._summary_area.setWidget(self.summary)
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._columns.setSpacing(8)
        self._columns.addWidget(self._form_area, 1)
        self._columns.addWidget(self._summary_area)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addWidget(header)
        layout.addLayout(self._columns, 1)
        self._summary_area.setFixedWidth(SUMMARY_PX)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        is_stacked = self.width() < STACKED_PX
        vertical, horizontal = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(vertical if is_stacked else horizontal)
        self._summary_area.setMinimumWidth(0 if is_stacked else SUMMARY_PX)
        self._summary_area.setMaximumWidth(16_777_215 if is_stacked else SUMMARY_PX)
        self.summary.set_compact(is_stacked)
        height = self.summary.sizeHint().height() + 4
        self._summary_area.setMaximumHeight(min(height, self.height() // 3) if is_stacked else 16_777_215)
        is_narrow = self.width() - (0 if is_stacked else SUMMARY_PX) < NARROW_PX
        self.sections.set_narrow(is_narrow)

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self.draft.flush()
