"""FieldRow: one line of the form with label, editor, unit and a note for help or problems."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from vestim_core.spec.display_format import unit_symbol
from vestim_gui.display_numbers import format_count
from vestim_gui.new_job.editors import Editor, editor_for
from vestim_gui.new_job.field_values import count_values, format_value
from vestim_gui.new_job.form_problems import FormProblem, Problem
from vestim_gui.new_job.form_schema import FieldKind, FieldSchema
from vestim_gui.widgets.field_note import FieldNote
from vestim_gui.widgets.plain_label import plain_label

# columns of the form, chosen so that labels and units of the spec fit
LABEL_PX = 136
EDITOR_PX = 216  # a list of several numbers
UNIT_PX = 64
SPACING_PX = 8  # one step of the grid
LINE_PX = 28  # height of a line edit
_WIDE_KINDS = (FieldKind.TEXT, FieldKind.MAPPING, FieldKind.JSON)
"""Text needs more space than numbers."""


class FieldRow(QWidget):
    """One field. `narrow` places the note below the editor instead of beside it."""

    changed = pyqtSignal()

    def __init__(
        self,
        schema: FieldSchema,
        columns: QStringListModel | None = None,
        *,
        title: str = "",
        editor: Editor | None = None,
    ) -> None:
        super().__init__()
        self.schema = schema
        self.title = title or schema.title
        self.editor = editor if editor is not None else editor_for(schema, columns)
        self._trial_count = 0
        unit = unit_symbol(schema.unit)
        self.label: QLabel = plain_label(self.title)
        self.label.setFixedWidth(LABEL_PX)
        self.label.setMinimumHeight(LINE_PX)
        self.label.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self.label.setBuddy(self.editor.core)
        is_wide = not unit and (schema.kind in _WIDE_KINDS or (schema.kind is FieldKind.LIST and schema.is_text))
        self.editor.setFixedWidth(EDITOR_PX + SPACING_PX + UNIT_PX if is_wide else EDITOR_PX)
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
        self._grid.addWidget(self.editor, 0, 1, 1, 2 if is_wide else 1, top)
        if is_wide:
            self.unit.hide()
        else:
            self._grid.addWidget(self.unit, 0, 2, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(self.note, 0, 3)
        self._grid.setColumnStretch(3, 1)
        self.editor.changed.connect(self.changed)

    def value(self) -> Any:
        """The document's value."""
        return self.editor.value()

    def set_value(self, value: Any) -> None:
        """Show a document's value."""
        self.editor.set_value(value)

    def set_narrow(self, narrow: bool) -> None:
        """Place the note below the editor, or beside it."""
        self._grid.removeWidget(self.note)
        self.note.setMinimumHeight(0 if narrow else LINE_PX)
        if narrow:
            self._grid.addWidget(self.note, 1, 1, 1, 3)
        else:
            self._grid.addWidget(self.note, 0, 3)

    def set_indent(self, indent: int) -> None:
        """Indent the label by `indent` px; the editor stays aligned with all others."""
        self.label.setFixedWidth(LABEL_PX - indent)

    def set_trial_count(self, trial_count: int) -> None:
        """Take the number of trials that the whole job makes."""
        self._trial_count = trial_count

    def show_problems(self, problems: list[Problem]) -> list[FormProblem]:
        """Show the first problem, else the number of models that the field makes, else its help."""
        if problems:
            self.note.show_message(problems[0].message)
            return [FormProblem(self.editor.core, self.title, problems[0].message)]
        value_count = count_values(self.value(), self.schema)
        if value_count > 1:
            self.note.show_message(trial_count_text(value_count, self._trial_count), "accent")
        else:
            self.note.show_message()
        return []

    def _help(self) -> str:
        default = format_value(self.schema.default)
        description = self.schema.description.rstrip(".")
        return f"{description}. Default: {default}." if default and description else self.schema.description


def trial_count_text(value_count: int, trial_count: int) -> str:
    """`makes 3 models`, and the number that all lists together make."""
    if trial_count > value_count:
        return f"{format_count(value_count)} values: all lists together make {format_count(trial_count)} models"
    return f"makes {format_count(value_count)} models"
