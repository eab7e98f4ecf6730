"""What a form has to show, read off the spec's own models: a field, a kind of step or a kind of model that is new there
has its place in the form by itself.

Pure: pydantic models in, plain descriptions out.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vestim_core.spec.grid import Grid, to_document


class Kind(StrEnum):
    """How a field is edited. SECTION: settings of one or of several kinds, of which a tag names the one that is meant.
    CARDS: a list of such settings. OTHER: anything else, as JSON."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    SWITCH = "switch"
    LIST = "list"
    MAPPING = "mapping"
    SECTION = "section"
    CARDS = "cards"
    OTHER = "other"


@dataclass(frozen=True)
class SectionShape:
    """One model of the spec. tag: the word that names it among others of its union, "" for one that stands alone."""

    name: str
    tag: str
    title: str
    description: str
    fields: tuple[FieldShape, ...]


@dataclass(frozen=True)
class FieldShape:
    """One field.

    annotation: its type, without Grid. default: as a plain value. grid: whether several values may be given, each of
    which makes models. as_text: whether values are words and not numbers. members: the sections that it may hold;
    tag_name: the field of theirs that tells them apart.
    """

    name: str
    kind: Kind
    title: str
    description: str = ""
    unit: str = ""
    default: Any = None
    grid: bool = False
    as_text: bool = False
    choices: tuple[str, ...] = ()
    members: tuple[SectionShape, ...] = ()
    tag_name: str = ""
    annotation: Any = field(default=None, compare=False)

    def member(self, tag: Any) -> SectionShape | None:
        """The section that a tag names."""
        return next((member for member in self.members if member.tag == tag), None)


def title_of(name: str) -> str:
    """A name of the spec in words: `moving_average` is `Moving average`."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def kind_title(tag: str) -> str:
    """A kind's name for people: short names are abbreviations (`LSTM`), others are words."""
    if tag.isalpha() and (len(tag) <= 3 or (len(tag) == 4 and not set(tag) & set("aeiou"))):
        return tag.upper()
    return title_of(tag).replace(" soc", " SOC")


@cache
def section_shape(model: type[BaseModel], *, grid: bool = False, tag_name: str = "") -> SectionShape:
    """The fields of a model, but for its tag."""
    tag = str(model.model_fields[tag_name].default) if tag_name else ""
    fields = tuple(
        field_shape(name, info, grid=grid)
        for name, info in model.model_fields.items()
        if name not in (tag_name, "schema_version")
    )
    first_line = " ".join((model.__doc__ or "").split("\n\n")[0].split())
    return SectionShape(model.__name__, tag, kind_title(tag) if tag else model.__name__, first_line, fields)


def field_shape(name: str, info: FieldInfo, *, grid: bool = False) -> FieldShape:
    """One field of a model. grid: whether the model stands in a grid."""
    annotation, inner_grid = without_grid(info.annotation)
    grid = grid or inner_grid
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    default = info.get_default(call_default_factory=True)
    common: dict[str, Any] = {
        "name": name,
        "title": info.title or title_of(name),
        "description": info.description or "",
        "unit": str(extra.get("unit", "")),
        "default": None if default is PydanticUndefined else to_document(default),
        "grid": grid,
        "annotation": annotation,
    }
    if members := members_of(annotation):
        return FieldShape(kind=Kind.SECTION, **common, **_sections(members, grid))
    if (item := item_type(annotation)) is not None:
        item, item_grid = without_grid(item)
        if members := members_of(item):
            common["grid"] = grid or item_grid
            return FieldShape(kind=Kind.CARDS, **common, **_sections(members, grid or item_grid))
        if item in (str, int, float, bool):
            return FieldShape(kind=Kind.LIST, as_text=item is str, **common)
        return FieldShape(kind=Kind.OTHER, **common)
    return FieldShape(**common, **_single(annotation, grid))


def _sections(members: tuple[type[BaseModel], ...], grid: bool) -> dict[str, Any]:
    tag_name = tag_of(members)
    shapes = tuple(section_shape(member, grid=grid, tag_name=tag_name) for member in members)
    return {"members": shapes, "tag_name": tag_name}


def _single(annotation: Any, grid: bool) -> dict[str, Any]:
    if get_origin(annotation) is Literal:
        choices = tuple(str(value) for value in get_args(annotation))
        return {"kind": Kind.CHOICE, "choices": choices, "as_text": True}
    if annotation is bool:
        return {"kind": Kind.CHOICE, "choices": ("true", "false")} if grid else {"kind": Kind.SWITCH}
    if annotation in (int, float) or _is_number_or_word(annotation):
        return {"kind": Kind.NUMBER}
    if annotation is str:
        return {"kind": Kind.TEXT, "as_text": True}
    if get_origin(annotation) is dict and get_args(annotation) == (str, str):
        return {"kind": Kind.MAPPING}
    return {"kind": Kind.OTHER}


def _is_number_or_word(annotation: Any) -> bool:
    """Whether it is a number, for which a word may stand."""
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
    return bool(parts) and all(part in (int, float) or get_origin(part) is Literal for part in parts)


def plain(annotation: Any) -> Any:
    """A type without what pydantic annotates it with, and without None."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        if get_origin(annotation) in (Union, types.UnionType):
            parts = [part for part in get_args(annotation) if part is not type(None)]
            if len(parts) == 1:
                annotation = parts[0]
                continue
        return annotation


def without_grid(annotation: Any) -> tuple[Any, bool]:
    """A type, and whether it stood in a grid."""
    found = plain(annotation)
    return (plain(get_args(found)[0]), True) if get_origin(found) is Grid else (found, False)


def members_of(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The models that a type allows; none for a type that is no model."""
    found = plain(annotation)
    parts = [plain(part) for part in get_args(found)] if get_origin(found) in (Union, types.UnionType) else [found]
    models = tuple(part for part in parts if isinstance(part, type) and issubclass(part, BaseModel))
    return models if len(models) == len(parts) else ()


def item_type(annotation: Any) -> Any:
    """What a list holds; None for what is no list."""
    return plain(get_args(annotation)[0]) if get_origin(annotation) is list else None


def tag_of(members: tuple[type[BaseModel], ...]) -> str:
    """The field that tells the models of a union apart: the one that has a single word in each of them."""
    for name, info in members[0].model_fields.items():
        if get_origin(info.annotation) is Literal and len(get_args(info.annotation)) == 1:
            return name
    return ""
