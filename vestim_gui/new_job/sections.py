"""The form of a whole job: a name and four numbered sections, built from the fields of the spec."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import QStringListModel, Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QMenu, QPushButton, QVBoxLayout, QWidget

from vestim_core.spec.grid import to_document
from vestim_core.spec.preparation_presets import PREPARATION_PRESETS, PreparationPreset
from vestim_core.spec.signals import QUANTITIES
from vestim_gui.context import Context
from vestim_gui.new_job.card_list import CardList
from vestim_gui.new_job.data_section import DataSection
from vestim_gui.new_job.field_values import MISSING
from vestim_gui.new_job.form_problems import FormProblem, Problem, split_by_field
from vestim_gui.new_job.job_document import JOB_FIELDS, Document, match_training
from vestim_gui.new_job.section_form import FormPart, create_part
from vestim_gui.widgets.plain_label import button, plain_label

# fields always visible; the others are folded
BASIC_TRAINING = (
    "max_epochs", "patience", "learning_rate", "batch_size", "sequence_length", "lookback", "repetitions",
)  # fmt: skip
BASIC_MODEL = ("sizes", "activation", "dropout")
_FIELDS_BY_TITLE = {
    "1  Data": ("data",),
    "2  Signals and preparation": ("signals", "preparation"),
    "3  Model": ("model",),
}
_REMAINING_TITLE = "4  Run"
_HEADINGS = {"preparation": "Preparation, step by step", "training": "Training", "testing": "Testing"}


class Sections(QWidget):
    """Editors of all fields of a job, in numbered cards.

    parts: editor of each field by name; a field new in the spec is placed in the last card. changed: edited by the
    user.
    """

    changed = pyqtSignal()

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._unknown_sections: Document = {}
        self.columns = QStringListModel(list(QUANTITIES), self)
        self.parts: dict[str, FormPart] = {name: self._create_field_part(name) for name in JOB_FIELDS}
        self.data: DataSection = self.parts["data"]
        self.cards: dict[str, QFrame] = {}
        self.note = plain_label("", "error", wrap=True)
        self.note.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self.note)
        self.remove_button = button("Remove what there is not", "plain", self.remove_unknown)
        self.remove_button.hide()
        self._layout.addWidget(self.remove_button, 0, Qt.AlignmentFlag.AlignLeft)
        placed_names = {"name", *(name for names in _FIELDS_BY_TITLE.values() for name in names)}
        for title, names in {
            **_FIELDS_BY_TITLE,
            _REMAINING_TITLE: tuple(name for name in JOB_FIELDS if name not in placed_names),
        }.items():
            self._add_card(title, names)
        for name, part in self.parts.items():
            part.changed.connect(lambda name=name: self._part_changed(name))
        self._add_step_menu()

    # --- document

    def document(self) -> Document:
        """The document as edited, valid or not."""
        settings = {name: value for name, part in self.parts.items() if (value := part.value()) is not MISSING}
        return {**settings, **self._unknown_sections}

    def set_document(self, document: Document) -> None:
        """Show a document from `expand_document`."""
        self._unknown_sections = {name: value for name, value in document.items() if name not in JOB_FIELDS}
        for name, part in self.parts.items():
            part.set_value(document.get(name, MISSING))

    def show_problems(self, problems: list[Problem]) -> list[FormProblem]:
        """Show each problem at its field; returns them in the order of the form."""
        by_field, general = split_by_field(problems)
        form_problems: list[FormProblem] = []
        for name in ("name", *(name for name in self._order if name != "name")):
            form_problems += self.parts[name].show_problems(by_field.pop(name, []))
        general += [Problem((), f"{name}: {field_problems[0].message}") for name, field_problems in by_field.items()]
        self.note.setText("\n".join(problem.message for problem in general))
        self.note.setVisible(bool(general))
        self.remove_button.setVisible(bool(self._unknown_sections))
        general_problems = [
            FormProblem(self.parts["model"].add_button, "The job", problem.message) for problem in general
        ]
        return [*general_problems, *form_problems]

    # --- appearance

    def set_narrow(self, narrow: bool) -> None:
        """Place notes below the editors, or beside them."""
        for part in self.parts.values():
            part.set_narrow(narrow)

    def set_trial_count(self, trial_count: int) -> None:
        """Take the number of trials that the whole job makes."""
        for part in self.parts.values():
            part.set_trial_count(trial_count)

    def remove_unknown(self) -> None:
        """Remove sections that the spec does not have."""
        self._unknown_sections = {}
        self.changed.emit()

    # --- internals

    @property
    def _order(self) -> list[str]:
        placed_names = [name for names in _FIELDS_BY_TITLE.values() for name in names]
        return [*placed_names, *(name for name in JOB_FIELDS if name not in placed_names)]

    def _create_field_part(self, name: str) -> FormPart:
        schema = JOB_FIELDS[name]
        if name == "data":
            return DataSection(self._ctx)
        if name == "preparation":
            return CardList(schema, self.columns, noun="step", shows_tag=False)
        if name == "model":
            return CardList(schema, noun="model", basic=BASIC_MODEL, keeps_last=True, is_ordered=False)
        if name == "training":
            return CardList(schema, noun="training", basic=BASIC_TRAINING, keeps_last=True, is_ordered=False)
        return create_part(schema, self.columns)

    def _part_changed(self, name: str) -> None:
        if name == "model":
            training = self.parts["training"]
            training_value = training.value()
            matched = match_training(self.parts["model"].value(), [] if training_value is MISSING else training_value)
            if matched != training_value:
                training.set_value(matched)
        self.changed.emit()

    def _add_card(self, title: str, names: tuple[str, ...]) -> None:
        card = QFrame()
        card.setProperty("kind", "card")
        card_layout = QVBoxLayout(card)
        card_layout.setContentsMargins(16, 12, 16, 12)
        card_layout.setSpacing(8)
        card_layout.addWidget(plain_label(title, "heading"))
        for name in names:
            if name in _HEADINGS:
                card_layout.addSpacing(8)
                card_layout.addWidget(plain_label(_HEADINGS[name], "muted"))
            card_layout.addWidget(self.parts[name])
        self.cards[title] = card
        self._layout.addWidget(card)

    def _add_step_menu(self) -> None:
        """Add a menu of step lists for common needs."""
        steps: CardList = self.parts["preparation"]
        push_button = QPushButton("Steps for common needs")
        menu = QMenu(push_button)
        menu.setToolTipsVisible(True)
        for preset in PREPARATION_PRESETS:
            if (action := menu.addAction(preset.title)) is not None:
                action.setToolTip(preset.description)
                action.triggered.connect(lambda _=False, preset=preset: self.apply_steps(preset))
        push_button.setMenu(menu)
        steps.foot.insertWidget(1, push_button)

    def apply_steps(self, preset: PreparationPreset) -> None:
        """Apply a preset's steps and the inputs that go with them."""
        self.parts["preparation"].set_value([to_document(step) for step in preset.steps])
        signals: Any = self.parts["signals"].value()
        signals_section = signals if isinstance(signals, dict) else {}
        target = signals_section.get("target", "voltage_V")
        self.parts["signals"].set_value(
            {**signals_section, "features": [name for name in preset.features if name != target]}
        )  # fmt: skip
        self.changed.emit()
