"""CardList: an ordered list of sections, such as preparation steps or models, one card each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QStringListModel, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from vestim_gui.new_job.field_row import FieldRow
from vestim_gui.new_job.field_values import MISSING, selected_members, selected_tags
from vestim_gui.new_job.form_problems import FormProblem, Problem, split_by_field
from vestim_gui.new_job.form_schema import FieldKind, FieldSchema, kind_title, title_of
from vestim_gui.new_job.section_form import SectionForm
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label


class Card(QFrame):
    """One section with its position, its kind, and buttons to move and remove it."""

    changed = pyqtSignal()

    def __init__(
        self,
        schema: FieldSchema,
        columns: QStringListModel | None,
        basic: Collection[str] | None,
        *,
        shows_tag: bool = True,
    ) -> None:
        super().__init__()
        set_kind(self, "sunken")
        section = replace(schema, kind=FieldKind.SECTION, description="", default=None)
        self.form = SectionForm(section, columns, basic=basic, shows_tag=shows_tag, tag_title=title_of(schema.tag_name))
        self.title = plain_label("", "heading")
        self.help = plain_label("", "muted", wrap=True)
        self.buttons: dict[str, QPushButton] = {}
        self._head = QHBoxLayout()
        self._head.setSpacing(4)
        self._head.addWidget(self.title)
        self._head.addSpacing(8)
        self._head.addWidget(self.help, 100)
        self._head.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addLayout(self._head)
        layout.addWidget(self.form)
        self.form.changed.connect(self.changed)

    def add_button(self, sign: str, tooltip: str, on_click: Callable[[], object]) -> None:
        """Add a small button at the right end of the card's header."""
        icon_button = button(sign, "icon", on_click)
        icon_button.setAccessibleName(tooltip)
        icon_button.setToolTip(tooltip)
        self.buttons[sign] = icon_button
        self._head.addWidget(icon_button)

    def update_title(self, position: int, noun: str) -> None:
        """Show the position in the list (0 for none) and the kind of section."""
        value = self.form.value()
        members = selected_members({} if value is MISSING else value, self.form.schema)
        kinds = (
            ", ".join(member.title for member in members) or ", ".join(selected_tags(value, self.form.schema)) or noun
        )
        self.title.setText(f"{position}  {kinds}" if position else kinds)
        self.help.setText(members[0].description if len(members) == 1 and members[0].tag else "")


