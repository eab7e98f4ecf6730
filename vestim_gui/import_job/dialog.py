"""ImportDialog: choose a folder or a registry of the former program, see how far the import is, read what became of
each job. It blocks nothing, and stays until it is closed."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.context import Context
from vestim_gui.import_job.brought import Brought
from vestim_gui.import_job.former import REGISTRY
from vestim_gui.import_job.run import ImportRun
from vestim_gui.theme.style import set_dress
from vestim_gui.widgets.plain_label import button, plain_label
from vestim_gui.widgets.progress_line import ProgressLine

HEIGHT_PX = 520
"""With a report."""
FOLDER = "import"
"""Settings: where the folder was found the last time."""
_ABOUT = (
    "A job folder, a folder that holds several, or its job_registry.json: settings, history, results and models come "
    "in, and the models can be tested at once. The files there are only read."
)


class ImportDialog(QDialog):
    """One for all imports of a window."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.run = ImportRun(ctx, self)
        self.setWindowTitle("Import a job")
        self.setMinimumWidth(640)
        self.folder = button("Choose a folder...", "primary", self._choose_folder)
        self.registry = button(f"Choose a {REGISTRY}...", "plain", self._choose_registry)
        self.progress = ProgressLine()
        self.headline = plain_label("", "heading", wrap=True)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setTabChangesFocus(True)
        self.report.setAccessibleName("What became of each job")
        self.copy = button("Copy", "plain", self._copy)
        self.leave = button("Close", "plain", self.reject)
        self._lay_out()
        for widget in (self.progress, self.headline, self.report, self.copy):
            widget.hide()
        self.run.told.connect(self._tell)
        self.run.ended.connect(self._ended)

    def bring(self, paths: list[str]) -> None:
        """Import what these paths hold, at once."""
        if self.run.running:
            self._ctx.toasts.say("An import is under way: wait until it has ended.", "info")
            return
        self._ctx.settings.keep_folder(FOLDER, Path(paths[0]).parent)
        for widget in (self.headline, self.report, self.copy):
            widget.hide()
        self.run.start([str(Path(path).absolute()) for path in paths])

    def reject(self) -> None:
        """Close it; an import that is under way is stopped first, and told."""
        if self.run.running:
            self.run.stop()
            self.leave.setEnabled(False)
        else:
            super().reject()

    def _lay_out(self) -> None:
        choices, foot = QHBoxLayout(), QHBoxLayout()
        for row in (choices, foot):
            row.setSpacing(8)
        choices.addWidget(self.folder)
        choices.addWidget(self.registry)
        choices.addStretch(1)
        foot.addStretch(1)
        foot.addWidget(self.copy)
        foot.addWidget(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(plain_label("Import jobs of PyBattML", "title"))
        layout.addWidget(plain_label(_ABOUT, "muted", wrap=True))
        layout.addLayout(choices)
        layout.addWidget(self.progress)
        layout.addWidget(self.headline)
        layout.addWidget(self.report, 1)
        layout.addStretch(0)
        layout.addLayout(foot)

    def _tell(self, words: str, fraction: float | None) -> None:
        self.progress.show()
        self.progress.show_progress(fraction, words)
        self._busy(True)

    def _busy(self, busy: bool) -> None:
        for choice in (self.folder, self.registry):
            choice.setEnabled(not busy)
        self.leave.setText("Stop" if busy else "Close")
        self.leave.setEnabled(not (busy and self.run.stopping))

    def _ended(self, brought: Brought, trouble: str) -> None:
        self._busy(False)
        self.progress.hide()
        self.headline.setText(trouble or brought.headline)
        set_dress(self.headline, "kind", "error" if trouble else "heading")
        self.report.setPlainText(brought.report)
        self.headline.show()
        for widget in (self.report, self.copy):
            widget.setVisible(bool(brought.report))
        if brought.report:
            self.resize(self.width(), max(self.height(), HEIGHT_PX))
        if brought.job_id:
            self._ctx.navigate.open_job.emit(brought.job_id, "")

    def _copy(self) -> None:
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText(f"{self.headline.text()}\n\n{self.report.toPlainText()}")

    def _choose_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(self, "Import a job folder", self._ctx.settings.folder(FOLDER))
        if found:
            self.bring([found])

    def _choose_registry(self) -> None:
        found, _ = QFileDialog.getOpenFileName(
            self, f"Import a {REGISTRY}", self._ctx.settings.folder(FOLDER), f"Registries of jobs ({REGISTRY} *.json)"
        )
        if found:
            self.bring([found])
