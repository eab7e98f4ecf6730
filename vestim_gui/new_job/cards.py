"""CardList: a list of sections, such as the steps of the preparation or the models, one card each, in their order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QStringListModel, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from vestim_gui.new_job.field import FieldRow
from vestim_gui.new_job.form import SectionForm
from vestim_gui.new_job.problems import Problem, Stop, split
from vestim_gui.new_job.shape import FieldShape, Kind, kind_title, title_of
from vestim_gui.new_job.values import MISSING, members_for, tags_of
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import button, plain_label


class Card(QFrame):
    """One section with its number, its kind, and buttons to move and remove it."""

    changed = pyqtSignal()

    def __init__(
        self,
        shape: FieldShape,
        columns: QStringListModel | None,
        basic: Collection[str] | None,
        *,
        tag_shown: bool = True,
    ) -> None:
        super().__init__()
        set_kind(self, "sunken")
        one = replace(shape, kind=Kind.SECTION, description="", default=None)
        self.form = SectionForm(one, columns, basic=basic, tag_shown=tag_shown, tag_title=title_of(shape.tag_name))
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

    def add_button(self, sign: str, name: str, clicked: Callable[[], object]) -> None:
        """A small button at the right end of the card's head."""
        made = button(sign, "icon", clicked)
        made.setAccessibleName(name)
        made.setToolTip(name)
        self.buttons[sign] = made
        self._head.addWidget(made)

    def name(self, number: int, noun: str) -> None:
        """Say which of the list it is and of which kind."""
        value = self.form.value()
        members = members_for({} if value is MISSING else value, self.form.shape)
        kinds = ", ".join(member.title for member in members) or ", ".join(tags_of(value, self.form.shape)) or noun
        self.title.setText(f"{number}  {kinds}" if number else kinds)
        self.help.setText(members[0].description if len(members) == 1 and members[0].tag else "")


