"""The line below a form field: its help, or the message of a problem with its value."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QSizePolicy, QWidget

from vestim_gui.theme.style import set_kind, set_style_property


class FieldNote(QLabel):
    """A note on `field`, which also gets the note's text as accessible description and its state as style property."""

    def __init__(self, field: QWidget, help_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = field
        self._help = help_text
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMinimumWidth(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.show_message()

    def show_message(self, message: str = "", kind: str = "error") -> None:
        """Show an error ("error") or a warning ("warn"); without a message, the help text."""
        self.setText(message or self._help)
        if not self.text():
            self.hide()
        elif self.parentWidget() is not None:  # without a parent, show() would open a window
            self.show()
        set_kind(self, kind if message else "muted")
        set_style_property(self._field, "state", kind if message else "")
        self._field.setAccessibleDescription(self.text())
