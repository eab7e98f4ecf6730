"""Labels and buttons with text from anywhere: always plain, dressed by kind."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from vestim_gui.theme.style import set_kind


def plain_label(text: str = "", kind: str = "", *, wrap: bool = False, parent: QWidget | None = None) -> QLabel:
    """A label that never reads its text as markup. wrap: long text gets more lines."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(wrap)
    if wrap:
        label.setMinimumWidth(1)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    if kind:
        set_kind(label, kind)
    return label


def plain_tip(text: str) -> str:
    """A text for a tool tip; one that starts with a tag would be read as markup."""
    return f"<qt>{escape(text)}</qt>" if text else ""


def button(text: str, kind: str, clicked: Callable[[], object], parent: QWidget | None = None) -> QPushButton:
    """A button that calls `clicked` without arguments."""
    made = QPushButton(text, parent)
    made.clicked.connect(lambda: clicked())
    set_kind(made, kind)
    return made
