"""What went wrong, above everything else of a job: a sentence, what to do, and the details folded away."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from vestim_gui.detail.job_problem import Trouble
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

DETAILS_PX = 110


class TroubleBox(QFrame):
    """chosen: the `Offer` whose button was pressed."""

    chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._shown: Trouble | None = None
        self.headline = plain_label(kind="error", wrap=True)
        self.rest = plain_label(wrap=True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setMaximumHeight(DETAILS_PX)
        self.details.setAccessibleName("Details")
        self.fold = button("Details", "link", self._unfold)
        self.fold.setCheckable(True)
        self.copy = button("Copy", "link", self._copy)
        self.offers: list[QPushButton] = []
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.addStretch(1)
        self._buttons.addWidget(self.copy)
        self._buttons.addWidget(self.fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        for widget in (self.headline, self.rest):
            layout.addWidget(widget)
        layout.addLayout(self._buttons)
        layout.addWidget(self.details)
        self.hide()

    def show_trouble(self, trouble: Trouble | None) -> None:
        """Show it, or nothing."""
        if trouble == self._shown:
            return
        self._shown = trouble
        self.setVisible(trouble is not None)
        for old in self.offers:
            self._buttons.removeWidget(old)
            old.setParent(None)
            old.deleteLater()
        self.offers = []
        if trouble is None:
            return
        set_kind(self.headline, trouble.kind)
        self.headline.setText(trouble.headline)
        self.rest.setText(trouble.rest)
        self.rest.setVisible(bool(trouble.rest))
        self.details.setPlainText(trouble.details)
        self.fold.setVisible(bool(trouble.details))
        self.fold.setChecked(False)
        self._unfold()
        for place, offer in enumerate(trouble.offers):
            kind = "primary" if place == 0 else "plain"
            made = button(offer.words, kind, partial(self.chosen.emit, offer))
            self._buttons.insertWidget(place, made)
            self.offers.append(made)

    def _unfold(self) -> None:
        unfolded = self.fold.isChecked()
        self.details.setVisible(unfolded)
        self.copy.setVisible(unfolded)
        self.fold.setText("Hide details" if unfolded else "Details")

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(f"{self.headline.text()} {self.rest.text()}\n{self.details.toPlainText()}")
