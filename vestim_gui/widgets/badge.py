"""Badge: a state as glyph, label and color, never as color alone."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QWidget

from vestim_gui.store.job_presenter import STATES
from vestim_gui.theme.style import set_kind

_UNKNOWN_STATE = ("?", "", "muted")


def glyph_of(state: str) -> str:
    """Glyph of a job's or task's state."""
    return STATES.get(state, _UNKNOWN_STATE)[0]


class Badge(QLabel):
    """A label for a job or task state (`show_state`) or any other text (`show_text`)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def show_state(self, state: str, label: str = "") -> None:
        """Show a state. label: replaces the state's own label."""
        glyph, default_label, tone = STATES.get(state, (_UNKNOWN_STATE[0], state, _UNKNOWN_STATE[2]))
        self.show_text(glyph, label or default_label, tone)

    def show_text(self, glyph: str, label: str, tone: str) -> None:
        """Show glyph and label. tone: accent, ok, warn, error or muted."""
        self.setText(f"{glyph} {label}")
        self.setAccessibleName(label)
        set_kind(self, tone)
