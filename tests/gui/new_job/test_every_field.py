"""Every field of the spec can be edited on the page: the models of the spec are walked here once more, by themselves,
and each field is typed into as a user does and looked for in the document."""

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
from vestim_gui.new_job.cards import CardList
from vestim_gui.new_job.document import opened
from vestim_gui.new_job.field import FieldRow
from vestim_gui.new_job.form import SectionForm
from vestim_gui.new_job.sections import Sections
from vestim_gui.new_job.values import MISSING


@dataclass(frozen=True)
class Leaf:
    """path: names of fields; `name:tag` for the section of a union that a tag names. kind: the type of its values."""

    path: tuple[str, ...]
    kind: Any

    def __str__(self) -> str:
        return ".".join(self.path)


def bare(kind: Any) -> Any:
    while True:
        if get_origin(kind) is Annotated or get_origin(kind) is Grid:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
            (kind,) = (part for part in get_args(kind) if part is not type(None))
        else:
            return kind


def models_in(kind: Any) -> list[type[BaseModel]]:
    kind = bare(kind)
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    found = [bare(part) for part in parts]
    return [part for part in found if isinstance(part, type) and issubclass(part, BaseModel)]


def one_word(kind: Any) -> bool:
    return get_origin(bare(kind)) is Literal and len(get_args(bare(kind))) == 1


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        kind = bare(field.annotation)
        if name == "schema_version" or one_word(kind):
            continue
        inner = bare(get_args(kind)[0]) if get_origin(kind) is list else kind
        members = models_in(inner)
        if not members:
            yield Leaf((*path, name), kind)
        for member in members:
            tags = [info.default for info in member.model_fields.values() if one_word(info.annotation)]
            step = f"{name}:{tags[0]}" if tags else name
            if tags:
                yield Leaf((*path, step), "tag")
            yield from leaves(member, (*path, step))


LEAVES = list(leaves(JobSpec))


def typed(kind: Any, name: str) -> tuple[str, Any]:
    """What is typed into a field, and the value that the document has then."""
    if kind is bool:
        return "true", True
    if kind in (int, float):
        return "7, 11", [7, 11]
    if get_origin(kind) is Literal:
        return str(get_args(kind)[-1]), get_args(kind)[-1]
    if get_origin(kind) is dict:
        return ("voltage_V = U[V]", {"voltage_V": "U[V]"}) if get_args(kind)[1] is str else ('{"a": 1}', {"a": 1})
    if get_origin(kind) is list:
        return ("one, two", ["one", "two"]) if bare(get_args(kind)[0]) is str else ("8, 4; 16", [[8, 4], [16]])
    return f"my_{name}", f"my_{name}"


def test_the_walk_finds_what_it_should() -> None:
    names = set(map(str, LEAVES))
    assert {"name", "data.columns", "signals.features", "testing.baseline", "max_parallel_tasks"} <= names
    assert "preparation:resample.period_s" in names
    assert "training:streams.schedule:cosine.final_learning_rate" in names
    assert "training:rows.optimizer:sgd.momentum" in names
    assert "data.repairs.repair.parameters" in names
    assert len(names) > 120


@pytest.mark.parametrize("section", JobSpec.model_fields)
def test_every_field_of_a_section_can_be_edited(section: str, ctx: Context, qtbot: Any) -> None:
    sections = _sections(ctx, qtbot)
    for leaf in LEAVES:
        if leaf.path[0].partition(":")[0] == section:
            _edit(sections, leaf)


def _edit(sections: Sections, leaf: Leaf) -> None:
    *above, last = leaf.path
    sections.set_document(opened(_document_with(leaf.path)))
    part = _descend(sections, above)
    name, _, tag = last.partition(":")
    if leaf.kind == "tag":
        _choose_kind(part, name, tag, sections, above)
        return
    if leaf.path[0] == "data" and name in ("train", "validation", "test"):
        sections.data.add(["/a/file.csv"], name)
        assert sections.document()["data"][name] == ["/a/file.csv"]
        return
    row = part[name] if isinstance(part, dict) else part.parts[name]
    assert isinstance(row, FieldRow), f"{leaf} has no line of its own"
    assert row.note.text() or leaf.path[:2] == ("data", "repairs"), f"{leaf} has no line of help"
    text, expected = typed(leaf.kind, name)
    if expected == row.shape.default:
        text, expected = (text, False) if leaf.kind is bool else (str(get_args(leaf.kind)[0]), get_args(leaf.kind)[0])
    if not row.shape.grid and leaf.kind in (int, float):
        text, expected = "7", 7
    changes: list[None] = []
    sections.changed.connect(lambda: changes.append(None))
    _type(row.editor.core, text)
    assert changes, f"typing into {leaf} is a change"
    assert _value_at(sections.document(), leaf.path) == expected, f"{leaf} is not in the document"


def _sections(ctx: Context, qtbot: Any) -> Sections:
    ctx.link.start()
    made = Sections(ctx)
    qtbot.addWidget(made)
    made.show()
    return made


def _document_with(path: tuple[str, ...]) -> dict[str, Any]:
    """A document that has the sections along a path, so that their fields are shown."""
    document: dict[str, Any] = {}
    place: Any = document
    for part in path[:-1]:
        name, _, tag = part.partition(":")
        tag_name = {"preparation": "step", "training": "method"}.get(name, "kind")
        made = {tag_name: tag} if tag else {}
        listed = name in ("preparation", "model", "training", "repairs")
        place[name] = [made] if listed else made
        if name == "training":
            document["model"] = [{"kind": "fnn" if tag == "rows" else "lstm"}]
        place = made
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


def _choose_kind(part: Any, name: str, tag: str, sections: Sections, above: list[str]) -> None:
    field = part[name] if isinstance(part, dict) else part.parts[name]
    if isinstance(field, CardList):
        before = len(field.cards)
        field.add_one(tag)
        assert len(field.cards) == before + 1
        assert any(card.form.value().get(field.shape.tag_name) == tag for card in field.cards)
        return
    assert isinstance(field, SectionForm)
    assert field.tag is not None
    _type(field.tag.editor.core, tag)
    inside = _value_at(sections.document(), (*above, name))
    assert inside == {"kind": tag}


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
        place = core.findData(text)
        assert place >= 0
        core.setCurrentIndex(place)
        core.activated.emit(place)
    else:
        line = core.lineEdit() if isinstance(core, QComboBox) else core
        assert isinstance(line, QLineEdit | QPlainTextEdit)
        line.selectAll()
        QTest.keyClicks(line, text)
