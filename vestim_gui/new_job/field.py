"""One line of the form: label, editor, unit, and a note that is help while all is well, else what is wrong."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from vestim_core.spec.figures import written
from vestim_gui.new_job.editors import Editor, editor_for
from vestim_gui.new_job.problems import Problem, Stop
from vestim_gui.new_job.shape import FieldShape, Kind
from vestim_gui.new_job.values import count_of, text_of
from vestim_gui.numbers import count
from vestim_gui.widgets.field_note import FieldNote
from vestim_gui.widgets.plain_label import plain_label

LABEL_PX = 136
EDITOR_PX = 216
UNIT_PX = 48
SPACING_PX = 8
LINE_PX = 28
_WIDE = (Kind.TEXT, Kind.MAPPING, Kind.OTHER)
"""Words need more room than numbers."""


class FieldRow(QWidget):
    """`narrow` puts the note below the editor instead of beside it."""

    changed = pyqtSignal()

    def __init__(
        self,
        shape: FieldShape,
        columns: QStringListModel | None = None,
        *,
        title: str = "",
        editor: Editor | None = None,
    ) -> None:
        super().__init__()
        self.shape = shape
        self.title = title or shape.title
        self.editor = editor if editor is not None else editor_for(shape, columns)
        self._total = 0
        unit = written(shape.unit)
        self.label: QLabel = plain_label(self.title)
        self.label.setFixedWidth(LABEL_PX)
        self.label.setMinimumHeight(LINE_PX)
        self.label.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self.label.setBuddy(self.editor.core)
        wide = not unit and (shape.kind in _WIDE or (shape.kind is Kind.LIST and shape.as_text))
        self.editor.setFixedWidth(EDITOR_PX + SPACING_PX + UNIT_PX if wide else EDITOR_PX)
        self.editor.core.setAccessibleName(f"{self.title} in {unit}" if unit else self.title)
        self.unit = plain_label(unit, "muted", parent=self)
        self.unit.setFixedWidth(UNIT_PX)
        self.note = FieldNote(self.editor.core, self._help())
        self.note.setMinimumHeight(LINE_PX)
        self.note.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACING_PX)
        self._grid.setVerticalSpacing(0)
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(self.label, 0, 0, top)
        self._grid.addWidget(self.editor, 0, 1, 1, 2 if wide else 1, top)
        if wide:
            self.unit.hide()
        else:
            self._grid.addWidget(self.unit, 0, 2, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(self.note, 0, 3)
        self._grid.setColumnStretch(3, 1)
        self.editor.changed.connect(self.changed)

    def value(self) -> Any:
        """What the document holds."""
        return self.editor.value()

    def set_value(self, value: Any) -> None:
        """Show a value of a document."""
        self.editor.set_value(value)

    def set_narrow(self, narrow: bool) -> None:
        """Put the note under the editor, or beside it."""
        self._grid.removeWidget(self.note)
        self.note.setMinimumHeight(0 if narrow else LINE_PX)
        if narrow:
            self._grid.addWidget(self.note, 1, 1, 1, 3)
        else:
            self._grid.addWidget(self.note, 0, 3)

    def set_indent(self, indent: int) -> None:
        """Stand so much to the right, with the editor in line with all others."""
        self.label.setFixedWidth(LABEL_PX - indent)

    def set_total(self, total: int) -> None:
        """Hear how many models the whole job makes; told where this field makes several."""
        self._total = total

    def show_problems(self, problems: list[Problem]) -> list[Stop]:
        """Show the first of the problems, or how many models the field makes, or its help."""
        if problems:
            self.note.say(problems[0].sentence)
            return [Stop(self.editor.core, self.title, problems[0].sentence)]
        values = count_of(self.value(), self.shape)
        self.note.say(models_words(values, self._total), "accent") if values > 1 else self.note.say()
        return []

    def _help(self) -> str:
        default = text_of(self.shape.default)
        words = self.shape.description.rstrip(".")
        return f"{words}. Default: {default}." if default and words else self.shape.description


def models_words(values: int, total: int) -> str:
    """`makes 3 models`, and how many all lists together make."""
    if total > values:
        return f"{count(values)} values: all lists together make {count(total)} models"
    return f"makes {count(values)} models"
