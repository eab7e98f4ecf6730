"""The data of a job: files by role, what was found in them, and how their columns are named and mended."""

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
from vestim_gui.new_job.columns_dialog import ColumnsDialog
from vestim_gui.new_job.data_files import (
    ROLE_TITLES,
    Entry,
    FileRow,
    answered,
    entries_of,
    file_rows,
    guessed_role,
    is_shared,
    new_columns,
    roles_of,
    with_role,
    without_file,
)
from vestim_gui.new_job.data_reader import DataReader
from vestim_gui.new_job.document import FIELDS, ROLES
from vestim_gui.new_job.file_preview import FilePreview
from vestim_gui.new_job.files_model import FilesModel
from vestim_gui.new_job.files_table import FilesTable
from vestim_gui.new_job.findings_panel import FindingsPanel
from vestim_gui.new_job.form import SectionForm
from vestim_gui.new_job.problems import Problem, Stop
from vestim_gui.new_job.values import MISSING, Missing
from vestim_gui.numbers import several
from vestim_gui.shell.drops import sorted_out
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.flow_layout import FlowLayout
from vestim_gui.widgets.plain_label import button, plain_label
from vestim_gui.widgets.progress_line import ProgressLine

READABLE = "Data (*.csv *.txt *.tsv *.mat *.xlsx *.xls *.ods *.parquet *.h5 *.hdf5 *.nda *.ndax)"
HINT = (
    "Drop files or folders here, or add them. Training files are learned from, validation files choose the best "
    "weights, test files are held out for the final figures."
)
DATA = FIELDS["data"]


