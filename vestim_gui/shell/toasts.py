"""Toasts: short notes in the corner of the window. Notes added before the window exists are shown with it.

Each has a sentence, buttons named by verbs, and folded details with a button to copy them. Errors stay until they are
closed; others disappear after a while, unless the pointer or the focus is on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCursor
from PyQt6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vestim_core.spec.errors import VestimError
from vestim_gui.theme.theme import Theme

ToastAction = tuple[str, Callable[[], object]]
MAX_TOASTS = 4  # more would cover the page
DURATION_MS = {"ok": 6000, "info": 8000, "warn": 15000}  # ms until a toast disappears; errors stay
_ICONS = {"ok": "ok", "info": "info", "warn": "warn", "error": "error"}
_TONES = {"ok": "ok", "info": "accent", "warn": "warn", "error": "error"}
_MARGIN_PX = 16  # distance from the edges of the window
_WIDTH_PX = 400  # arbitrary, any value from 300 to 500 fits the least width of the window, 720


@dataclass(frozen=True)
class Toast:
    """One note. kind: ok, info, warn or error. actions: button texts and what they do. details: shown on request."""

    text: str
    kind: str = "info"
    actions: tuple[ToastAction, ...] = ()
    details: str = ""


class Toasts(QObject):
    """Shows notes of all pages. toast_added: emitted with each `Toast`. Lives on the window's thread."""

    toast_added = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layer: ToastLayer | None = None
        self._waiting_toasts: list[Toast] = []

    def show_toast(self, text: str, kind: str = "info", actions: Sequence[ToastAction] = (), details: str = "") -> None:
        """Show a note. text: one sentence, shown as plain text."""
        toast = Toast(text, kind if kind in _TONES else "info", tuple(actions), details)
        if self._layer is not None:
            self._layer.show_toast(toast)
        else:
            self._waiting_toasts.append(toast)
        self.toast_added.emit(toast)

    def show_error(self, error: VestimError) -> None:
        """Show an error's message, with its location and problems as details."""
        details = [f"{problem.get('location', '')}: {problem.get('message', '')}" for problem in error.problems]
        location = [error.location] if error.location and error.location not in error.message else []
        self.show_toast(error_text(error), "error", details="\n".join([*location, *details]))

    def set_layer(self, layer: ToastLayer | None) -> None:
        """Show notes on this layer from now on, first those that were waiting for one."""
        self._layer = layer
        if layer is not None:
            waiting_toasts, self._waiting_toasts = self._waiting_toasts, []
            for toast in waiting_toasts:
                layer.show_toast(toast)


def error_text(error: VestimError) -> str:
    """An error's message as a sentence, with a capital and a full stop."""
    text = error.message.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


class ToastLayer(QWidget):
    """The toasts of one window, in its lower right corner, newest at the bottom. At most four at a time."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._cards: list[ToastCard] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        window.installEventFilter(self)
        self.hide()

    def show_toast(self, toast: Toast) -> None:
        """Show a toast, or restart the timer of one with the same text."""
        for card in self._cards:
            if (card.toast.text, card.toast.kind) == (toast.text, toast.kind) and not toast.actions:
                card.restart_timer()
                return
        while len(self._cards) >= MAX_TOASTS:
            self._remove(self._cards[0])
        card = ToastCard(toast, self._theme, self)
        card.closed.connect(lambda: self._remove(card))
        card.resized.connect(self._reposition)
        self._cards.append(card)
        self._layout.addWidget(card)
        card.show()  # a layout ignores hidden widgets
        self.show()
        self._reposition()

    def cards(self) -> list[ToastCard]:
        """The visible toasts."""
        return list(self._cards)

    def _remove(self, card: ToastCard) -> None:
        if card in self._cards:
            self._cards.remove(card)
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
            self.setVisible(bool(self._cards))
            self._reposition()

    def _reposition(self) -> None:
        width = min(_WIDTH_PX, max(self._window.width() - 2 * _MARGIN_PX, 160))
        self.setFixedWidth(width)
        self._layout.activate()
        preferred_height = (
            self._layout.heightForWidth(width) if self._layout.hasHeightForWidth() else self.sizeHint().height()
        )
        height = min(preferred_height, self._window.height() - 2 * _MARGIN_PX)
        self.setGeometry(
            self._window.width() - width - _MARGIN_PX, self._window.height() - height - _MARGIN_PX, width, height
        )
        self.raise_()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Resize:
            self._reposition()
        return False


class ToastCard(QFrame):
    """One toast."""

    closed = pyqtSignal()
    resized = pyqtSignal()

    def __init__(self, toast: Toast, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.toast = toast
        self._theme = theme
        self.setProperty("kind", "toast")
        self.setProperty("tone", toast.kind)
        self.setAccessibleName(toast.text)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._dismiss)
        self._icon = QLabel()
        self._close_button = QPushButton()
        self._close_button.setProperty("kind", "icon")
        self._close_button.setAccessibleName("Close this note")
        self._close_button.setToolTip("Close this note")
        self._close_button.clicked.connect(self._dismiss)
        self._build()
        theme.changed.connect(self._apply_colors)
        self._apply_colors()
        self.restart_timer()

    def restart_timer(self) -> None:
        """Restart the time that it is shown."""
        if (duration_ms := DURATION_MS.get(self.toast.kind)) is not None:
            self._timer.start(duration_ms)

    def _build(self) -> None:
        text = QLabel(self.toast.text)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        for label in (self._icon, text):
            label.setContentsMargins(0, 4, 0, 4)  # aligned with the text of the button next to them
        top.addWidget(text, 1, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._close_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        layout.addLayout(top)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for action_text, action in self.toast.actions:
            buttons.addWidget(self._button(action_text, action))
        if self.toast.details:
            details, copy = self._details(), QPushButton("Copy")
            copy.clicked.connect(self._copy)
            copy.hide()
            toggle = QPushButton("Details")
            toggle.setCheckable(True)
            toggle.toggled.connect(details.setVisible)
            toggle.toggled.connect(copy.setVisible)
            toggle.toggled.connect(lambda _: self.resized.emit())
            buttons.addWidget(toggle)
            buttons.addWidget(copy)
            layout.addWidget(details)
        if buttons.count():
            buttons.addStretch(1)
            layout.addLayout(buttons)

    def _button(self, text: str, action: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)

        def clicked() -> None:
            self._dismiss()
            action()

        button.clicked.connect(clicked)
        return button

    def _details(self) -> QPlainTextEdit:
        details = QPlainTextEdit(self.toast.details)
        details.setProperty("kind", "mono")
        details.setReadOnly(True)
        details.setTabChangesFocus(True)
        details.setFixedHeight(120)
        details.hide()
        return details

    def _copy(self) -> None:
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText(f"{self.toast.text}\n{self.toast.details}")

    def _dismiss(self) -> None:
        focus = QApplication.focusWidget()
        is_hovered = self.rect().contains(self.mapFromGlobal(QCursor.pos()))
        is_in_use = is_hovered or (focus is not None and self.isAncestorOf(focus))
        if is_in_use and self.sender() is self._timer:
            self.restart_timer()
            return
        self._timer.stop()
        self.closed.emit()

    def _apply_colors(self) -> None:
        tone = _TONES[self.toast.kind]
        self._icon.setPixmap(self._theme.icon(_ICONS[self.toast.kind], tone).pixmap(20, 20))
        self._close_button.setIcon(self._theme.icon("close", "muted"))
