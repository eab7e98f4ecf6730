"""NotesCard: settings of a PyBattML file that have no counterpart here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label


class NotesCard(QFrame):
    """A card of notes on an opened file; hidden until there are notes, and once closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "card")
        self.heading = plain_label("", "heading", wrap=True)
        self.list = plain_label("", wrap=True)
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(button("Close", "link", self.hide))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.list)
        self.hide()

    def show_notes(self, path: str, notes: Sequence[dict[str, Any]]) -> None:
        """Show the notes on a file. notes: `{key, message}` as the daemon lists them."""
        summary = "all settings were taken" if not notes else "these of its keys are no setting here or another one"
        self.heading.setText(f"Settings from {Path(path).name}: {summary}")
        self.list.setText("\n".join(f"{note['key']}: {note['message']}." for note in notes))
        self.list.setVisible(bool(notes))
        self.show()
