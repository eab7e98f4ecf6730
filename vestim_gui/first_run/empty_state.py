"""EmptyState: shown in place of an empty job list, with buttons for the demo, own data and jobs of PyBattML."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from vestim_gui.context import Context
from vestim_gui.first_run.closing_note import ClosingNote
from vestim_gui.first_run.coach import Coach
from vestim_gui.first_run.demo_run import DemoRun
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label
from vestim_gui.widgets.progress_line import ProgressLine

MAX_WIDTH_PX = 560  # of progress and errors, as wide as is comfortable to read


class EmptyState(QFrame):
    """Also owns the coach marks and the note that closes the demo."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        set_kind(self, "card")
        self.demo = DemoRun(ctx, self)
        self.coach = Coach(ctx, self)
        self.closing_note = ClosingNote(ctx, self)
        self.closing_note.about_to_show.connect(self.coach.hide_card)
        self.train_button = button("Train the demo model  (about 40 s)", "primary", self.demo.start)
        self.open_button = button("Open my data...", "plain", ctx.actions.action("data.open").trigger)
        self.import_button = button("Import a job...", "plain", ctx.actions.action("job.import").trigger)
        self.progress = ProgressLine()
        self.progress.setMaximumWidth(MAX_WIDTH_PX)
        self.progress.hide()
        self.note = plain_label("", "error", wrap=True)
        self.note.setMaximumWidth(MAX_WIDTH_PX)
        self.note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.note.hide()
        self._lay_out()
        self.demo.progress_changed.connect(self._show_progress)
        self.demo.finished.connect(self._show_result)
        ctx.actions.add_handler("demo.train", self.demo.start, self)

    def _lay_out(self) -> None:
        center = Qt.AlignmentFlag.AlignCenter
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.train_button)
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.import_button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        layout.addStretch(5)
        title = plain_label("Train your first battery model", "title")
        intro = plain_label(
            "Vestim comes with a small drive-cycle data set, so you can see the whole path in under a minute.",
            "muted",
            wrap=True,
        )
        drop_hint = plain_label(
            "or drop CSV, MAT, Excel, Parquet or .bdf.csv files, or job folders of PyBattML, anywhere in this window",
            "muted",
            wrap=True,
        )
        for label in (title, intro, drop_hint):
            label.setAlignment(center)
        layout.addWidget(title)
        layout.addWidget(intro)
        layout.addSpacing(8)
        layout.addLayout(buttons)
        layout.addSpacing(8)
        layout.addWidget(drop_hint)
        layout.addSpacing(16)
        for widget in (self.progress, self.note):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(widget, 4)
            row.addStretch(1)
            layout.addLayout(row)
        layout.addStretch(6)

    def _show_progress(self, message: str, fraction: float | None) -> None:
        self.note.hide()
        self.train_button.setEnabled(False)
        self.progress.show()
        self.progress.show_progress(fraction, message)

    def _show_result(self, message: str) -> None:
        self.progress.hide()
        self.train_button.setEnabled(True)
        self.note.setText(message)
        self.note.setVisible(bool(message))
