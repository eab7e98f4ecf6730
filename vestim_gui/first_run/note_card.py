"""A card that lies over the window until it is answered: by its buttons, or by Esc.

It comes and goes with what it is about, and takes the keys from nobody who types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QObject, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

WIDTH_PX = 320
GAP_PX = 8
TALL_PX = 240
"""What is taller than this has the card within it, at its lower edge."""
TYPING = (QLineEdit, QPlainTextEdit, QAbstractSpinBox)
ABOVE_PX = 48
"""So much of the lower edge stays free: the line that tells of the service."""


class NoteCard(QFrame):
    """near: the widget that it is about, and that it is hidden with; None for the lower middle of `over`. actions:
    words and what they do, the first is the main one. left: it went unanswered."""

    left = pyqtSignal()

    def __init__(
        self,
        over: QWidget,
        heading: str,
        sentence: str,
        actions: Sequence[tuple[str, Callable[[], object]]],
        near: QWidget | None = None,
    ) -> None:
        super().__init__(over)
        set_kind(self, "toast")
        self.setProperty("tone", "info")
        self._over, self._near = over, near
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName(f"{heading}: {sentence}")
        self.heading = plain_label(heading, "heading", wrap=True)
        self.sentence = plain_label(sentence, wrap=True)
        self.buttons = [self._button(words, act, place) for place, (words, act) in enumerate(actions)]
        row = QHBoxLayout()
        row.setSpacing(8)
        for made in self.buttons:
            row.addWidget(made)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 12, 12)
        layout.setSpacing(8)
        for part in (self.heading, self.sentence):
            layout.addWidget(part)
        layout.addLayout(row)
        over.installEventFilter(self)
        if near is not None:
            near.installEventFilter(self)

    def appear(self) -> None:
        """Show it as soon as what it is about is shown, and give it the keys unless somebody types."""
        if self._near is not None and not self._near.isVisible():
            self.hide()
            return
        self.show()
        self._place()
        self.raise_()
        if not isinstance(QApplication.focusWidget(), TYPING):
            self.buttons[0].setFocus(Qt.FocusReason.PopupFocusReason)

    def close_card(self) -> None:
        """Take it away."""
        self._over.removeEventFilter(self)
        if self._near is not None:
            self._near.removeEventFilter(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        kind = event.type() if event is not None else QEvent.Type.None_
        if kind == QEvent.Type.Hide and watched is self._near:
            self.hide()
        elif kind == QEvent.Type.Show and watched is self._near:
            self.appear()
        elif kind in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._place()
        return False

    def _button(self, words: str, act: Callable[[], object], place: int) -> QPushButton:
        return button(words, "plain" if place else "primary", act)

    def _place(self) -> None:
        layout = self.layout()
        height = layout.totalHeightForWidth(WIDTH_PX) if layout is not None else self.sizeHint().height()
        self.setFixedHeight(max(height, 0))
        within = self._over.rect()
        if self._near is None:
            x, y = (within.width() - WIDTH_PX) // 2, within.height()
        else:
            rect = self._near.rect()
            inside = rect.height() > TALL_PX
            start = (
                QPoint(GAP_PX, rect.bottom() - self.height() - GAP_PX) if inside else QPoint(0, rect.bottom() + GAP_PX)
            )
            corner = self._near.mapTo(self._over, start)
            x, y = corner.x(), corner.y()
        x = max(min(x, within.width() - WIDTH_PX - GAP_PX), GAP_PX)
        y = max(min(y, within.height() - self.height() - ABOVE_PX), GAP_PX)
        self.setGeometry(x, y, WIDTH_PX, self.height())
