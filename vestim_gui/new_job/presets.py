"""PresetBar: whole settings to start from, one button each, by what they estimate."""

from __future__ import annotations

from html import escape
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vestim_gui.new_job.data_files import quantity_words
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.flow_layout import FlowLayout
from vestim_gui.widgets.plain_label import plain_label

LABEL_PX = 64
WORDS = "A preset fills in everything but the data; change what you like."


class PresetBar(QFrame):
    """chosen: the preset as the service tells it."""

    chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "card")
        self.buttons: dict[str, QPushButton] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.note = plain_label(WORDS, "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(4)
        layout.addLayout(self._rows)
        layout.addWidget(self.note)
        self.hide()

    def offer(self, presets: list[dict[str, Any]]) -> None:
        """Offer these, grouped by target, in their order."""
        for target in dict.fromkeys(str(preset["target"]) for preset in presets):
            words = quantity_words(target)
            label = plain_label(words[:1].upper() + words[1:], "muted")
            label.setFixedWidth(LABEL_PX)
            label.setMinimumHeight(28)
            buttons = FlowLayout()
            for preset in presets:
                if preset["target"] == target:
                    buttons.addWidget(self._button(preset))
            row = QHBoxLayout()
            row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
            row.addLayout(buttons, 1)
            self._rows.addLayout(row)
        self.setVisible(bool(presets))

    def forget(self) -> None:
        """None was taken."""
        self.note.setText(WORDS)

    def tell(self, preset: dict[str, Any]) -> None:
        """Say what a preset is for."""
        self.note.setText(f"{preset['name']}: {preset['description']} Takes {preset['takes']}.")

    def _button(self, preset: dict[str, Any]) -> QPushButton:
        made = QPushButton(str(preset["name"]))
        made.setToolTip(f"<qt>{escape(str(preset['description']))} Takes {escape(str(preset['takes']))}.</qt>")
        made.setAccessibleName(f"Preset {preset['name']} for {quantity_words(str(preset['target']))}")
        made.setAccessibleDescription(str(preset["description"]))
        made.clicked.connect(lambda: self.chosen.emit(preset))
        self.buttons[str(preset["preset_id"])] = made
        return made
