"""ColumnsDialog: assigns columns of a file to quantities that were not recognized."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from vestim_core.spec.display_format import unit_symbol
from vestim_core.spec.signals import QUANTITIES
from vestim_gui.new_job.job_data_files import COMMON_QUANTITIES, FileRow, missing_columns_message, quantity_name
from vestim_gui.widgets.plain_label import button, plain_label

_NO_COLUMN = "not in this file"


class ColumnsDialog(QDialog):
    """A dialog for one file, with a combo box per quantity.

    columns_chosen: quantity -> header for the columns assigned here. file_skipped: leave the file out of the job.
    """

    columns_chosen = pyqtSignal(object)
    file_skipped = pyqtSignal()

    def __init__(self, row: FileRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        self.setWindowTitle("Columns")
        self.setMinimumWidth(480)
        prompt = missing_columns_message(row) if row.missing else f'What the columns of "{row.name}" are.'
        self.boxes: dict[str, QComboBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for row_index, name in enumerate(dict.fromkeys([*row.missing, *COMMON_QUANTITIES])):
            self.boxes[name] = self._box(name)
            quantity = quantity_name(name)
            label = plain_label(f"{quantity[:1].upper()}{quantity[1:]}{_unit(name)}")
            label.setBuddy(self.boxes[name])
            grid.addWidget(label, row_index, 0)
            grid.addWidget(self.boxes[name], row_index, 1)
        self.use_button = button("Use these columns", "primary", self._accept_columns)
        self.skip_button = button("Skip file", "plain", self._skip_file)
        self.use_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for push_button in (self.skip_button, button("Cancel", "plain", self.reject), self.use_button):
            buttons.addWidget(push_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addWidget(plain_label(prompt, wrap=True))
        layout.addLayout(grid)
        layout.addWidget(plain_label("Files with the same header are read like this from now on.", "muted", wrap=True))
        layout.addLayout(buttons)
        self._update_use_button()
        if row.missing:
            self.boxes[row.missing[0]].setFocus()

    def columns(self) -> dict[str, str]:
        """Columns that were chosen and differ from the recognized ones."""
        headers = {name: box.currentText() for name, box in self.boxes.items() if box.currentIndex() > 0}
        return {name: header for name, header in headers.items() if self.row.columns.get(name) != header}

    def _box(self, name: str) -> QComboBox:
        box = QComboBox()
        box.addItem(_NO_COLUMN)
        box.addItems(list(self.row.headers))
        header = self.row.columns.get(name)
        box.setCurrentIndex(self.row.headers.index(header) + 1 if header in self.row.headers else 0)
        box.setAccessibleName(f"Column with the {quantity_name(name)}")
        box.currentIndexChanged.connect(lambda _: self._update_use_button())
        return box

    def _update_use_button(self) -> None:
        unassigned = {name for name in self.row.missing if self.boxes[name].currentIndex() == 0}
        if "current_A" not in unassigned:  # SOC can be computed from the current
            unassigned -= {"soc"}
        self.use_button.setEnabled(not unassigned and bool(self.columns()))

    def _accept_columns(self) -> None:
        self.columns_chosen.emit(self.columns())
        self.accept()

    def _skip_file(self) -> None:
        self.file_skipped.emit()
        self.accept()


def _unit(name: str) -> str:
    unit = unit_symbol(QUANTITIES.get(name, ""))
    return f" / {unit}" if unit else ""
