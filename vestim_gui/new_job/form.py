"""SectionForm: the settings of one section of the spec, with the kinds that it may be of.

Made from a shape, so that it has every field that the spec has. Keys that the spec does not know stay in the document
and can be removed; a value that is no table at all is edited as JSON.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from vestim_gui.new_job.editors import ChoiceEditor, TextEditor
from vestim_gui.new_job.field import FieldRow
from vestim_gui.new_job.problems import Problem, Stop, split
from vestim_gui.new_job.shape import FieldShape, Kind, kind_title
from vestim_gui.new_job.values import MISSING, members_for, tags_of
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label

INDENT = 16
Part = Any  # FieldRow | SectionForm | CardList: they have the same face, and cards hold forms that hold cards


class SectionForm(QWidget):
    """basic: fields that are always shown; the others are folded away; None shows all. leave_out: fields that are
    edited elsewhere. tag_shown: whether the kind can be chosen here. tag_title: what the choice is called."""

    changed = pyqtSignal()

    def __init__(
        self,
        shape: FieldShape,
        columns: QStringListModel | None = None,
        *,
        basic: Collection[str] | None = None,
        leave_out: Collection[str] = (),
        tag_shown: bool = True,
        tag_title: str = "",
        indent: int = 0,
    ) -> None:
        super().__init__()
        self.shape = shape
        self._columns = columns
        self._basic = basic
        self._left_out = set(leave_out)
        self._value: dict[str, Any] = {}
        self._tags: list[str] | None = None
        self._narrow = False
        self._total = 0
        self._indent = indent
        self.parts: dict[str, Part] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self.tag: FieldRow | None = self._tag_row(tag_title or shape.title, tag_shown) if shape.tag_name else None
        self.json = FieldRow(replace(shape, kind=Kind.OTHER, default=None), title=shape.title)
        self.json.changed.connect(self._json_changed)
        self.json.hide()
        self._layout.addWidget(self.json)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(indent, 0, 0, 0)
        self._body.setSpacing(4)
        self._layout.addLayout(self._body)
        self.fold: QPushButton | None = None
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

    # --- the document's side

    def value(self) -> Any:
        """The settings that were given; MISSING for none."""
        if not self.json.isHidden():
            return self.json.value()
        known = {name for member in self.shape.members for field in member.fields for name in [field.name]}
        kept = {name: item for name, item in self._value.items() if name not in known and name != self.shape.tag_name}
        value = {name: given for name, part in self.parts.items() if (given := part.value()) is not MISSING}
        tag = self.tag.value() if self.tag is not None else self._value.get(self.shape.tag_name, MISSING)
        head = {} if tag is MISSING or not self.shape.tag_name else {self.shape.tag_name: tag}
        whole = {**head, **value, **kept}
        return whole or MISSING

    def set_value(self, value: Any) -> None:
        """Show settings: a table, the name of a kind alone, or anything else as JSON."""
        odd = value is not MISSING and not isinstance(value, dict | str | None)
        if isinstance(value, str):
            value, odd = {self.shape.tag_name: value} if self.shape.tag_name else value, not self.shape.tag_name
        self.json.setVisible(odd)
        if odd:
            self.json.set_value(value)
        self._value = dict(value) if isinstance(value, dict) else {}
        if self.tag is not None:
            self.tag.set_value(self._value.get(self.shape.tag_name, MISSING))
            self.tag.setVisible(not odd and (self._tag_shown or not self._has_one_kind()))
        self._build([] if odd else None)
        for name, part in self.parts.items():
            part.set_value(self._value.get(name, MISSING))
        self._tell_folded()

    def open_fields(self, names: Collection[str]) -> None:
        """Unfold when one of these fields is folded away."""
        if self.fold is not None and any(self._is_folded(name) for name in names):
            self.fold.setChecked(True)

    def show_problems(self, problems: list[Problem]) -> list[Stop]:
        """Show each problem at its field, those of the whole below; the stops in the order of the form."""
        inside, whole = split(problems)
        stops: list[Stop] = []
        if self.tag is not None:
            stops += self.tag.show_problems(inside.pop(self.shape.tag_name, []))
        for name, part in self.parts.items():
            found = part.show_problems(inside.pop(name, []))
            if found and self._is_folded(name):
                self.open_fields([name])
            stops += found
        if not self.json.isHidden():
            all_left = [*whole, *(problem for left in inside.values() for problem in left)]
            return self.json.show_problems(all_left)
        unknown = {name: left for name, left in inside.items() if isinstance(name, str)}
        whole += [Problem((), f"{name}: {left[0].sentence}") for name, left in unknown.items()]
        self._offer_removal([name for name in unknown if name in self._value])
        self.note.setText("\n".join(problem.sentence for problem in whole))
        self.note.setVisible(bool(whole))
        if whole:
            stops.append(Stop(self._first_core(), self.shape.title, whole[0].sentence))
        return stops

    # --- the look

    def set_narrow(self, narrow: bool) -> None:
        """Put notes under the editors, or beside them."""
        self._narrow = narrow
        for part in [self.json, *([self.tag] if self.tag is not None else []), *self.parts.values()]:
            part.set_narrow(narrow)

    def set_total(self, total: int) -> None:
        """Hear how many models the whole job makes."""
        self._total = total
        for part in [*([self.tag] if self.tag is not None else []), *self.parts.values()]:
            part.set_total(total)

    def _tag_row(self, title: str, shown: bool) -> FieldRow:
        shape, tags = self.shape, tuple(member.tag for member in self.shape.members)
        default = self.shape.default.get(shape.tag_name) if isinstance(shape.default, dict) else None
        words = shape.description or "Several, with commas between them, make models of each."
        choice = replace(
            shape, name=shape.tag_name, kind=Kind.CHOICE, choices=tags, as_text=True, default=default,
            description=words, members=(), annotation=None,
        )  # fmt: skip
        titles = {tag: kind_title(tag) for tag in tags}
        row = FieldRow(choice, title=title, editor=ChoiceEditor(choice, titles))
        row.changed.connect(self._tag_changed)
        self._tag_shown = shown
        self._layout.addWidget(row)
        row.setVisible(shown)
        return row

    def _has_one_kind(self) -> bool:
        """Whether the kind is one that there is; else it has to be seen."""
        return self.shape.member(self._value.get(self.shape.tag_name, self.shape.members[0].tag)) is not None

    def _tag_changed(self) -> None:
        self._value |= {name: given for name, part in self.parts.items() if (given := part.value()) is not MISSING}
        tag = self.tag.value() if self.tag is not None else MISSING
        self._value.pop(self.shape.tag_name, None)
        if tag is not MISSING:
            self._value[self.shape.tag_name] = tag
        self._build()
        for name, part in self.parts.items():
            part.set_value(self._value.get(name, MISSING))
        self.changed.emit()

    def _json_changed(self) -> None:
        if isinstance(value := self.json.value(), dict):
            self.set_value(value)
        self.changed.emit()

    def _build(self, tags: list[str] | None = None) -> None:
        """Make the parts for the kinds that are chosen; what stands for them already is left alone."""
        tags = tags_of(self._value, self.shape) if tags is None else tags
        members = members_for(self._value, self.shape) if tags or not self.shape.tag_name else []
        if not self.json.isHidden():
            members = []
        key = [member.tag or member.name for member in members]
        if key == self._tags:
            return
        self._tags = key
        self._clear()
        fields = {field.name: field for member in reversed(members) for field in member.fields}
        names = list(dict.fromkeys(field.name for member in members for field in member.fields))
        for name in sorted(names, key=self._rank):
            if name not in self._left_out:
                self._add(fields[name])
        self._lay_fold()
        self.set_narrow(self._narrow)
        self.set_total(self._total)

    def _add(self, field: FieldShape) -> None:
        part = part_for(field, self._columns)
        if isinstance(part, FieldRow):
            part.set_indent(self._indent)
        part.changed.connect(self._part_changed)
        self.parts[field.name] = part
        (self._folded_layout if self._is_folded(field.name) else self._body).addWidget(part)

    def _lay_fold(self) -> None:
        if not any(map(self._is_folded, self.parts)):
            return
        self.fold = QPushButton("")
        self.fold.setCheckable(True)
        set_kind(self.fold, "link")
        self.fold.toggled.connect(self._folded.setVisible)
        self.fold.toggled.connect(lambda _: self._tell_folded())
        self._body.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        self._body.addWidget(self._folded)
        self._folded.hide()

    def _part_changed(self) -> None:
        self._tell_folded()
        self.changed.emit()

    def _rank(self, name: str) -> int:
        """Basic fields come in the order in which they were named, then the others as the spec has them."""
        basic = list(self._basic or ())
        return basic.index(name) if name in basic else len(basic)

    def _is_folded(self, name: str) -> bool:
        return self._basic is not None and name not in self._basic

    def _tell_folded(self) -> None:
        if self.fold is None:
            return
        folded = [part for name, part in self.parts.items() if self._is_folded(name)]
        given = sum(part.value() is not MISSING for part in folded)
        sign = "▾" if self.fold.isChecked() else "▸"
        self.fold.setText(f"{sign} {len(folded)} more settings" + (f", {given} of them given" if given else ""))

    def _clear(self) -> None:
        for part in self.parts.values():
            part.setParent(None)
            part.deleteLater()
        self.parts = {}
        if self.fold is not None:
            self._folded.setParent(None)
            self.fold.setParent(None)
            self.fold.deleteLater()
            self.fold = None

    def _offer_removal(self, names: list[str]) -> None:
        while (item := self._removals.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        for name in names:
            self._removals.addWidget(button(f"Remove {name}", "plain", partial(self._remove, name)))
        if names:
            self._removals.addStretch(1)

    def _remove(self, name: str) -> None:
        self._value.pop(name, None)
        self.changed.emit()

    def _first_core(self) -> QWidget:
        if self.tag is not None and not self.tag.isHidden():
            return self.tag.editor.core
        for part in self.parts.values():
            return part.editor.core if isinstance(part, FieldRow) else part
        return self


def part_for(field: FieldShape, columns: QStringListModel | None = None) -> Part:
    """What edits a field: a line, a form of its own, or cards."""
    if field.kind is Kind.SECTION:
        return SectionForm(field, columns, indent=INDENT if field.tag_name else 0)
    if field.kind is Kind.CARDS:
        from vestim_gui.new_job.cards import CardList  # cards hold forms

        return CardList(field, columns)
    if field.kind is Kind.OTHER:
        return FieldRow(field, editor=TextEditor(field))
    return FieldRow(field, columns)
