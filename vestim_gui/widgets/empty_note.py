"""What stands where there is nothing yet: why, and what to do now."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from vestim_gui.widgets.plain_label import button, plain_label


class EmptyNote(QWidget):
    """A heading, a sentence and buttons in the middle. actions: words and what they do, the first is the main one."""

    def __init__(
        self,
        heading: str,
        sentence: str = "",
        actions: tuple[tuple[str, Callable[[], object]], ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._heading = plain_label(heading, "heading")
        self._sentence = plain_label(sentence, "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(1)
        for label in (self._heading, self._sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        row = QHBoxLayout()
        row.addStretch(1)
        for place, (words, act) in enumerate(actions):
            row.addWidget(button(words, "plain" if place else "primary", act))
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(1)

    def say(self, heading: str, sentence: str = "") -> None:
        """Say something else."""
        self._heading.setText(heading)
        self._sentence.setText(sentence)
