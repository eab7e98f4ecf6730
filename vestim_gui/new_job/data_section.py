"""The data section of a job: files by role, findings in them, columns and repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vestim_gui.context import Context
from vestim_gui.display_numbers import format_quantity
from vestim_gui.new_job.columns_dialog import ColumnsDialog
from vestim_gui.new_job.data_inspection import DataInspection
from vestim_gui.new_job.field_values import MISSING, Missing
from vestim_gui.new_job.file_preview import FilePreview
from vestim_gui.new_job.files_model import FilesModel
from vestim_gui.new_job.files_table import FilesTable
from vestim_gui.new_job.findings_panel import FindingsPanel
from vestim_gui.new_job.form_problems import FormProblem, Problem
from vestim_gui.new_job.job_data_files import (
    ROLE_TITLES,
    DataEntry,
    FileRow,
    file_rows,
    find_repair,
    guess_role,
    is_shared_content,
    list_entries,
    paths_by_role,
    remembered_columns,
    with_role,
    without_file,
)
from vestim_gui.new_job.job_document import JOB_FIELDS, ROLES
from vestim_gui.new_job.section_form import SectionForm
from vestim_gui.shell.dropped_paths import sort_paths
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.flow_layout import FlowLayout
from vestim_gui.widgets.plain_label import button, plain_label
from vestim_gui.widgets.progress_line import ProgressLine

FILE_FILTER = "Data (*.csv *.txt *.tsv *.mat *.xlsx *.xls *.ods *.parquet *.h5 *.hdf5 *.nda *.ndax)"
HINT_TEXT = (
    "Drop files or folders here, or add them. Training files are learned from, validation files choose the best "
    "weights, test files are held out for the final figures."
)
DATA_SCHEMA = JOB_FIELDS["data"]


class DataSection(QWidget):
    """Table of files with buttons, findings, preview and the other fields of the section.

    changed: the user changed the section.
    """

    changed = pyqtSignal()

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._entries: list[DataEntry] = []
        self._invalid_roles: dict[str, Any] = {}
        self._required_columns: tuple[str, ...] = ()
        self.rows: list[FileRow] = []
        self._data_set_names = QStringListModel(self)
        self.inspection = DataInspection(ctx.link, self)
        self.model = FilesModel(ctx.theme, self)
        self.table = FilesTable(self.model)
        self.add_buttons = {role: self._add_button(role) for role in ROLES}
        self.role_button = QPushButton("Role")
        self.remove_button = button("Remove", "plain", self.remove_selected)
        self.columns_button = button("Columns...", "plain", self.open_columns_dialog)
        self.progress = ProgressLine()
        self.cancel_button = button("Cancel", "link", self.inspection.cancel)
        self.note = plain_label("", "error", wrap=True)
        self.hint = plain_label(HINT_TEXT, "muted", wrap=True)
        self.findings = FindingsPanel()
        self.preview = FilePreview(ctx)
        self.form = SectionForm(DATA_SCHEMA, self._data_set_names, basic=(), excluded=ROLES)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self._update_table()

    # --- document

    def value(self) -> Any:
        """The data section of the document."""
        other_settings = self.form.value()
        if not isinstance(other_settings, dict | Missing):
            return other_settings
        return {
            **paths_by_role(self._entries),
            **self._invalid_roles,
            **(other_settings if isinstance(other_settings, dict) else {}),
        }

    def set_value(self, value: Any) -> None:
        """Show a data section."""
        self.form.set_value(value)
        section = value if isinstance(value, Mapping) else {}
        self._entries = list_entries(section)
        lists_by_role = {role: section[role] for role in ROLES if role in section}
        self._invalid_roles = {role: paths for role, paths in lists_by_role.items() if not _is_paths(paths)}
        self._inspect()

    def set_required_columns(self, columns: Sequence[str]) -> None:
        """Set the columns that every file must have."""
        if tuple(columns) != self._required_columns:
            self._required_columns = tuple(columns)
            self._update_table()

    def add(self, paths: Sequence[str], role: str = "") -> None:
        """Add files or folders to a role; without a role, their names decide."""
        if not isinstance(self.value(), dict):  # the document had no valid data section
            self.form.set_value(MISSING)
        known_paths = {entry.path for entry in self._entries}
        self._entries += [DataEntry(path, role or guess_role(path)) for path in paths if path not in known_paths]
        if role:
            self._invalid_roles.pop(role, None)
        self._apply_edit()

    def add_repairs(self, repairs: Sequence[dict[str, Any]]) -> None:
        """Add entries to `data.repairs`."""
        kept_repairs = [repair for repair in self._repairs() if repair not in repairs]
        self._set_form_value("repairs", [*kept_repairs, *repairs])

    def remove_repairs(self, repairs: Sequence[dict[str, Any]]) -> None:
        """Remove entries from `data.repairs`."""
        self._set_form_value("repairs", [repair for repair in self._repairs() if repair not in repairs])

    def show_problems(self, problems: list[Problem]) -> list[FormProblem]:
        """Show problems of the roles above the table, others at their fields."""
        role_problems = [problem for problem in problems if problem.path and problem.path[0] in ROLES]
        general = [problem for problem in problems if not problem.path]
        field_problems = [problem for problem in problems if problem not in role_problems and problem not in general]
        form_problems = []
        for problem in [*role_problems, *general]:
            role = str(problem.path[0]) if problem.path else "train"
            label = f"{ROLE_TITLES[role]} files" if problem.path else "Data"
            form_problems.append(FormProblem(self.add_buttons[role], label, problem.message))
        self.note.setText("\n".join(_labeled_message(form_problem) for form_problem in form_problems))
        set_kind(self.note, "error" if any(form_problem.tone == "error" for form_problem in form_problems) else "muted")
        self.note.setVisible(bool(form_problems))
        return [*form_problems, *self.form.show_problems(field_problems), *self._file_problems()]

    # --- appearance

    def set_narrow(self, narrow: bool) -> None:
        """Place the plot below the findings, or beside them."""
        self.form.set_narrow(narrow)
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._details.setDirection(direction)
        self.table.set_narrow(narrow)

    def set_trial_count(self, trial_count: int) -> None:
        """Do nothing: data do not multiply trials."""

    def common_columns(self) -> list[str]:
        """Quantities that every readable file has."""
        column_sets = [set(row.columns) for row in self.rows if row.columns]
        return sorted(set.intersection(*column_sets)) if column_sets else []

    def train_rows(self) -> int | None:
        """Rows of the training files before resampling; None while unknown."""
        rows = [row.rows for row in self.rows if row.entry.role == "train"]
        return None if not rows or None in rows else sum(count or 0 for count in rows)

    def train_duration_s(self) -> float | None:
        """Total duration of the training files in s; None while unknown."""
        spans = [row.duration_s for row in self.rows if row.entry.role == "train"]
        return None if not spans or None in spans else sum(span or 0.0 for span in spans)

    def close_section(self) -> None:
        """Cancel all requests."""
        self.inspection.cancel()
        self.preview.forget()

    # --- user actions

    def remove_selected(self) -> None:
        """Remove the selected files from the job."""
        for row in self.table.selected():
            self._entries = without_file(self._entries, row, self.rows)
        self._apply_edit()

    def set_role(self, role: str) -> None:
        """Set the role of the selected files."""
        for row in self.table.selected():
            self._entries = with_role(self._entries, row, self.rows, role)
        self._apply_edit()

    def open_columns_dialog(self, row: FileRow | None = None) -> None:
        """Let the user assign the columns of a file (by default the selected one)."""
        file_row = row or next(iter(self.table.selected()), None)
        if file_row is None or not file_row.headers:
            return
        dialog = ColumnsDialog(file_row, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.columns_chosen.connect(lambda columns: self._use_columns(file_row, columns))
        dialog.file_skipped.connect(lambda: self._remove_file(file_row))
        dialog.open()

    def choose_files(self, role: str) -> None:
        """Let the user choose files for a role."""
        settings = self._ctx.settings
        title = f"{ROLE_TITLES[role]} files"
        paths, _ = QFileDialog.getOpenFileNames(self, title, settings.folder("data"), f"{FILE_FILTER};;All files (*)")
        if paths:
            settings.remember_folder("data", paths[0])
            self.add(paths, role)

    def choose_folder(self, role: str) -> None:
        """Let the user choose a folder for a role."""
        settings = self._ctx.settings
        path = QFileDialog.getExistingDirectory(self, f"Folder of {role} files", settings.folder("data"))
        if path:
            settings.remember_folder("data", path)
            self.add([path], role)

    # --- internals

    def _apply_edit(self) -> None:
        self._inspect()
        self.changed.emit()

    def _inspect(self) -> None:
        self.inspection.inspect(self._entries, self._column_names())
        self._update_table()

    def _column_names(self) -> dict[str, str]:
        other_settings = self.form.value()
        columns = other_settings.get("columns") if isinstance(other_settings, dict) else None
        return dict(columns) if isinstance(columns, dict) else {}

    def _repairs(self) -> list[Any]:
        other_settings = self.form.value()
        repairs = other_settings.get("repairs") if isinstance(other_settings, dict) else None
        return list(repairs) if isinstance(repairs, list) else []

    def _set_form_value(self, name: str, value: Any) -> None:
        other_settings = self.form.value()
        self.form.set_value({**(other_settings if isinstance(other_settings, dict) else {}), name: value})
        self._apply_edit()

    def _use_columns(self, row: FileRow, columns: dict[str, str]) -> None:
        conflicts = {name: self._column_names()[name] for name in columns if name in self._column_names()}
        other_names = [
            other_row.name
            for other_row in self.rows
            for name, header in conflicts.items()
            if other_row.path != row.path and header in other_row.headers and columns[name] not in other_row.headers
        ]
        if other_names:
            self._ctx.toasts.show_toast(
                f'"{other_names[0]}" has another name for it, and a job has one name for each column: rename the '
                f"column in one of the files, or leave one out.",
                "warn",
            )
            return
        document_columns = self._column_names()
        file_columns = {
            **{name: header for name, header in document_columns.items() if header in row.headers},
            **columns,
        }
        self._ctx.link.call("map_columns", {"header": list(row.headers), "columns": file_columns}, owner=self)
        self._set_form_value("columns", {**document_columns, **columns})

    def _apply_remembered_columns(self) -> None:
        """Write remembered columns into the document, so that the training uses them too."""
        document_columns = self._column_names()
        remembered: dict[str, str] = {}
        for row in self.rows:
            record = self.inspection.facts.header_records.get(row.path, {})
            remembered.update(remembered_columns(row, record, {**remembered, **document_columns}))
        if remembered:
            self._set_form_value("columns", {**document_columns, **remembered})

    def _remove_file(self, row: FileRow) -> None:
        self._entries = without_file(self._entries, row, self.rows)
        self._apply_edit()

    def _take_facts(self) -> None:
        self._update_table()
        self._apply_remembered_columns()

    def _update_table(self) -> None:
        selected_paths = {row.path for row in self.table.selected()}
        self.rows = file_rows(self._entries, self.inspection.facts, self._required_columns)
        self.model.show_rows(self.rows)
        self.table.select_files(selected_paths)
        self.table.fit_height()
        self._show_selection()

    def _show_selection(self) -> None:
        selected = self.table.selected()
        for widget in (self.role_button, self.remove_button, self.columns_button):
            widget.setVisible(bool(self.rows))
            widget.setEnabled(bool(selected))
        self.columns_button.setEnabled(len(selected) == 1 and bool(selected[0].headers))
        self.findings.show_files(selected or self.rows, self.rows, self._repairs())
        self.preview.setVisible(bool(self.rows))
        if len(selected) == 1 and selected[0].state in ("seen", "checked") and not selected[0].missing:
            row = selected[0]
            repairs = [repair["repair"] for repair in self._repairs() if _is_repair_of(repair, row)]
            self.preview.show_file(
                row, self._column_names(), [repair for repair in repairs if repair.get("kind") != "accept"]
            )
        elif not selected:
            self.preview.forget()

    def _show_rows(self, row: FileRow, finding: Any) -> None:
        self.table.select_file(row.path)
        self.preview.show_rows(finding)

    def _file_problems(self) -> list[FormProblem]:
        """Problems of files that block a start, and the number of open warnings."""
        form_problems, warning_count = [], 0
        for row in self.rows:
            if row.error:
                form_problems.append(self._file_problem(row, row.error))
            elif row.missing:
                form_problems.append(self._file_problem(row, f"columns are missing: {', '.join(row.missing)}."))
            for finding in row.findings:
                is_shown_at_other_file = row.entry.role == "train" and is_shared_content(finding)
                is_unresolved_error = finding["severity"] == "error" and not row.error and not is_shown_at_other_file
                if is_unresolved_error and find_repair(row, finding, self._repairs()) is None:
                    form_problems.append(self._file_problem(row, str(finding["message"])))
                warning_count += finding["severity"] == "warning" and find_repair(row, finding, self._repairs()) is None
        if warning_count:
            form_problems.append(
                FormProblem(
                    self.table, "Files", f"{format_quantity(warning_count, 'warning')} to look at.", is_warning=True
                )
            )
        return form_problems

    def _file_problem(self, row: FileRow, message: str) -> FormProblem:
        return FormProblem(self.table, row.name, message, reveal=partial(self.table.select_file, row.path))

    def _show_progress(self, text: str, fraction: float | None) -> None:
        self.progress.setVisible(bool(text))
        self.cancel_button.setVisible(bool(text))
        if text:
            self.progress.show_progress(fraction, text)

    def _show_error(self, message: str) -> None:
        self._ctx.toasts.show_toast(message, "error", [("Try again", self.inspection.restart)])

    # --- building

    def _add_button(self, role: str) -> QPushButton:
        push_button = QPushButton(f"Add {ROLE_TITLES[role].lower()} files")
        menu = QMenu(push_button)
        if (files := menu.addAction("Files...")) is not None:
            files.triggered.connect(lambda: self.choose_files(role))
        if (folder := menu.addAction("A folder...")) is not None:
            folder.triggered.connect(lambda: self.choose_folder(role))
        push_button.setMenu(menu)
        return push_button

    def _lay_out(self) -> None:
        roles = QMenu(self.role_button)
        for role, title in ROLE_TITLES.items():
            if (action := roles.addAction(title)) is not None:
                action.triggered.connect(lambda _=False, role=role: self.set_role(role))
        self.role_button.setMenu(roles)
        for push_button in (*self.add_buttons.values(), self.role_button):
            set_kind(push_button, "plain")
        tools = FlowLayout()
        for push_button in (*self.add_buttons.values(), self.role_button, self.columns_button, self.remove_button):
            tools.addWidget(push_button)
        progress_row = QHBoxLayout()
        progress_row.setSpacing(8)
        progress_row.addWidget(self.progress, 1)
        progress_row.addWidget(self.cancel_button)
        self._details = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._details.setSpacing(16)
        self._details.addWidget(self.findings, 3)
        self._details.addWidget(self.preview, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.hint)
        layout.addLayout(tools)
        layout.addWidget(self.note)
        layout.addWidget(self.table)
        layout.addLayout(progress_row)
        layout.addLayout(self._details)
        layout.addWidget(self.form)
        for widget in (self.note, self.progress, self.cancel_button):
            widget.hide()

    def _connect(self) -> None:
        self.form.changed.connect(self._apply_edit)
        self.inspection.changed.connect(self._take_facts)
        self.inspection.progress_changed.connect(self._show_progress)
        self.inspection.failed.connect(self._show_error)
        self.table.selection_changed.connect(self._show_selection)
        self.table.remove_requested.connect(self.remove_selected)
        self.findings.repairs_requested.connect(self.add_repairs)
        self.findings.repairs_removed.connect(self.remove_repairs)
        self.findings.removal_requested.connect(self._remove_file)
        self.findings.rows_requested.connect(self._show_rows)
        self.findings.columns_requested.connect(self.open_columns_dialog)
        self._ctx.link.call("list_data_sets", {}, self._show_data_sets, lambda _: None, owner=self)

    def _show_data_sets(self, reply: dict[str, Any]) -> None:
        self._data_set_names.setStringList([str(data_set["name"]) for data_set in reply["data_sets"]])

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        mime = event.mimeData() if event is not None else None
        if event is not None and mime is not None and any(url.isLocalFile() for url in mime.urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        mime = event.mimeData() if event is not None else None
        if event is None or mime is None:
            return
        dropped = sort_paths(url.toLocalFile() for url in mime.urls() if url.isLocalFile())
        if dropped.data:
            event.acceptProposedAction()
            self.add(dropped.data)
        else:  # the window handles job files
            event.ignore()


def _is_paths(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(path, str) for path in value))


def _is_repair_of(repair: Any, row: FileRow) -> bool:
    return isinstance(repair, dict) and repair.get("file") in (row.path, row.name) and "repair" in repair


def _labeled_message(form_problem: FormProblem) -> str:
    return f"{form_problem.label}: {form_problem.message}"
