"""Badge: a state as glyph, word and colour, never by colour alone."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QWidget

from vestim_gui.store.faces import STATES
from vestim_gui.theme.style import set_kind

_UNKNOWN = ("?", "", "muted")


def glyph_of(state: str) -> str:
    """The sign of a job's or task's state."""
    return STATES.get(state, _UNKNOWN)[0]


class Badge(QLabel):
    """`show_state` for a state of the service, `show_words` for anything else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def show_state(self, state: str, word: str = "") -> None:
        """word: in place of the state's own."""
        glyph, own, tone = STATES.get(state, (_UNKNOWN[0], state, _UNKNOWN[2]))
        self.show_words(glyph, word or own, tone)

    def show_words(self, glyph: str, word: str, tone: str) -> None:
        """tone: accent, ok, warn, error or muted."""
        self.setText(f"{glyph} {word}")
        self.setAccessibleName(word)
        set_kind(self, tone)
