"""Fields new in the spec appear in the form by themselves: kinds of steps, fields of every type, whole sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from vestim_core.spec.grid import Grid
from vestim_core.spec.section import Section, unit
from vestim_gui.new_job.card_list import CardList
from vestim_gui.new_job.field_row import FieldRow
from vestim_gui.new_job.form_schema import FieldKind, section_schema
from vestim_gui.new_job.section_form import create_part


class ExistingStep(Section):
    step: Literal["former"] = "former"


class InnerSection(Section):
    share: float = Field(0.5, title="Share", description="A part.")


class NewStep(Section):
    """A step that nobody has thought of yet."""

    step: Literal["brand_new"] = "brand_new"
    length_m: float | None = Field(None, gt=0, title="Length", description="How long.", json_schema_extra=unit("m"))
    on: bool = Field(False, title="On", description="Whether.")
    shape: Literal["round", "square"] = Field("round", title="Shape", description="Which.")
    names: list[str] = Field([], title="Names", description="Who.")
    inner: InnerSection = Field(InnerSection(), title="Inside", description="What is inside.")


class NewSpec(Section):
    steps: Grid[list[Annotated[ExistingStep | NewStep, Field(discriminator="step")]]]
    note: str = Field("", title="Note", description="Words.")
    table: dict[str, Any] = Field({}, title="Table", description="Anything.")


SCHEMA = section_schema(NewSpec)


def test_each_field_gets_its_kind_of_editor() -> None:
    assert {field.name: field.kind for field in SCHEMA.fields} == {
        "steps": FieldKind.CARDS,
        "note": FieldKind.TEXT,
        "table": FieldKind.JSON,
    }
    new_step = SCHEMA.fields[0].member("brand_new")
    assert new_step is not None
    assert (new_step.title, new_step.description) == ("Brand new", "A step that nobody has thought of yet.")
    kinds = {field.name: (field.kind, field.in_grid) for field in new_step.fields}
    assert kinds == {
        "length_m": (FieldKind.NUMBER, True),
        "on": (FieldKind.CHOICE, True),
        "shape": (FieldKind.CHOICE, True),
        "names": (FieldKind.LIST, True),
        "inner": (FieldKind.SECTION, True),
    }


@pytest.fixture
def steps(qtbot: QtBot) -> CardList:
    part = create_part(SCHEMA.fields[0])
    assert isinstance(part, CardList)
    qtbot.addWidget(part)
    part.show()
    return part


def test_a_new_kind_of_step_can_be_added_and_filled_in(steps: CardList) -> None:
    steps.add_card("brand_new")
    parts = steps.cards[0].form.parts
    length = parts["length_m"]
    assert isinstance(length, FieldRow)
    assert (length.label.text(), length.unit.text(), length.note.text()) == ("Length", "m", "How long.")
    QTest.keyClicks(length.editor.core, "1, 2")
    QTest.keyClicks(parts["inner"].parts["share"].editor.core, "0.25")
    assert steps.value() == [{"step": "brand_new", "length_m": [1, 2], "inner": {"share": 0.25}}]
    assert [action.text() for action in steps.add_button.menu().actions()] == ["Former", "Brand new"]  # type: ignore[union-attr]


def test_a_whole_section_may_be_new(qtbot: QtBot) -> None:
    for field in SCHEMA.fields:
        part = create_part(field)
        qtbot.addWidget(part)
        part.set_value({"steps": [{"step": "former"}], "note": "x", "table": {"a": [1]}}[field.name])
        assert part.value() == {"steps": [{"step": "former"}], "note": "x", "table": {"a": [1]}}[field.name]
