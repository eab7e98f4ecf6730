"""The form of a whole job: a name and four numbered sections, made from the fields of the spec."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QMenu, QPushButton, QVBoxLayout, QWidget

from vestim_core.spec.grid import to_document
from vestim_core.spec.preparation_presets import PRESETS, Preset
from vestim_core.spec.signals import QUANTITIES
from vestim_gui.context import Context
from vestim_gui.new_job.cards import CardList
from vestim_gui.new_job.data_section import DataSection
from vestim_gui.new_job.document import FIELDS, Document, training_for
from vestim_gui.new_job.form import Part, part_for
from vestim_gui.new_job.problems import Problem, Stop, split
from vestim_gui.new_job.values import MISSING
from vestim_gui.widgets.plain_label import button, plain_label

BASIC_TRAINING = ("max_epochs", "patience", "learning_rate", "batch_rows", "batch_windows", "streams", "repetitions")
BASIC_MODEL = ("sizes", "activation", "dropout")
_TITLES = {
    "1  Data": ("data",),
    "2  Signals and preparation": ("signals", "preparation"),
    "3  Model": ("model",),
}
_LAST = "4  Run"
_HEADINGS = {"preparation": "Preparation, step by step", "training": "Training", "testing": "Testing"}


class Sections(QWidget):
    """parts: what edits each field of a job, by its name; a field that is new in the spec stands in the last section.
    changed: the user changed something."""

    changed = pyqtSignal()

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._kept: Document = {}
        self.columns = QStringListModel(list(QUANTITIES), self)
        self.parts: dict[str, Part] = {name: self._part(name) for name in FIELDS}
        self.data: DataSection = self.parts["data"]
        self.cards: dict[str, QFrame] = {}
        self.note = plain_label("", "error", wrap=True)
        self.note.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self.note)
        self.remove = button("Remove what there is not", "plain", self.remove_unknown)
        self.remove.hide()
        self._layout.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignLeft)
        placed = {"name", *(name for names in _TITLES.values() for name in names)}
        for title, names in {**_TITLES, _LAST: tuple(name for name in FIELDS if name not in placed)}.items():
            self._add_card(title, names)
        for name, part in self.parts.items():
            part.changed.connect(lambda name=name: self._part_changed(name))
        self._offer_steps()

    # --- the document's side

    def document(self) -> Document:
        """What was typed so far, valid or not."""
        given = {name: value for name, part in self.parts.items() if (value := part.value()) is not MISSING}
        return {**given, **self._kept}

    def set_document(self, document: Document) -> None:
        """Show a document, as `opened` gives it."""
        self._kept = {name: value for name, value in document.items() if name not in FIELDS}
        for name, part in self.parts.items():
            part.set_value(document.get(name, MISSING))

    def show_problems(self, problems: list[Problem]) -> list[Stop]:
        """Show each problem where it is; the stops in the order of the form."""
        inside, whole = split(problems)
        stops: list[Stop] = []
        for name in ("name", *(name for name in self._order if name != "name")):
            stops += self.parts[name].show_problems(inside.pop(name, []))
        whole += [Problem((), f"{name}: {left[0].sentence}") for name, left in inside.items()]
        self.note.setText("\n".join(problem.sentence for problem in whole))
        self.note.setVisible(bool(whole))
        self.remove.setVisible(bool(self._kept))
        first = [Stop(self.parts["model"].add, "The job", problem.sentence) for problem in whole]
        return [*first, *stops]

    # --- the look

    def set_narrow(self, narrow: bool) -> None:
        """Put notes under the editors, or beside them."""
        for part in self.parts.values():
            part.set_narrow(narrow)

    def set_total(self, total: int) -> None:
        """Hear how many models the whole job makes."""
        for part in self.parts.values():
            part.set_total(total)

    def remove_unknown(self) -> None:
        """Forget the sections that the spec does not have."""
        self._kept = {}
        self.changed.emit()

    # --- inside

    @property
    def _order(self) -> list[str]:
        placed = [name for names in _TITLES.values() for name in names]
        return [*placed, *(name for name in FIELDS if name not in placed)]

    def _part(self, name: str) -> Part:
        shape = FIELDS[name]
        if name == "data":
            return DataSection(self._ctx)
        if name == "preparation":
            return CardList(shape, self.columns, noun="step", tag_shown=False)
        if name == "model":
            return CardList(shape, noun="model", basic=BASIC_MODEL, keep_one=True, ordered=False)
        if name == "training":
            return CardList(shape, noun="training", basic=BASIC_TRAINING, keep_one=True, ordered=False)
        return part_for(shape, self.columns)

    def _part_changed(self, name: str) -> None:
        if name == "model":
            training = self.parts["training"]
            given = training.value()
            fitting = training_for(self.parts["model"].value(), [] if given is MISSING else given)
            if fitting != given:
                training.set_value(fitting)
        self.changed.emit()

    def _add_card(self, title: str, names: tuple[str, ...]) -> None:
        card = QFrame()
        card.setProperty("kind", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.setSpacing(8)
        inside.addWidget(plain_label(title, "heading"))
        for name in names:
            if name in _HEADINGS:
                inside.addSpacing(8)
                inside.addWidget(plain_label(_HEADINGS[name], "muted"))
            inside.addWidget(self.parts[name])
        self.cards[title] = card
        self._layout.addWidget(card)

    def _offer_steps(self) -> None:
        """Whole lists of steps for common needs."""
        steps: CardList = self.parts["preparation"]
        made = QPushButton("Steps for common needs")
        menu = QMenu(made)
        menu.setToolTipsVisible(True)
        for preset in PRESETS:
            if (action := menu.addAction(preset.title)) is not None:
                action.setToolTip(preset.description)
                action.triggered.connect(lambda _=False, preset=preset: self.take_steps(preset))
        made.setMenu(menu)
        steps.foot.insertWidget(1, made)

    def take_steps(self, preset: Preset) -> None:
        """Take a preset's steps, and the inputs that go with them."""
        self.parts["preparation"].set_value([to_document(step) for step in preset.steps])
        signals: Any = self.parts["signals"].value()
        kept = signals if isinstance(signals, dict) else {}
        target = kept.get("target", "voltage_V")
        self.parts["signals"].set_value(
            {**kept, "features": [name for name in preset.features if name != target]}
        )  # fmt: skip
        self.changed.emit()
