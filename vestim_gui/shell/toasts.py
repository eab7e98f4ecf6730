"""Toasts: short notes in the corner of the window. What is said before the window is shown is shown with it.

A sentence first, buttons that are verbs, details folded away with a button to copy them. Errors stay until they are
closed; others go after a while, unless the pointer or the focus is on them.
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

Act = tuple[str, Callable[[], object]]
MOST = 4
LASTS_MS = {"ok": 6000, "info": 8000, "warn": 15000}
_ICONS = {"ok": "ok", "info": "info", "warn": "warn", "error": "error"}
_TONES = {"ok": "ok", "info": "accent", "warn": "warn", "error": "error"}
_MARGIN = 16
_WIDTH = 400


@dataclass(frozen=True)
class Toast:
    """kind: ok, info, warn or error. actions: words and what they do. details: for those who ask."""

    text: str
    kind: str = "info"
    actions: tuple[Act, ...] = ()
    details: str = ""


class Toasts(QObject):
    """Where any page says something. said: emitted with each `Toast`."""

    said = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layer: ToastLayer | None = None
        self._early: list[Toast] = []

    def say(self, text: str, kind: str = "info", actions: Sequence[Act] = (), details: str = "") -> None:
        """Show a note. text: one sentence, shown as plain text."""
        toast = Toast(text, kind if kind in _TONES else "info", tuple(actions), details)
        if self._layer is not None:
            self._layer.show_toast(toast)
        else:
            self._early.append(toast)
        self.said.emit(toast)

    def say_error(self, error: VestimError) -> None:
        """Show what went wrong, in its own sentence."""
        details = [f"{problem.get('place', '')}: {problem.get('sentence', '')}" for problem in error.problems]
        place = [error.place] if error.place and error.place not in error.sentence else []
        self.say(sentence_of(error), "error", details="\n".join([*place, *details]))

    def set_layer(self, layer: ToastLayer | None) -> None:
        """Have notes shown there from now on, first those that were said before."""
        self._layer = layer
        if layer is not None:
            early, self._early = self._early, []
            for toast in early:
                layer.show_toast(toast)


def sentence_of(error: VestimError) -> str:
    """An error's sentence, with a capital and a stop."""
    text = error.sentence.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


class ToastLayer(QWidget):
    """The notes of one window, in its lower right corner, newest at the bottom. At most four at a time."""

    def __init__(self, theme: Theme, over: QWidget) -> None:
        super().__init__(over)
        self._theme = theme
        self._over = over
        self._cards: list[ToastCard] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        over.installEventFilter(self)
        self.hide()

    def show_toast(self, toast: Toast) -> None:
        """Show it, or start the time of one that says the same anew."""
        for card in self._cards:
            if (card.toast.text, card.toast.kind) == (toast.text, toast.kind) and not toast.actions:
                card.last_again()
                return
        while len(self._cards) >= MOST:
            self._remove(self._cards[0])
        card = ToastCard(toast, self._theme, self)
        card.closed.connect(lambda: self._remove(card))
        card.resized.connect(self._place)
        self._cards.append(card)
        self._layout.addWidget(card)
        card.show()  # until then the layout counts it for nothing
        self.show()
        self._place()

    def cards(self) -> list[ToastCard]:
        """What is shown now."""
        return list(self._cards)

    def _remove(self, card: ToastCard) -> None:
        if card in self._cards:
            self._cards.remove(card)
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
            self.setVisible(bool(self._cards))
            self._place()

    def _place(self) -> None:
        width = min(_WIDTH, max(self._over.width() - 2 * _MARGIN, 160))
        self.setFixedWidth(width)
        self._layout.activate()
        needed = self._layout.heightForWidth(width) if self._layout.hasHeightForWidth() else self.sizeHint().height()
        height = min(needed, self._over.height() - 2 * _MARGIN)
        self.setGeometry(self._over.width() - width - _MARGIN, self._over.height() - height - _MARGIN, width, height)
        self.raise_()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return False


class ToastCard(QFrame):
    """One note."""

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
        self._timer.timeout.connect(self._end)
        self._icon = QLabel()
        self._close = QPushButton()
        self._close.setProperty("kind", "icon")
        self._close.setAccessibleName("Close this note")
        self._close.setToolTip("Close this note")
        self._close.clicked.connect(self._end)
        self._lay_out()
        theme.changed.connect(self._colour)
        self._colour()
        self.last_again()

    def last_again(self) -> None:
        """Count the time that it is shown from now."""
        if (lasts_ms := LASTS_MS.get(self.toast.kind)) is not None:
            self._timer.start(lasts_ms)

    def _lay_out(self) -> None:
        text = QLabel(self.toast.text)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        for label in (self._icon, text):
            label.setContentsMargins(0, 4, 0, 4)  # in line with the button beside them
        top.addWidget(text, 1, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 8, 8)
        whole.setSpacing(8)
        whole.addLayout(top)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for words, act in self.toast.actions:
            buttons.addWidget(self._button(words, act))
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
            whole.addWidget(details)
        if buttons.count():
            buttons.addStretch(1)
            whole.addLayout(buttons)

    def _button(self, words: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)

        def clicked() -> None:
            self._end()
            act()

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

    def _end(self) -> None:
        focus = QApplication.focusWidget()
        pointed_at = self.rect().contains(self.mapFromGlobal(QCursor.pos()))
        looked_at = pointed_at or (focus is not None and self.isAncestorOf(focus))
        if looked_at and self.sender() is self._timer:
            self.last_again()
            return
        self._timer.stop()
        self.closed.emit()

    def _colour(self) -> None:
        tone = _TONES[self.toast.kind]
        self._icon.setPixmap(self._theme.icon(_ICONS[self.toast.kind], tone).pixmap(20, 20))
        self._close.setIcon(self._theme.icon("close", "muted"))
