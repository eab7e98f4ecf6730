"""The problem of a job, above everything else: a sentence, its remedies, and folded details."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from vestim_gui.detail.job_problem import JobProblem
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

DETAILS_PX = 110  # longer details scroll


class ProblemBox(QFrame):
    """A card with a problem and its remedies. remedy_chosen: the `RemedyOffer` whose button was pressed."""

    remedy_chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._shown_problem: JobProblem | None = None
        self.headline = plain_label(kind="error", wrap=True)
        self.explanation = plain_label(wrap=True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setMaximumHeight(DETAILS_PX)
        self.details.setAccessibleName("Details")
        self.details_button = button("Details", "link", self._show_details)
        self.details_button.setCheckable(True)
        self.copy_button = button("Copy", "link", self._copy)
        self.remedy_buttons: list[QPushButton] = []
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.addStretch(1)
        self._buttons.addWidget(self.copy_button)
        self._buttons.addWidget(self.details_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        for widget in (self.headline, self.explanation):
            layout.addWidget(widget)
        layout.addLayout(self._buttons)
        layout.addWidget(self.details)
        self.hide()

    def show_problem(self, problem: JobProblem | None) -> None:
        """Show a problem, or nothing."""
        if problem == self._shown_problem:
            return
        self._shown_problem = problem
        self.setVisible(problem is not None)
        for old_button in self.remedy_buttons:
            self._buttons.removeWidget(old_button)
            old_button.setParent(None)
            old_button.deleteLater()
        self.remedy_buttons = []
        if problem is None:
            return
        set_kind(self.headline, problem.kind)
        self.headline.setText(problem.headline)
        self.explanation.setText(problem.explanation)
        self.explanation.setVisible(bool(problem.explanation))
        self.details.setPlainText(problem.details)
        self.details_button.setVisible(bool(problem.details))
        self.details_button.setChecked(False)
        self._show_details()
        for index, offer in enumerate(problem.offers):
            kind = "primary" if index == 0 else "plain"
            remedy_button = button(offer.text, kind, partial(self.remedy_chosen.emit, offer))
            self._buttons.insertWidget(index, remedy_button)
            self.remedy_buttons.append(remedy_button)

    def _show_details(self) -> None:
        is_unfolded = self.details_button.isChecked()
        self.details.setVisible(is_unfolded)
        self.copy_button.setVisible(is_unfolded)
        self.details_button.setText("Hide details" if is_unfolded else "Details")

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(f"{self.headline.text()} {self.explanation.text()}\n{self.details.toPlainText()}")
