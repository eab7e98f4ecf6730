"""A card that lies over the window until it is answered: by its buttons, or by Esc."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QObject, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

WIDTH_PX = 320
GAP_PX = 8
TALL_PX = 96
"""What is taller than this has the card over it, under its first lines."""
ABOVE_PX = 48
"""So much of the lower edge stays free: the line that tells of the service."""


class NoteCard(QFrame):
    """near: the widget that it is about, None for the lower middle of `over`. actions: words and what they do, the
    first is the main one. left: it went unanswered."""

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

    def appear(self) -> None:
        """Show it and give it the keys."""
        self.show()
        self._place()
        self.raise_()
        self.buttons[0].setFocus(Qt.FocusReason.PopupFocusReason)

    def close_card(self) -> None:
        """Take it away."""
        self._over.removeEventFilter(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._place()
        return False

    def _button(self, words: str, act: Callable[[], object], place: int) -> QPushButton:
        return button(words, "plain" if place else "primary", act)

    def _place(self) -> None:
        layout = self.layout()
        height = layout.totalHeightForWidth(WIDTH_PX) if layout is not None else self.sizeHint().height()
        self.setFixedHeight(max(height, 0))
        within = self._over.rect()
        if self._near is None or not self._near.isVisible():
            x, y = (within.width() - WIDTH_PX) // 2, within.height()
        else:
            rect = self._near.rect()
            below = QPoint(rect.left(), min(rect.bottom() + GAP_PX, TALL_PX))
            corner = self._near.mapTo(self._over, below)
            x, y = corner.x(), corner.y()
        x = max(min(x, within.width() - WIDTH_PX - GAP_PX), GAP_PX)
        y = max(min(y, within.height() - self.height() - ABOVE_PX), GAP_PX)
        self.setGeometry(x, y, WIDTH_PX, self.height())
