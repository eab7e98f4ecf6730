"""Every field of the spec can be edited on the page.

The spec's models are walked here independently of the form; each field is typed into and looked up in the document.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from vestim_core.spec.grid import Grid
from vestim_core.spec.job import JobSpec
from vestim_gui.context import Context
from vestim_gui.new_job.card_list import CardList
from vestim_gui.new_job.field_row import FieldRow
from vestim_gui.new_job.field_values import MISSING
from vestim_gui.new_job.job_document import expand_document
from vestim_gui.new_job.section_form import SectionForm
from vestim_gui.new_job.sections import Sections


@dataclass(frozen=True)
class Leaf:
    """path: names of fields; `name:tag` for a section of a union. value_type: type of its values."""

    path: tuple[str, ...]
    value_type: Any

    def __str__(self) -> str:
        return ".".join(self.path)


def strip_type(value_type: Any) -> Any:
    while True:
        if get_origin(value_type) is Annotated or get_origin(value_type) is Grid:
            value_type = get_args(value_type)[0]
        elif get_origin(value_type) in (Union, types.UnionType) and type(None) in get_args(value_type):
            (value_type,) = (part for part in get_args(value_type) if part is not type(None))
        else:
            return value_type


def models_of_type(value_type: Any) -> list[type[BaseModel]]:
    value_type = strip_type(value_type)
    parts = get_args(value_type) if get_origin(value_type) in (Union, types.UnionType) else (value_type,)
    stripped = [strip_type(part) for part in parts]
    return [part for part in stripped if isinstance(part, type) and issubclass(part, BaseModel)]


def is_tag_literal(value_type: Any) -> bool:
    return get_origin(strip_type(value_type)) is Literal and len(get_args(strip_type(value_type))) == 1


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        value_type = strip_type(field.annotation)
        if name == "schema_version" or is_tag_literal(value_type):
            continue
        inner = strip_type(get_args(value_type)[0]) if get_origin(value_type) is list else value_type
        members = models_of_type(inner)
        if not members:
            yield Leaf((*path, name), value_type)
        for member in members:
            tags = [info.default for info in member.model_fields.values() if is_tag_literal(info.annotation)]
            step = f"{name}:{tags[0]}" if tags else name
            if tags:
                yield Leaf((*path, step), "tag")
            yield from leaves(member, (*path, step))


LEAVES = list(leaves(JobSpec))


def sample_input(value_type: Any, name: str) -> tuple[str, Any]:
    """Text to type into a field, and the resulting value in the document."""
    if value_type is bool:
        return "true", True
    if value_type in (int, float):
        return "7, 11", [7, 11]
    if get_origin(value_type) is Literal:
        return str(get_args(value_type)[-1]), get_args(value_type)[-1]
    if get_origin(value_type) is dict:
        return ("voltage_V = U[V]", {"voltage_V": "U[V]"}) if get_args(value_type)[1] is str else ('{"a": 1}', {"a": 1})
    if get_origin(value_type) is list:
        return (
            ("one, two", ["one", "two"]) if strip_type(get_args(value_type)[0]) is str else ("8, 4; 16", [[8, 4], [16]])
        )
    return f"my_{name}", f"my_{name}"


def test_the_walk_finds_known_fields() -> None:
    names = set(map(str, LEAVES))
    assert {"name", "data.columns", "signals.features", "testing.baseline", "max_parallel_tasks"} <= names
    assert "preparation:resample.period_s" in names
    assert "training:tbptt.schedule:cosine.final_learning_rate" in names
    assert "training:rows.optimizer:sgd.momentum" in names
    assert "data.repairs.repair.parameters" in names
    assert len(names) > 120


@pytest.mark.parametrize("section", JobSpec.model_fields)
def test_every_field_of_a_section_can_be_edited(section: str, ctx: Context, qtbot: Any) -> None:
    sections = _show_sections(ctx, qtbot)
    for leaf in LEAVES:
        if leaf.path[0].partition(":")[0] == section:
            _edit(sections, leaf)


def _edit(sections: Sections, leaf: Leaf) -> None:
    *parent_path, last_step = leaf.path
    sections.set_document(expand_document(_document_with(leaf.path)))
    part = _descend(sections, parent_path)
    name, _, tag = last_step.partition(":")
    if leaf.value_type == "tag":
        _select_kind(part, name, tag, sections, parent_path)
        return
    if leaf.path[0] == "data" and name in ("train", "validation", "test"):
        sections.data.add(["/a/file.csv"], name)
        assert sections.document()["data"][name] == ["/a/file.csv"]
        return
    row = part[name] if isinstance(part, dict) else part.parts[name]
    assert isinstance(row, FieldRow), f"{leaf} has no line of its own"
    assert row.note.text() or leaf.path[:2] == ("data", "repairs"), f"{leaf} has no line of help"
    text, expected = sample_input(leaf.value_type, name)
    if expected == row.schema.default:
        text, expected = (
            (text, False)
            if leaf.value_type is bool
            else (str(get_args(leaf.value_type)[0]), get_args(leaf.value_type)[0])
        )
    if not row.schema.in_grid and leaf.value_type in (int, float):
        text, expected = "7", 7
    changes: list[None] = []
    sections.changed.connect(lambda: changes.append(None))
    _type(row.editor.core, text)
    assert changes, f"typing into {leaf} is a change"
    assert _value_at(sections.document(), leaf.path) == expected, f"{leaf} is not in the document"


def _show_sections(ctx: Context, qtbot: Any) -> Sections:
    ctx.link.start()
    sections = Sections(ctx)
    qtbot.addWidget(sections)
    sections.show()
    return sections


def _document_with(path: tuple[str, ...]) -> dict[str, Any]:
    """A document with the sections along a path, so that their fields are visible."""
    document: dict[str, Any] = {}
    section: Any = document
    for part in path[:-1]:
        name, _, tag = part.partition(":")
        tag_name = {"preparation": "step", "training": "method"}.get(name, "kind")
        new_section = {tag_name: tag} if tag else {}
        is_list = name in ("preparation", "model", "training", "repairs")
        section[name] = [new_section] if is_list else new_section
        if name == "training":
            document["model"] = [{"kind": "fnn" if tag == "rows" else "lstm"}]
        section = new_section
    return document


def _descend(sections: Sections, path: list[str]) -> Any:
    part: Any = sections.parts
    for step in path:
        name = step.partition(":")[0]
        part = part[name] if isinstance(part, dict) else part.parts[name]
        if name == "data":
            part = part.form
        if isinstance(part, CardList):
            part = part.cards[0].form
        assert isinstance(part, SectionForm)
    return part


def _select_kind(part: Any, name: str, tag: str, sections: Sections, parent_path: list[str]) -> None:
    field = part[name] if isinstance(part, dict) else part.parts[name]
    if isinstance(field, CardList):
        count_before = len(field.cards)
        field.add_card(tag)
        assert len(field.cards) == count_before + 1
        assert any(card.form.value().get(field.schema.tag_name) == tag for card in field.cards)
        return
    assert isinstance(field, SectionForm)
    assert field.tag is not None
    _type(field.tag.editor.core, tag)
    value = _value_at(sections.document(), (*parent_path, name))
    assert value == {"kind": tag}


def _value_at(document: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = document
    for step in path:
        value = value.get(step.partition(":")[0], MISSING)
        value = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
    return value


def _type(core: QWidget, text: str) -> None:
    if isinstance(core, QCheckBox):
        QTest.keyClick(core, Qt.Key.Key_Space)
    elif isinstance(core, QComboBox) and core.lineEdit() is None:
        index = core.findData(text)
        assert index >= 0
        core.setCurrentIndex(index)
        core.activated.emit(index)
    else:
        line = core.lineEdit() if isinstance(core, QComboBox) else core
        assert isinstance(line, QLineEdit | QPlainTextEdit)
        line.selectAll()
        QTest.keyClicks(line, text)