class CardList(QWidget):
    """Cards for the sections of a list field.

    noun: what one section is called. is_fixed: sections follow from another field and are not added or removed here.
    keeps_last: the last section cannot be removed.
    """

    changed = pyqtSignal()

    def __init__(
        self,
        schema: FieldSchema,
        columns: QStringListModel | None = None,
        *,
        noun: str = "",
        basic: Collection[str] | None = None,
        is_fixed: bool = False,
        keeps_last: bool = False,
        is_ordered: bool = True,
        shows_tag: bool = True,
    ) -> None:
        super().__init__()
        self.schema = schema
        self._columns, self._basic = columns, basic
        self._noun = noun or schema.title.lower().removesuffix("s")
        self._is_fixed, self._keeps_last, self._is_ordered = is_fixed, keeps_last, is_ordered
        self._shows_tag = shows_tag
        self._narrow, self._trial_count = False, 0
        self.cards: list[Card] = []
        self.json_row = FieldRow(replace(schema, kind=FieldKind.JSON, default=None))
        self.json_row.changed.connect(self.changed)
        self.json_row.hide()
        self.note = plain_label("", "error", wrap=True)
        self.note.hide()
        self.add_button = QPushButton(f"Add {self._noun}")
        if is_fixed:
            self.add_button.hide()
        self._menu = QMenu(self.add_button)
        if schema.tag_name:
            self.add_button.setMenu(self._menu)
            for member in schema.members:
                action = self._menu.addAction(kind_title(member.tag))
                if action is not None:
                    action.setToolTip(member.description)
                    action.triggered.connect(lambda _=False, tag=member.tag: self.add_card(tag))
        else:
            self.add_button.clicked.connect(lambda: self.add_card(""))
        self._cards = QVBoxLayout()
        self._cards.setSpacing(8)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.add_button)
        foot.addStretch(1)
        self.foot = foot
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.json_row)
        layout.addLayout(self._cards)
        layout.addWidget(self.note)
        layout.addLayout(foot)

    # --- document

    def value(self) -> Any:
        """The sections in order; MISSING for none, unless an empty list differs from the default."""
        if not self.json_row.isHidden():
            return self.json_row.value()
        values = [card.form.value() for card in self.cards]
        sections = [{} if value is MISSING else value for value in values]
        return sections if sections or self.schema.default else MISSING

    def set_value(self, value: Any) -> None:
        """Show a list of sections. A single section counts as a list; anything else is edited as JSON."""
        section_types = (Mapping, str) if self.schema.tag_name else (Mapping,)
        items = [] if value is MISSING else [value] if isinstance(value, section_types) else value
        is_json = not isinstance(items, list) or not all(isinstance(item, section_types) for item in items)
        self.json_row.setVisible(is_json)
        self.add_button.setVisible(not is_json and not self._is_fixed)
        if is_json:
            self.json_row.set_value(value)
            items = []
        while len(self.cards) > len(items):
            self._remove_widget(self.cards.pop())
        while len(self.cards) < len(items):
            self._append_card()
        for card, item in zip(self.cards, items, strict=True):
            card.form.set_value(dict(item) if isinstance(item, Mapping) else item)
        self._update_titles()

    def add_card(self, tag: str) -> None:
        """Add a section of a kind at the end, but before a final `normalize` step."""
        values = self._values()
        section = {self.schema.tag_name: tag} if tag else {}
        index = len(values)
        if self.schema.name == "preparation" and values and values[-1].get(self.schema.tag_name) == "normalize":
            index -= 1
        values.insert(index, section)
        self._set_and_focus(values, index)

    def move_card(self, index: int, offset: int) -> None:
        """Swap a section with its neighbor."""
        values, other_index = self._values(), index + offset
        if 0 <= other_index < len(values):
            values[index], values[other_index] = values[other_index], values[index]
            self._set_and_focus(values, other_index)

    def remove_card(self, index: int) -> None:
        """Remove a section."""
        values = self._values()
        del values[index]
        self._set_and_focus(values, min(index, len(values) - 1))

    def show_problems(self, problems: list[Problem]) -> list[FormProblem]:
        """Show each problem in its card, those of the list below the cards."""
        by_field, general = split_by_field(problems)
        if not self.json_row.isHidden():
            return self.json_row.show_problems(problems)
        form_problems = [
            replace(form_problem, label=f"{self._noun.capitalize()} {index + 1}, {form_problem.label}")
            for index, card in enumerate(self.cards)
            for form_problem in card.form.show_problems(by_field.pop(index, []))
        ]
        general += [problem for field_problems in by_field.values() for problem in field_problems]
        self.note.setText("\n".join(problem.message for problem in general))
        self.note.setVisible(bool(general))
        if general:
            form_problems.append(FormProblem(self.add_button, self.schema.title, general[0].message))
        self._update_titles()
        return form_problems

    # --- appearance

    def set_narrow(self, narrow: bool) -> None:
        """Place notes below the editors, or beside them."""
        self._narrow = narrow
        for card in self.cards:
            card.form.set_narrow(narrow)
            card.help.setVisible(not narrow)

    def set_trial_count(self, trial_count: int) -> None:
        """Take the number of trials that the whole job makes."""
        self._trial_count = trial_count
        for card in self.cards:
            card.form.set_trial_count(trial_count)

    def _values(self) -> list[dict[str, Any]]:
        value = self.value()
        return [dict(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def _set_and_focus(self, values: list[dict[str, Any]], focus: int) -> None:
        self.set_value(values)
        self.changed.emit()
        if 0 <= focus < len(self.cards):
            self.cards[focus].form.setFocus()

    def _append_card(self) -> None:
        card = Card(self.schema, self._columns, self._basic, shows_tag=self._shows_tag)
        card.form.set_narrow(self._narrow)
        card.help.setVisible(not self._narrow)
        card.form.set_trial_count(self._trial_count)
        card.changed.connect(self._card_changed)
        if not self._is_fixed:
            if self._is_ordered:
                card.add_button("↑", f"Move {self._noun} up", lambda: self.move_card(self.cards.index(card), -1))
                card.add_button("↓", f"Move {self._noun} down", lambda: self.move_card(self.cards.index(card), 1))
            card.add_button("✕", f"Remove {self._noun}", lambda: self.remove_card(self.cards.index(card)))
        self.cards.append(card)
        self._cards.addWidget(card)

    def _remove_widget(self, card: Card) -> None:
        self._cards.removeWidget(card)
        card.setParent(None)
        card.deleteLater()

    def _card_changed(self) -> None:
        self._update_titles()
        self.changed.emit()

    def _update_titles(self) -> None:
        for index, card in enumerate(self.cards):
            card.update_title(0 if self._is_fixed else index + 1, self._noun)
            for sign, is_enabled in (("↑", index > 0), ("↓", index < len(self.cards) - 1)):
                if sign in card.buttons:
                    card.buttons[sign].setEnabled(is_enabled)
            if "✕" in card.buttons:
                card.buttons["✕"].setEnabled(not self._keeps_last or len(self.cards) > 1)
