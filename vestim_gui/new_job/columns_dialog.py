"""ColumnsDialog: asks which of a file's columns is a quantity that was not found, with what the file has."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from vestim_core.spec.figures import written
from vestim_core.spec.signals import QUANTITIES
from vestim_gui.new_job.data_files import USUAL, FileRow, missing_sentence, quantity_words
from vestim_gui.widgets.plain_label import button, plain_label

_NONE = "not in this file"


class ColumnsDialog(QDialog):
    """chosen: canonical name = name in the file, for those that were chosen here. skipped: leave the file out."""

    chosen = pyqtSignal(object)
    skipped = pyqtSignal()

    def __init__(self, row: FileRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        self.setWindowTitle("Columns")
        self.setMinimumWidth(480)
        sentence = missing_sentence(row) if row.missing else f'What the columns of "{row.name}" are.'
        self.boxes: dict[str, QComboBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for place, name in enumerate(dict.fromkeys([*row.missing, *USUAL])):
            self.boxes[name] = self._box(name)
            words = quantity_words(name)
            label = plain_label(f"{words[:1].upper()}{words[1:]}{_unit(name)}")
            label.setBuddy(self.boxes[name])
            grid.addWidget(label, place, 0)
            grid.addWidget(self.boxes[name], place, 1)
        self.use = button("Use these columns", "primary", self._use)
        self.skip = button("Skip file", "plain", self._skip)
        self.use.setDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for made in (self.skip, button("Cancel", "plain", self.reject), self.use):
            buttons.addWidget(made)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addWidget(plain_label(sentence, wrap=True))
        layout.addLayout(grid)
        layout.addWidget(plain_label("Files with the same header are read like this from now on.", "muted", wrap=True))
        layout.addLayout(buttons)
        self._look()
        if row.missing:
            self.boxes[row.missing[0]].setFocus()

    def columns(self) -> dict[str, str]:
        """What was chosen and differs from what was found."""
        chosen = {name: box.currentText() for name, box in self.boxes.items() if box.currentIndex() > 0}
        return {name: header for name, header in chosen.items() if self.row.columns.get(name) != header}

    def _box(self, name: str) -> QComboBox:
        box = QComboBox()
        box.addItem(_NONE)
        box.addItems(list(self.row.headers))
        found = self.row.columns.get(name)
        box.setCurrentIndex(self.row.headers.index(found) + 1 if found in self.row.headers else 0)
        box.setAccessibleName(f"Column with the {quantity_words(name)}")
        box.currentIndexChanged.connect(lambda _: self._look())
        return box

    def _look(self) -> None:
        left = {name for name in self.row.missing if self.boxes[name].currentIndex() == 0}
        if "current_A" not in left:  # SOC can be counted then
            left -= {"soc"}
        self.use.setEnabled(not left and bool(self.columns()))

    def _use(self) -> None:
        self.chosen.emit(self.columns())
        self.accept()

    def _skip(self) -> None:
        self.skipped.emit()
        self.accept()


def _unit(name: str) -> str:
    unit = written(QUANTITIES.get(name, ""))
    return f" / {unit}" if unit else ""