class CardList(QWidget):
    """noun: what one of them is called. fixed: sections follow from elsewhere and are not added or removed here.
    keep_one: the last one stays."""

    changed = pyqtSignal()

    def __init__(
        self,
        shape: FieldShape,
        columns: QStringListModel | None = None,
        *,
        noun: str = "",
        basic: Collection[str] | None = None,
        fixed: bool = False,
        keep_one: bool = False,
        ordered: bool = True,
        tag_shown: bool = True,
    ) -> None:
        super().__init__()
        self.shape = shape
        self._columns, self._basic = columns, basic
        self._noun = noun or shape.title.lower().removesuffix("s")
        self._fixed, self._keep_one, self._ordered = fixed, keep_one, ordered
        self._tag_shown = tag_shown
        self._narrow, self._total = False, 0
        self.cards: list[Card] = []
        self.json = FieldRow(replace(shape, kind=Kind.OTHER, default=None))
        self.json.changed.connect(self.changed)
        self.json.hide()
        self.note = plain_label("", "error", wrap=True)
        self.note.hide()
        self.add = QPushButton(f"Add {self._noun}")
        if fixed:
            self.add.hide()
        self._menu = QMenu(self.add)
        if shape.tag_name:
            self.add.setMenu(self._menu)
            for member in shape.members:
                action = self._menu.addAction(kind_title(member.tag))
                if action is not None:
                    action.setToolTip(member.description)
                    action.triggered.connect(lambda _=False, tag=member.tag: self.add_one(tag))
        else:
            self.add.clicked.connect(lambda: self.add_one(""))
        self._cards = QVBoxLayout()
        self._cards.setSpacing(8)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.add)
        foot.addStretch(1)
        self.foot = foot
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.json)
        layout.addLayout(self._cards)
        layout.addWidget(self.note)
        layout.addLayout(foot)

    # --- the document's side

    def value(self) -> Any:
        """The sections in their order; MISSING for none, unless none is another thing than the default."""
        if not self.json.isHidden():
            return self.json.value()
        values = [card.form.value() for card in self.cards]
        made = [{} if value is MISSING else value for value in values]
        return made if made or self.shape.default else MISSING

    def set_value(self, value: Any) -> None:
        """Show a list of sections; a single one counts as a list, anything else is edited as JSON."""
        plain = (Mapping, str) if self.shape.tag_name else (Mapping,)
        items = [] if value is MISSING else [value] if isinstance(value, plain) else value
        odd = not isinstance(items, list) or not all(isinstance(item, plain) for item in items)
        self.json.setVisible(odd)
        self.add.setVisible(not odd and not self._fixed)
        if odd:
            self.json.set_value(value)
            items = []
        while len(self.cards) > len(items):
            self._drop(self.cards.pop())
        while len(self.cards) < len(items):
            self._append()
        for card, item in zip(self.cards, items, strict=True):
            card.form.set_value(dict(item) if isinstance(item, Mapping) else item)
        self._name()

    def add_one(self, tag: str) -> None:
        """Add a section of a kind: before a last step that has to be the last, else at the end."""
        values = self._values()
        made = {self.shape.tag_name: tag} if tag else {}
        place = len(values)
        if self.shape.name == "preparation" and values and values[-1].get(self.shape.tag_name) == "normalise":
            place -= 1
        values.insert(place, made)
        self._set(values, place)

    def move_one(self, place: int, by: int) -> None:
        """Swap a section with its neighbour."""
        values, other = self._values(), place + by
        if 0 <= other < len(values):
            values[place], values[other] = values[other], values[place]
            self._set(values, other)

    def remove_one(self, place: int) -> None:
        """Take a section away."""
        values = self._values()
        del values[place]
        self._set(values, min(place, len(values) - 1))

    def show_problems(self, problems: list[Problem]) -> list[Stop]:
        """Show each problem in its card, those of the whole list below."""
        inside, whole = split(problems)
        if not self.json.isHidden():
            return self.json.show_problems(problems)
        stops = [
            replace(stop, words=f"{self._noun.capitalize()} {place + 1}, {stop.words}")
            for place, card in enumerate(self.cards)
            for stop in card.form.show_problems(inside.pop(place, []))
        ]
        whole += [problem for left in inside.values() for problem in left]
        self.note.setText("\n".join(problem.sentence for problem in whole))
        self.note.setVisible(bool(whole))
        if whole:
            stops.append(Stop(self.add, self.shape.title, whole[0].sentence))
        self._name()
        return stops

    # --- the look

    def set_narrow(self, narrow: bool) -> None:
        """Put notes under the editors, or beside them."""
        self._narrow = narrow
        for card in self.cards:
            card.form.set_narrow(narrow)
            card.help.setVisible(not narrow)

    def set_total(self, total: int) -> None:
        """Hear how many models the whole job makes."""
        self._total = total
        for card in self.cards:
            card.form.set_total(total)

    def _values(self) -> list[dict[str, Any]]:
        value = self.value()
        return [dict(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def _set(self, values: list[dict[str, Any]], focus: int) -> None:
        self.set_value(values)
        self.changed.emit()
        if 0 <= focus < len(self.cards):
            self.cards[focus].form.setFocus()

    def _append(self) -> None:
        card = Card(self.shape, self._columns, self._basic, tag_shown=self._tag_shown)
        card.form.set_narrow(self._narrow)
        card.help.setVisible(not self._narrow)
        card.form.set_total(self._total)
        card.changed.connect(self._card_changed)
        if not self._fixed:
            if self._ordered:
                card.add_button("↑", f"Move {self._noun} up", lambda: self.move_one(self.cards.index(card), -1))
                card.add_button("↓", f"Move {self._noun} down", lambda: self.move_one(self.cards.index(card), 1))
            card.add_button("✕", f"Remove {self._noun}", lambda: self.remove_one(self.cards.index(card)))
        self.cards.append(card)
        self._cards.addWidget(card)

    def _drop(self, card: Card) -> None:
        self._cards.removeWidget(card)
        card.setParent(None)
        card.deleteLater()

    def _card_changed(self) -> None:
        self._name()
        self.changed.emit()

    def _name(self) -> None:
        for place, card in enumerate(self.cards):
            card.name(0 if self._fixed else place + 1, self._noun)
            for sign, usable in (("↑", place > 0), ("↓", place < len(self.cards) - 1)):
                if sign in card.buttons:
                    card.buttons[sign].setEnabled(usable)
            if "✕" in card.buttons:
                card.buttons["✕"].setEnabled(not self._keep_one or len(self.cards) > 1)
