"""Labels and buttons for text from any source: always plain text, styled by kind."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from vestim_gui.theme.style import set_kind


def plain_label(text: str = "", kind: str = "", *, wrap: bool = False, parent: QWidget | None = None) -> QLabel:
    """A label that never reads its text as markup. wrap: long text continues on more lines."""
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
    """Text for a tooltip, escaped because Qt reads one that starts with a tag as markup."""
    return f"<qt>{escape(text)}</qt>" if text else ""


def button(text: str, kind: str, on_click: Callable[[], object], parent: QWidget | None = None) -> QPushButton:
    """A button that calls `on_click` without arguments."""
    push_button = QPushButton(text, parent)
    push_button.clicked.connect(lambda: on_click())
    set_kind(push_button, kind)
    return push_button
