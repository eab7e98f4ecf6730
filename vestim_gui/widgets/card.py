"""A card with one figure: what it is, its value, and a line that says what to think of it."""

from __future__ import annotations

from PyQt6.QtWidgets import QFrame, QVBoxLayout, QWidget

from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.elided_label import ElidedLabel


class Card(QFrame):
    """`show_figure` fills it."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "card")
        self._title = ElidedLabel(title, "muted")
        self._value = ElidedLabel(kind="value")
        self._note = ElidedLabel(kind="muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(2)
        for label in (self._title, self._value, self._note):
            layout.addWidget(label)

    def show_figure(self, title: str, value: str, note: str = "", tone: str = "muted") -> None:
        """note: one line below, its colour named by `tone`."""
        self._title.setText(title)
        self._value.setText(value)
        self._note.setText(note)
        set_kind(self._note, tone or "muted")
        self.setAccessibleName(", ".join(filter(None, (title, value, note))))
