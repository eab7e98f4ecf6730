"""ImportDialog: select a folder or registry of PyBattML, follow the import and read its report.

Not modal; it stays open until closed.
"""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.context import Context
from vestim_gui.import_job.import_report import ImportReport
from vestim_gui.import_job.import_run import ImportRun
from vestim_gui.import_job.legacy_jobs import REGISTRY
from vestim_gui.theme.style import set_style_property
from vestim_gui.widgets.plain_label import button, plain_label
from vestim_gui.widgets.progress_line import ProgressLine

REPORT_HEIGHT_PX = 520
"""Minimum height once a report is shown."""
FOLDER_SETTING = "import"
"""Settings key of the folder used last."""
_ABOUT = (
    "A job folder, a folder that holds several, or its job_registry.json: settings, history, results and models come "
    "in, and the models can be tested at once. The files there are only read."
)


class ImportDialog(QDialog):
    """The only import dialog of a window."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.run = ImportRun(ctx, self)
        self.setWindowTitle("Import a job")
        self.setMinimumWidth(640)
        self.folder_button = button("Choose a folder...", "primary", self._choose_folder)
        self.registry_button = button(f"Choose a {REGISTRY}...", "plain", self._choose_registry)
        self.progress = ProgressLine()
        self.headline = plain_label("", "heading", wrap=True)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setTabChangesFocus(True)
        self.report.setAccessibleName("What became of each job")
        self.copy_button = button("Copy", "plain", self._copy)
        self.close_button = button("Close", "plain", self.reject)
        self._lay_out()
        for widget in (self.progress, self.headline, self.report, self.copy_button):
            widget.hide()
        self.run.progress_changed.connect(self._show_progress)
        self.run.finished.connect(self._show_report)

    def import_paths(self, paths: list[str]) -> None:
        """Import the jobs in these paths."""
        if self.run.is_running:
            self._ctx.toasts.show_toast("An import is under way: wait until it has ended.", "info")
            return
        self._ctx.settings.remember_folder(FOLDER_SETTING, Path(paths[0]).parent)
        for widget in (self.headline, self.report, self.copy_button):
            widget.hide()
        self.run.start([str(Path(path).absolute()) for path in paths])

    def reject(self) -> None:
        """Close the dialog; stops a running import first and then shows its report."""
        if self.run.is_running:
            self.run.stop()
            self.close_button.setEnabled(False)
        else:
            super().reject()

    def _lay_out(self) -> None:
        choices, foot = QHBoxLayout(), QHBoxLayout()
        for row in (choices, foot):
            row.setSpacing(8)
        choices.addWidget(self.folder_button)
        choices.addWidget(self.registry_button)
        choices.addStretch(1)
        foot.addStretch(1)
        foot.addWidget(self.copy_button)
        foot.addWidget(self.close_button)
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

    def _show_progress(self, message: str, fraction: float | None) -> None:
        self.progress.show()
        self.progress.show_progress(fraction, message)
        self._set_busy(True)

    def _set_busy(self, busy: bool) -> None:
        for choice in (self.folder_button, self.registry_button):
            choice.setEnabled(not busy)
        self.close_button.setText("Stop" if busy else "Close")
        self.close_button.setEnabled(not (busy and self.run.is_stopping))

    def _show_report(self, report: ImportReport, error_message: str) -> None:
        self._set_busy(False)
        self.progress.hide()
        self.headline.setText(error_message or report.headline)
        set_style_property(self.headline, "kind", "error" if error_message else "heading")
        self.report.setPlainText(report.text)
        self.headline.show()
        for widget in (self.report, self.copy_button):
            widget.setVisible(bool(report.text))
        if report.text:
            self.resize(self.width(), max(self.height(), REPORT_HEIGHT_PX))
        if report.job_id:
            self._ctx.navigate.open_job.emit(report.job_id, "")

    def _copy(self) -> None:
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText(f"{self.headline.text()}\n\n{self.report.toPlainText()}")

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Import a job folder", self._ctx.settings.folder(FOLDER_SETTING))
        if path:
            self.import_paths([path])

    def _choose_registry(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            f"Import a {REGISTRY}",
            self._ctx.settings.folder(FOLDER_SETTING),
            f"Registries of jobs ({REGISTRY} *.json)",
        )
        if path:
            self.import_paths([path])
