"""What is new in the spec has its place in the form by itself: kinds of steps, fields of every type, whole sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from vestim_core.spec.grid import Grid
from vestim_core.spec.section import Section, unit
from vestim_gui.new_job.cards import CardList
from vestim_gui.new_job.field import FieldRow
from vestim_gui.new_job.form import part_for
from vestim_gui.new_job.shape import Kind, section_shape


class Old(Section):
    step: Literal["former"] = "former"


class Inner(Section):
    share: float = Field(0.5, title="Share", description="A part.")


class New(Section):
    """A step that nobody has thought of yet."""

    step: Literal["brand_new"] = "brand_new"
    length_m: float | None = Field(None, gt=0, title="Length", description="How long.", json_schema_extra=unit("m"))
    on: bool = Field(False, title="On", description="Whether.")
    shape: Literal["round", "square"] = Field("round", title="Shape", description="Which.")
    names: list[str] = Field([], title="Names", description="Who.")
    inner: Inner = Field(Inner(), title="Inside", description="What is inside.")


class Spec(Section):
    steps: Grid[list[Annotated[Old | New, Field(discriminator="step")]]]
    note: str = Field("", title="Note", description="Words.")
    table: dict[str, Any] = Field({}, title="Table", description="Anything.")


SHAPE = section_shape(Spec)


def test_each_field_has_the_kind_that_it_needs() -> None:
    assert {field.name: field.kind for field in SHAPE.fields} == {
        "steps": Kind.CARDS,
        "note": Kind.TEXT,
        "table": Kind.OTHER,
    }
    new = SHAPE.fields[0].member("brand_new")
    assert new is not None
    assert (new.title, new.description) == ("Brand new", "A step that nobody has thought of yet.")
    kinds = {field.name: (field.kind, field.grid) for field in new.fields}
    assert kinds == {
        "length_m": (Kind.NUMBER, True),
        "on": (Kind.CHOICE, True),
        "shape": (Kind.CHOICE, True),
        "names": (Kind.LIST, True),
        "inner": (Kind.SECTION, True),
    }


@pytest.fixture
def steps(qtbot: QtBot) -> CardList:
    made = part_for(SHAPE.fields[0])
    assert isinstance(made, CardList)
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_new_kind_of_step_can_be_added_and_filled_in(steps: CardList) -> None:
    steps.add_one("brand_new")
    parts = steps.cards[0].form.parts
    length = parts["length_m"]
    assert isinstance(length, FieldRow)
    assert (length.label.text(), length.unit.text(), length.note.text()) == ("Length", "m", "How long.")
    QTest.keyClicks(length.editor.core, "1, 2")
    QTest.keyClicks(parts["inner"].parts["share"].editor.core, "0.25")
    assert steps.value() == [{"step": "brand_new", "length_m": [1, 2], "inner": {"share": 0.25}}]
    assert [action.text() for action in steps.add.menu().actions()] == ["Former", "Brand new"]  # type: ignore[union-attr]


def test_a_whole_section_may_be_new(qtbot: QtBot) -> None:
    for field in SHAPE.fields:
        made = part_for(field)
        qtbot.addWidget(made)
        made.set_value({"steps": [{"step": "former"}], "note": "x", "table": {"a": [1]}}[field.name])
        assert made.value() == {"steps": [{"step": "former"}], "note": "x", "table": {"a": [1]}}[field.name]
