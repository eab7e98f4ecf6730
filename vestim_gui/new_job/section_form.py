"""SectionForm: the settings of one section of the spec, with a choice of its kinds.

Built from a schema, so it has every field of the spec. Keys unknown to the spec stay in the document and can be
removed; a value that is not a table is edited as JSON.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vestim_gui.new_job.editors import ChoiceEditor, TextEditor
from vestim_gui.new_job.field_row import FieldRow
from vestim_gui.new_job.field_values import MISSING, selected_members, selected_tags
from vestim_gui.new_job.form_problems import FormProblem, Problem, split_by_field
from vestim_gui.new_job.form_schema import FieldKind, FieldSchema, kind_title
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

INDENT_PX = 16  # two steps of the grid per level
FormPart = Any  # FieldRow | SectionForm | CardList: one interface, but recursive modules


class SectionForm(QWidget):
    """One section. basic: fields always visible, the others are folded; None shows all. excluded: fields edited
    elsewhere. shows_tag: the kind can be chosen here. tag_title: label of that choice."""

    changed = pyqtSignal()

    def __init__(
        self,
        schema: FieldSchema,
        columns: QStringListModel | None = None,
        *,
        basic: Collection[str] | None = None,
        excluded: Collection[str] = (),
        shows_tag: bool = True,
        tag_title: str = "",
        indent: int = 0,
    ) -> None:
        super().__init__()
        self.schema = schema
        self._columns = columns
        self._basic = basic
        self._excluded = set(excluded)
        self._value: dict[str, Any] = {}
        self._tags: list[str] | None = None
        self._narrow = False
        self._trial_count = 0
        self._indent = indent
        self.parts: dict[str, FormPart] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self.tag: FieldRow | None = self._tag_row(tag_title or schema.title, shows_tag) if schema.tag_name else None
        self.json_row = FieldRow(replace(schema, kind=FieldKind.JSON, default=None), title=schema.title)
        self.json_row.changed.connect(self._json_changed)
        self.json_row.hide()
        self._layout.addWidget(self.json_row)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(indent, 0, 0, 0)
        self._body.setSpacing(4)
        self._layout.addLayout(self._body)
        self.fold_button: QPushButton | None = None
        self._folded = QWidget()
        self._folded_layout = QVBoxLayout(self._folded)
        self._folded_layout.setContentsMargins(0, 0, 0, 0)
        self._folded_layout.setSpacing(4)
        self.note = plain_label("", "error", wrap=True)
        self.note.hide()
        self._layout.addWidget(self.note)
        self._removals = QHBoxLayout()
        self._layout.addLayout(self._removals)
        self.set_value(MISSING)

    # --- document

    def value(self) -> Any:
        """The given settings; MISSING for none."""
        if not self.json_row.isHidden():
            return self.json_row.value()
        known_names = {name for member in self.schema.members for field in member.fields for name in [field.name]}
        unknown = {
            name: item for name, item in self._value.items() if name not in known_names and name != self.schema.tag_name
        }
        value = {name: part_value for name, part in self.parts.items() if (part_value := part.value()) is not MISSING}
        tag = self.tag.value() if self.tag is not None else self._value.get(self.schema.tag_name, MISSING)
        tag_setting = {} if tag is MISSING or not self.schema.tag_name else {self.schema.tag_name: tag}
        settings = {**tag_setting, **value, **unknown}
        return settings or MISSING

    def set_value(self, value: Any) -> None:
        """Show settings: a table, the name of a kind, or any other value as JSON."""
        is_json = value is not MISSING and not isinstance(value, dict | str | None)
        if isinstance(value, str):
            value, is_json = (
                {self.schema.tag_name: value} if self.schema.tag_name else value,
                not self.schema.tag_name,
            )
        self.json_row.setVisible(is_json)
        if is_json:
            self.json_row.set_value(value)
        self._value = dict(value) if isinstance(value, dict) else {}
        if self.tag is not None:
            self.tag.set_value(self._value.get(self.schema.tag_name, MISSING))
            self.tag.setVisible(not is_json and (self._shows_tag or not self._has_known_kind()))
        self._build_parts([] if is_json else None)
        for name, part in self.parts.items():
            part.set_value(self._value.get(name, MISSING))
        self._update_fold_button()

    def open_fields(self, names: Collection[str]) -> None:
        """Unfold if one of these fields is folded."""
        if self.fold_button is not None and any(self._is_folded(name) for name in names):
            self.fold_button.setChecked(True)

    def show_problems(self, problems: list[Problem]) -> list[FormProblem]:
        """Show each problem at its field, those of the section below; returns them in the order of the form."""
        by_field, general = split_by_field(problems)
        form_problems: list[FormProblem] = []
        if self.tag is not None:
            form_problems += self.tag.show_problems(by_field.pop(self.schema.tag_name, []))
        for name, part in self.parts.items():
            part_problems = part.show_problems(by_field.pop(name, []))
            if part_problems and self._is_folded(name):
                self.open_fields([name])
            form_problems += part_problems
        if not self.json_row.isHidden():
            all_problems = [*general, *(problem for field_problems in by_field.values() for problem in field_problems)]
            return self.json_row.show_problems(all_problems)
        unknown = {name: field_problems for name, field_problems in by_field.items() if isinstance(name, str)}
        general += [Problem((), f"{name}: {field_problems[0].message}") for name, field_problems in unknown.items()]
        self._offer_removal([name for name in unknown if name in self._value])
        self.note.setText("\n".join(problem.message for problem in general))
        self.note.setVisible(bool(general))
        if general:
            form_problems.append(FormProblem(self._first_widget(), self.schema.title, general[0].message))
        return form_problems

    # --- appearance

    def set_narrow(self, narrow: bool) -> None:
        """Place notes below the editors, or beside them."""
        self._narrow = narrow
        for part in [self.json_row, *([self.tag] if self.tag is not None else []), *self.parts.values()]:
            part.set_narrow(narrow)

    def set_trial_count(self, trial_count: int) -> None:
        """Take the number of trials that the whole job makes."""
        self._trial_count = trial_count
        for part in [*([self.tag] if self.tag is not None else []), *self.parts.values()]:
            part.set_trial_count(trial_count)

    def _tag_row(self, title: str, is_shown: bool) -> FieldRow:
        schema, tags = self.schema, tuple(member.tag for member in self.schema.members)
        default = self.schema.default.get(schema.tag_name) if isinstance(schema.default, dict) else None
        description = schema.description or "Several, with commas between them, make models of each."
        choice = replace(
            schema, name=schema.tag_name, kind=FieldKind.CHOICE, choices=tags, is_text=True, default=default,
            description=description, members=(), annotation=None,
        )  # fmt: skip
        titles = {tag: kind_title(tag) for tag in tags}
        row = FieldRow(choice, title=title, editor=ChoiceEditor(choice, titles))
        row.changed.connect(self._tag_changed)
        self._shows_tag = is_shown
        self._layout.addWidget(row)
        row.setVisible(is_shown)
        return row

    def _has_known_kind(self) -> bool:
        """True if the kind exists; an unknown kind must stay visible."""
        return self.schema.member(self._value.get(self.schema.tag_name, self.schema.members[0].tag)) is not None

    def _tag_changed(self) -> None:
        self._value |= {
            name: part_value for name, part in self.parts.items() if (part_value := part.value()) is not MISSING
        }
        tag = self.tag.value() if self.tag is not None else MISSING
        self._value.pop(self.schema.tag_name, None)
        if tag is not MISSING:
            self._value[self.schema.tag_name] = tag
        self._build_parts()
        for name, part in self.parts.items():
            part.set_value(self._value.get(name, MISSING))
        self.changed.emit()

    def _json_changed(self) -> None:
        if isinstance(value := self.json_row.value(), dict):
            self.set_value(value)
        self.changed.emit()

    def _build_parts(self, tags: list[str] | None = None) -> None:
        """Create the parts of the selected kinds, unless they are there already."""
        tags = selected_tags(self._value, self.schema) if tags is None else tags
        members = selected_members(self._value, self.schema) if tags or not self.schema.tag_name else []
        if not self.json_row.isHidden():
            members = []
        key = [member.tag or member.name for member in members]
        if key == self._tags:
            return
        self._tags = key
        self._clear_parts()
        fields = {field.name: field for member in reversed(members) for field in member.fields}
        names = list(dict.fromkeys(field.name for member in members for field in member.fields))
        for name in sorted(names, key=self._rank):
            if name not in self._excluded:
                self._add_part(fields[name])
        self._add_fold()
        self.set_narrow(self._narrow)
        self.set_trial_count(self._trial_count)

    def _add_part(self, field: FieldSchema) -> None:
        part = create_part(field, self._columns)
        if isinstance(part, FieldRow):
            part.set_indent(self._indent)
        part.changed.connect(self._part_changed)
        self.parts[field.name] = part
        (self._folded_layout if self._is_folded(field.name) else self._body).addWidget(part)

    def _add_fold(self) -> None:
        if not any(map(self._is_folded, self.parts)):
            return
        self.fold_button = QPushButton("")
        self.fold_button.setCheckable(True)
        set_kind(self.fold_button, "link")
        self.fold_button.toggled.connect(self._folded.setVisible)
        self.fold_button.toggled.connect(lambda _: self._update_fold_button())
        self._body.addWidget(self.fold_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._body.addWidget(self._folded)
        self._folded.hide()

    def _part_changed(self) -> None:
        self._update_fold_button()
        self.changed.emit()

    def _rank(self, name: str) -> int:
        """Basic fields in their given order, then the others in the order of the spec."""
        basic = list(self._basic or ())
        return basic.index(name) if name in basic else len(basic)

    def _is_folded(self, name: str) -> bool:
        return self._basic is not None and name not in self._basic

    def _update_fold_button(self) -> None:
        if self.fold_button is None:
            return
        folded = [part for name, part in self.parts.items() if self._is_folded(name)]
        given_count = sum(part.value() is not MISSING for part in folded)
        sign = "▾" if self.fold_button.isChecked() else "▸"
        self.fold_button.setText(
            f"{sign} {len(folded)} more settings" + (f", {given_count} of them given" if given_count else "")
        )

    def _clear_parts(self) -> None:
        for part in self.parts.values():
            part.setParent(None)
            part.deleteLater()
        self.parts = {}
        if self.fold_button is not None:
            self._folded.setParent(None)
            self.fold_button.setParent(None)
            self.fold_button.deleteLater()
            self.fold_button = None

    def _offer_removal(self, names: list[str]) -> None:
        while (item := self._removals.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        for name in names:
            self._removals.addWidget(button(f"Remove {name}", "plain", partial(self._remove_setting, name)))
        if names:
            self._removals.addStretch(1)

    def _remove_setting(self, name: str) -> None:
        self._value.pop(name, None)
        self.changed.emit()

    def _first_widget(self) -> QWidget:
        if self.tag is not None and not self.tag.isHidden():
            return self.tag.editor.core
        for part in self.parts.values():
            return part.editor.core if isinstance(part, FieldRow) else part
        return self


def create_part(field: FieldSchema, columns: QStringListModel | None = None) -> FormPart:
    """The editor of a field: a row, a form of its own, or cards."""
    if field.kind is FieldKind.SECTION:
        return SectionForm(field, columns, indent=INDENT_PX if field.tag_name else 0)
    if field.kind is FieldKind.CARDS:
        from vestim_gui.new_job.card_list import CardList  # imports this module

        return CardList(field, columns)
    if field.kind is FieldKind.JSON:
        return FieldRow(field, editor=TextEditor(field))
    return FieldRow(field, columns)
