"""PresetBar: complete settings to start from, one button each, grouped by target."""

from __future__ import annotations

from html import escape
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vestim_gui.new_job.job_data_files import quantity_name
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.flow_layout import FlowLayout
from vestim_gui.widgets.plain_label import plain_label

LABEL_PX = 64  # the longest name of a target
HINT_TEXT = "A preset fills in everything but the data; change what you like."


class PresetBar(QFrame):
    """Buttons for presets; hidden until there are any.

    preset_chosen: the preset as the daemon lists it.
    """

    preset_chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_kind(self, "card")
        self.buttons: dict[str, QPushButton] = {}
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.note = plain_label(HINT_TEXT, "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(4)
        layout.addLayout(self._rows)
        layout.addWidget(self.note)
        self.hide()

    def show_presets(self, presets: list[dict[str, Any]]) -> None:
        """Show these presets, grouped by target, in their order."""
        for target in dict.fromkeys(str(preset["target"]) for preset in presets):
            quantity = quantity_name(target)
            label = plain_label(quantity[:1].upper() + quantity[1:], "muted")
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

    def clear(self) -> None:
        """Show the hint: no preset is selected."""
        self.note.setText(HINT_TEXT)

    def show_description(self, preset: dict[str, Any]) -> None:
        """Show the description of a preset."""
        self.note.setText(f"{preset['name']}: {preset['description']} Takes {preset['takes']}.")

    def _button(self, preset: dict[str, Any]) -> QPushButton:
        push_button = QPushButton(str(preset["name"]))
        push_button.setToolTip(f"<qt>{escape(str(preset['description']))} Takes {escape(str(preset['takes']))}.</qt>")
        push_button.setAccessibleName(f"Preset {preset['name']} for {quantity_name(str(preset['target']))}")
        push_button.setAccessibleDescription(str(preset["description"]))
        push_button.clicked.connect(lambda: self.preset_chosen.emit(preset))
        self.buttons[str(preset["preset_id"])] = push_button
        return push_button