class DataSection(QWidget):
    """changed: the user changed something."""

    changed = pyqtSignal()

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._entries: list[Entry] = []
        self._odd: dict[str, Any] = {}
        self._needed: tuple[str, ...] = ()
        self.rows: list[FileRow] = []
        self._sets = QStringListModel(self)
        self.reader = DataReader(ctx.link, self)
        self.model = FilesModel(ctx.theme, self)
        self.table = FilesTable(self.model)
        self.add_buttons = {role: self._add_button(role) for role in ROLES}
        self.role_button = QPushButton("Role")
        self.remove = button("Remove", "plain", self.remove_selected)
        self.columns_button = button("Columns...", "plain", self.ask_columns)
        self.progress = ProgressLine()
        self.cancel = button("Cancel", "link", self.reader.cancel)
        self.note = plain_label("", "error", wrap=True)
        self.hint = plain_label(HINT, "muted", wrap=True)
        self.findings = FindingsPanel()
        self.preview = FilePreview(ctx)
        self.form = SectionForm(DATA, self._sets, basic=(), leave_out=ROLES)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self._show()

    # --- the document's side

    def value(self) -> Any:
        """The data section."""
        rest = self.form.value()
        if not isinstance(rest, dict | Missing):
            return rest
        return {**roles_of(self._entries), **self._odd, **(rest if isinstance(rest, dict) else {})}

    def set_value(self, value: Any) -> None:
        """Show a data section."""
        self.form.set_value(value)
        given = value if isinstance(value, Mapping) else {}
        self._entries = entries_of(given)
        named = {role: given[role] for role in ROLES if role in given}
        self._odd = {role: paths for role, paths in named.items() if not _is_paths(paths)}
        self._read()

    def set_needed(self, needed: Sequence[str]) -> None:
        """Hear which columns every file must have."""
        if tuple(needed) != self._needed:
            self._needed = tuple(needed)
            self._show()

    def add(self, paths: Sequence[str], role: str = "") -> None:
        """Add files or folders for a role; without one their names are looked at."""
        if not isinstance(self.value(), dict):  # what stood there was no data section
            self.form.set_value(MISSING)
        known = {entry.path for entry in self._entries}
        self._entries += [Entry(path, role or guessed_role(path)) for path in paths if path not in known]
        if role:
            self._odd.pop(role, None)
        self._edited()

    def add_repairs(self, repairs: Sequence[dict[str, Any]]) -> None:
        """Have files mended whenever they are used."""
        kept = [one for one in self._repairs() if one not in repairs]
        self._set_in_form("repairs", [*kept, *repairs])

    def drop_repairs(self, repairs: Sequence[dict[str, Any]]) -> None:
        """Have them not mended after all."""
        self._set_in_form("repairs", [one for one in self._repairs() if one not in repairs])

    def show_problems(self, problems: list[Problem]) -> list[Stop]:
        """Show problems of the roles under the table, the others at their fields."""
        roles = [problem for problem in problems if problem.path and problem.path[0] in ROLES]
        whole = [problem for problem in problems if not problem.path]
        others = [problem for problem in problems if problem not in roles and problem not in whole]
        stops = []
        for problem in [*roles, *whole]:
            role = str(problem.path[0]) if problem.path else "train"
            words = f"{ROLE_TITLES[role]} files" if problem.path else "Data"
            stops.append(Stop(self.add_buttons[role], words, problem.sentence))
        self.note.setText("\n".join(_with_name(stop) for stop in stops))
        set_kind(self.note, "error" if any(stop.tone == "error" for stop in stops) else "muted")
        self.note.setVisible(bool(stops))
        return [*stops, *self.form.show_problems(others), *self._unusable()]

    # --- the look

    def set_narrow(self, narrow: bool) -> None:
        """Put the plot under the findings, or beside them."""
        self.form.set_narrow(narrow)
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._below.setDirection(direction)
        self.table.set_narrow(narrow)

    def set_total(self, total: int) -> None:
        """Data make no models."""

    def columns_found(self) -> list[str]:
        """Quantities that every readable file has."""
        found = [set(row.columns) for row in self.rows if row.columns]
        return sorted(set.intersection(*found)) if found else []

    def train_rows(self) -> int | None:
        """Rows of the training files as they lie there; None where they are not all known."""
        rows = [row.rows for row in self.rows if row.entry.role == "train"]
        return None if not rows or None in rows else sum(count or 0 for count in rows)

    def train_duration_s(self) -> float | None:
        """How long the training files are together; None where that is not known of all."""
        spans = [row.duration_s for row in self.rows if row.entry.role == "train"]
        return None if not spans or None in spans else sum(span or 0.0 for span in spans)

    def close_section(self) -> None:
        """Ask for nothing any more."""
        self.reader.cancel()
        self.preview.forget()

    # --- what the user does

    def remove_selected(self) -> None:
        """Take the chosen files out of the job."""
        for row in self.table.selected():
            self._entries = without_file(self._entries, row, self.rows)
        self._edited()

    def set_role(self, role: str) -> None:
        """Give the chosen files a role."""
        for row in self.table.selected():
            self._entries = with_role(self._entries, row, self.rows, role)
        self._edited()

    def ask_columns(self, row: FileRow | None = None) -> None:
        """Ask what the columns of a file are; the chosen one without an argument."""
        chosen = row or next(iter(self.table.selected()), None)
        if chosen is None or not chosen.headers:
            return
        dialog = ColumnsDialog(chosen, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(lambda columns: self._use_columns(chosen, columns))
        dialog.skipped.connect(lambda: self._leave_out(chosen))
        dialog.open()

    def choose_files(self, role: str) -> None:
        """Ask for files of a role."""
        settings = self._ctx.settings
        title = f"{ROLE_TITLES[role]} files"
        paths, _ = QFileDialog.getOpenFileNames(self, title, settings.folder("data"), f"{READABLE};;All files (*)")
        if paths:
            settings.keep_folder("data", paths[0])
            self.add(paths, role)

    def choose_folder(self, role: str) -> None:
        """Ask for a folder of files of a role."""
        settings = self._ctx.settings
        path = QFileDialog.getExistingDirectory(self, f"Folder of {role} files", settings.folder("data"))
        if path:
            settings.keep_folder("data", path)
            self.add([path], role)

    # --- inside

    def _edited(self) -> None:
        self._read()
        self.changed.emit()

    def _read(self) -> None:
        self.reader.read(self._entries, self._columns())
        self._show()

    def _columns(self) -> dict[str, str]:
        rest = self.form.value()
        columns = rest.get("columns") if isinstance(rest, dict) else None
        return dict(columns) if isinstance(columns, dict) else {}

    def _repairs(self) -> list[Any]:
        rest = self.form.value()
        repairs = rest.get("repairs") if isinstance(rest, dict) else None
        return list(repairs) if isinstance(repairs, list) else []

    def _set_in_form(self, name: str, value: Any) -> None:
        rest = self.form.value()
        self.form.set_value({**(rest if isinstance(rest, dict) else {}), name: value})
        self._edited()

    def _use_columns(self, row: FileRow, columns: dict[str, str]) -> None:
        clash = {name: self._columns()[name] for name in columns if name in self._columns()}
        others = [
            other.name
            for other in self.rows
            for name, header in clash.items()
            if other.path != row.path and header in other.headers and columns[name] not in other.headers
        ]
        if others:
            self._ctx.toasts.say(
                f'"{others[0]}" has another name for it, and a job has one name for each column: rename the column '
                f"in one of the files, or leave one out.",
                "warn",
            )
            return
        known = self._columns()
        whole = {**{name: header for name, header in known.items() if header in row.headers}, **columns}
        self._ctx.link.call("map_columns", {"header": list(row.headers), "columns": whole}, owner=self)
        self._set_in_form("columns", {**known, **columns})

    def _take_remembered(self) -> None:
        """What was remembered of a header is said in the document, where it counts for the training too."""
        known = self._columns()
        found: dict[str, str] = {}
        for row in self.rows:
            found.update(new_columns(row, self.reader.facts.sniffed.get(row.path, {}), {**found, **known}))
        if found:
            self._set_in_form("columns", {**known, **found})

    def _leave_out(self, row: FileRow) -> None:
        self._entries = without_file(self._entries, row, self.rows)
        self._edited()

    def _facts_changed(self) -> None:
        self._show()
        self._take_remembered()

    def _show(self) -> None:
        kept = {row.path for row in self.table.selected()}
        self.rows = file_rows(self._entries, self.reader.facts, self._needed)
        self.model.show_rows(self.rows)
        self.table.add_to_selection(kept)
        self.table.fit()
        self._selection_changed()

    def _selection_changed(self) -> None:
        chosen = self.table.selected()
        for widget in (self.role_button, self.remove, self.columns_button):
            widget.setVisible(bool(self.rows))
            widget.setEnabled(bool(chosen))
        self.columns_button.setEnabled(len(chosen) == 1 and bool(chosen[0].headers))
        self.findings.show_files(chosen or self.rows, self.rows, self._repairs())
        self.preview.setVisible(bool(self.rows))
        if len(chosen) == 1 and chosen[0].state in ("seen", "checked") and not chosen[0].missing:
            row = chosen[0]
            repairs = [one["repair"] for one in self._repairs() if _is_of(one, row)]
            self.preview.show_file(row, self._columns(), [one for one in repairs if one.get("kind") != "accept"])
        elif not chosen:
            self.preview.forget()

    def _show_rows(self, row: FileRow, finding: Any) -> None:
        self.table.choose(row.path)
        self.preview.show_rows(finding)

    def _unusable(self) -> list[Stop]:
        """Files that keep a job from running though its settings are right, and how many are doubtful."""
        stops, doubtful = [], 0
        for row in self.rows:
            if row.error:
                stops.append(self._stop(row, row.error))
            elif row.missing:
                stops.append(self._stop(row, f"columns are missing: {', '.join(row.missing)}."))
            for finding in row.findings:
                told_at_other = row.entry.role == "train" and is_shared(finding)
                wrong = finding["severity"] == "error" and not row.error and not told_at_other
                if wrong and answered(row, finding, self._repairs()) is None:
                    stops.append(self._stop(row, str(finding["sentence"])))
                doubtful += finding["severity"] == "warning" and answered(row, finding, self._repairs()) is None
        if doubtful:
            stops.append(Stop(self.table, "Files", f"{several(doubtful, 'warning')} to look at.", warn=True))
        return stops

    def _stop(self, row: FileRow, sentence: str) -> Stop:
        return Stop(self.table, row.name, sentence, reveal=partial(self.table.choose, row.path))

    def _progressed(self, words: str, fraction: float | None) -> None:
        self.progress.setVisible(bool(words))
        self.cancel.setVisible(bool(words))
        if words:
            self.progress.show_progress(fraction, words)

    def _failed(self, sentence: str) -> None:
        self._ctx.toasts.say(sentence, "error", [("Try again", self.reader.again)])

    # --- building

    def _add_button(self, role: str) -> QPushButton:
        made = QPushButton(f"Add {ROLE_TITLES[role].lower()} files")
        menu = QMenu(made)
        if (files := menu.addAction("Files...")) is not None:
            files.triggered.connect(lambda: self.choose_files(role))
        if (folder := menu.addAction("A folder...")) is not None:
            folder.triggered.connect(lambda: self.choose_folder(role))
        made.setMenu(menu)
        return made

    def _lay_out(self) -> None:
        roles = QMenu(self.role_button)
        for role, title in ROLE_TITLES.items():
            if (action := roles.addAction(title)) is not None:
                action.triggered.connect(lambda _=False, role=role: self.set_role(role))
        self.role_button.setMenu(roles)
        for made in (*self.add_buttons.values(), self.role_button):
            set_kind(made, "plain")
        tools = FlowLayout()
        for made in (*self.add_buttons.values(), self.role_button, self.columns_button, self.remove):
            tools.addWidget(made)
        asking = QHBoxLayout()
        asking.setSpacing(8)
        asking.addWidget(self.progress, 1)
        asking.addWidget(self.cancel)
        self._below = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._below.setSpacing(16)
        self._below.addWidget(self.findings, 3)
        self._below.addWidget(self.preview, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.hint)
        layout.addLayout(tools)
        layout.addWidget(self.note)
        layout.addWidget(self.table)
        layout.addLayout(asking)
        layout.addLayout(self._below)
        layout.addWidget(self.form)
        for widget in (self.note, self.progress, self.cancel):
            widget.hide()

    def _connect(self) -> None:
        self.form.changed.connect(self._edited)
        self.reader.changed.connect(self._facts_changed)
        self.reader.progressed.connect(self._progressed)
        self.reader.failed.connect(self._failed)
        self.table.chosen.connect(self._selection_changed)
        self.table.removed.connect(self.remove_selected)
        self.findings.repairs_wanted.connect(self.add_repairs)
        self.findings.repairs_dropped.connect(self.drop_repairs)
        self.findings.left_out.connect(self._leave_out)
        self.findings.rows_wanted.connect(self._show_rows)
        self.findings.columns_wanted.connect(self.ask_columns)
        self._ctx.link.call("list_data_sets", {}, self._offer_sets, lambda _: None, owner=self)

    def _offer_sets(self, answer: dict[str, Any]) -> None:
        self._sets.setStringList([str(one["name"]) for one in answer["data_sets"]])

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        mime = event.mimeData() if event is not None else None
        if event is not None and mime is not None and any(url.isLocalFile() for url in mime.urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        mime = event.mimeData() if event is not None else None
        if event is None or mime is None:
            return
        dropped = sorted_out(url.toLocalFile() for url in mime.urls() if url.isLocalFile())
        if dropped.data:
            event.acceptProposedAction()
            self.add(dropped.data)
        else:  # job files are for the window
            event.ignore()


def _is_paths(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(path, str) for path in value))


def _is_of(repair: Any, row: FileRow) -> bool:
    return isinstance(repair, dict) and repair.get("file") in (row.path, row.name) and "repair" in repair


def _with_name(stop: Stop) -> str:
    return f"{stop.words}: {stop.sentence}"
