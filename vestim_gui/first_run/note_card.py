"""A card over the window that stays until it is answered by one of its buttons or Esc.

It is shown and hidden with its target widget and never takes the focus from text input.
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

WIDTH_PX = 320  # arbitrary: 280 to 400 work
GAP_PX = 8  # to the target and the edges of the window, one step of the grid
TALL_TARGET_PX = 240
"""The card is placed within a target taller than this, at its lower edge."""
TEXT_INPUTS = (QLineEdit, QPlainTextEdit, QAbstractSpinBox)
BOTTOM_PX = 48
"""Lower edge of the window that stays free for the service bar."""


class NoteCard(QFrame):
    """One note with its buttons.

    target: the widget it explains and is hidden with; None for the lower middle of `window`. actions: labels and
    callbacks, the main one first. dismissed: emitted on Esc.
    """

    dismissed = pyqtSignal()

    def __init__(
        self,
        window: QWidget,
        heading: str,
        text: str,
        actions: Sequence[tuple[str, Callable[[], object]]],
        target: QWidget | None = None,
    ) -> None:
        super().__init__(window)
        set_kind(self, "toast")
        self.setProperty("tone", "info")
        self._window, self._target = window, target
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName(f"{heading}: {text}")
        self.heading = plain_label(heading, "heading", wrap=True)
        self.text_label = plain_label(text, wrap=True)
        self.buttons = [self._button(label, callback, index) for index, (label, callback) in enumerate(actions)]
        row = QHBoxLayout()
        row.setSpacing(8)
        for push_button in self.buttons:
            row.addWidget(push_button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 12, 12)
        layout.setSpacing(8)
        for part in (self.heading, self.text_label):
            layout.addWidget(part)
        layout.addLayout(row)
        window.installEventFilter(self)
        if target is not None:
            target.installEventFilter(self)

    def show_card(self) -> None:
        """Show the card once its target is visible, and focus it unless a text input has the focus."""
        if self._target is not None and not self._target.isVisible():
            self.hide()
            return
        self.show()
        self._move_to_target()
        self.raise_()
        if not isinstance(QApplication.focusWidget(), TEXT_INPUTS):
            self.buttons[0].setFocus(Qt.FocusReason.PopupFocusReason)

    def close_card(self) -> None:
        """Remove the card."""
        self._window.removeEventFilter(self)
        if self._target is not None:
            self._target.removeEventFilter(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        kind = event.type() if event is not None else QEvent.Type.None_
        if kind == QEvent.Type.Hide and watched is self._target:
            self.hide()
        elif kind == QEvent.Type.Show and watched is self._target:
            self.show_card()
        elif kind in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._move_to_target()
        return False

    def _button(self, label: str, callback: Callable[[], object], index: int) -> QPushButton:
        return button(label, "plain" if index else "primary", callback)

    def _move_to_target(self) -> None:
        layout = self.layout()
        height = layout.totalHeightForWidth(WIDTH_PX) if layout is not None else self.sizeHint().height()
        self.setFixedHeight(max(height, 0))
        bounds = self._window.rect()
        if self._target is None:
            x, y = (bounds.width() - WIDTH_PX) // 2, bounds.height()
        else:
            rect = self._target.rect()
            is_tall = rect.height() > TALL_TARGET_PX
            start = (
                QPoint(GAP_PX, rect.bottom() - self.height() - GAP_PX) if is_tall else QPoint(0, rect.bottom() + GAP_PX)
            )
            corner = self._target.mapTo(self._window, start)
            x, y = corner.x(), corner.y()
        x = max(min(x, bounds.width() - WIDTH_PX - GAP_PX), GAP_PX)
        y = max(min(y, bounds.height() - self.height() - BOTTOM_PX), GAP_PX)
        self.setGeometry(x, y, WIDTH_PX, self.height())
