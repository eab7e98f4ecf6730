"""The line under a field: help while all is well, else what is wrong with it."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QSizePolicy, QWidget

from vestim_gui.theme.style import set_dress, set_kind


class FieldNote(QLabel):
    """field: is marked and described along with it."""

    def __init__(self, field: QWidget, help_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = field
        self._help = help_text
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMinimumWidth(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.say()

    def say(self, sentence: str = "", kind: str = "error") -> None:
        """Show what is wrong ("error") or doubtful ("warn"); without a sentence, the help again."""
        self.setText(sentence or self._help)
        if not self.text():
            self.hide()
        elif self.parentWidget() is not None:  # without one it would be a window for a moment
            self.show()
        set_kind(self, kind if sentence else "muted")
        set_dress(self._field, "state", kind if sentence else "")
        self._field.setAccessibleDescription(self.text())
