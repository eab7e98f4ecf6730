"""Form schema read from the spec's models: fields and kinds that are new in the spec appear in the form by themselves.

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


class FieldKind(StrEnum):
    """Kind of editor. SECTION: settings of one or several kinds, told apart by a tag. CARDS: a list of such settings.
    JSON: any other value."""

    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    SWITCH = "switch"
    LIST = "list"
    MAPPING = "mapping"
    SECTION = "section"
    CARDS = "cards"
    JSON = "json"


@dataclass(frozen=True)
class SectionSchema:
    """One model of the spec. tag: its name within a union, "" for a model on its own."""

    name: str
    tag: str
    title: str
    description: str
    fields: tuple[FieldSchema, ...]


@dataclass(frozen=True)
class FieldSchema:
    """One field.

    annotation: its type, without Grid. default: as a plain value. in_grid: several values may be given, each of which
    makes models. is_text: values are words, not numbers. members: possible sections; tag_name: their field that tells
    them apart.
    """

    name: str
    kind: FieldKind
    title: str
    description: str = ""
    unit: str = ""
    default: Any = None
    in_grid: bool = False
    is_text: bool = False
    choices: tuple[str, ...] = ()
    members: tuple[SectionSchema, ...] = ()
    tag_name: str = ""
    annotation: Any = field(default=None, compare=False)

    def member(self, tag: Any) -> SectionSchema | None:
        """The section with this tag."""
        return next((member for member in self.members if member.tag == tag), None)


def title_of(name: str) -> str:
    """Title of a name in the spec: `moving_average` is `Moving average`."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def kind_title(tag: str) -> str:
    """Title of a kind: names of up to three letters or without vowels are abbreviations (`LSTM`), others are words."""
    if tag.isalpha() and (len(tag) <= 3 or not set(tag) & set("aeiou")):
        return tag.upper()
    return title_of(tag).replace(" soc", " SOC")


@cache
def section_schema(model: type[BaseModel], *, in_grid: bool = False, tag_name: str = "") -> SectionSchema:
    """Fields of a model without its tag."""
    tag = str(model.model_fields[tag_name].default) if tag_name else ""
    fields = tuple(
        field_schema(name, info, in_grid=in_grid)
        for name, info in model.model_fields.items()
        if name not in (tag_name, "schema_version")
    )
    first_line = " ".join((model.__doc__ or "").split("\n\n")[0].split())
    return SectionSchema(model.__name__, tag, kind_title(tag) if tag else model.__name__, first_line, fields)


def field_schema(name: str, info: FieldInfo, *, in_grid: bool = False) -> FieldSchema:
    """One field of a model. in_grid: the model is part of a grid."""
    annotation, inner_grid = unwrap_grid(info.annotation)
    in_grid = in_grid or inner_grid
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    default = info.get_default(call_default_factory=True)
    common: dict[str, Any] = {
        "name": name,
        "title": info.title or title_of(name),
        "description": info.description or "",
        "unit": str(extra.get("unit", "")),
        "default": None if default is PydanticUndefined else to_document(default),
        "in_grid": in_grid,
        "annotation": annotation,
    }
    if members := union_models(annotation):
        return FieldSchema(kind=FieldKind.SECTION, **common, **_sections(members, in_grid))
    if (item := item_type(annotation)) is not None:
        item, item_grid = unwrap_grid(item)
        if members := union_models(item):
            common["in_grid"] = in_grid or item_grid
            return FieldSchema(kind=FieldKind.CARDS, **common, **_sections(members, in_grid or item_grid))
        if item in (str, int, float, bool):
            return FieldSchema(kind=FieldKind.LIST, is_text=item is str, **common)
        return FieldSchema(kind=FieldKind.JSON, **common)
    return FieldSchema(**common, **_single_value(annotation, in_grid))


def _sections(members: tuple[type[BaseModel], ...], in_grid: bool) -> dict[str, Any]:
    tag_name = find_tag_name(members)
    schemas = tuple(section_schema(member, in_grid=in_grid, tag_name=tag_name) for member in members)
    return {"members": schemas, "tag_name": tag_name}


def _single_value(annotation: Any, in_grid: bool) -> dict[str, Any]:
    if get_origin(annotation) is Literal:
        choices = tuple(str(value) for value in get_args(annotation))
        return {"kind": FieldKind.CHOICE, "choices": choices, "is_text": True}
    if annotation is bool:
        return {"kind": FieldKind.CHOICE, "choices": ("true", "false")} if in_grid else {"kind": FieldKind.SWITCH}
    if annotation in (int, float) or _is_number_or_word(annotation):
        return {"kind": FieldKind.NUMBER}
    if annotation is str:
        return {"kind": FieldKind.TEXT, "is_text": True}
    if get_origin(annotation) is dict and get_args(annotation) == (str, str):
        return {"kind": FieldKind.MAPPING}
    return {"kind": FieldKind.JSON}


def _is_number_or_word(annotation: Any) -> bool:
    """True for a number that may be replaced by a word."""
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
    return bool(parts) and all(part in (int, float) or get_origin(part) is Literal for part in parts)


def strip_annotation(annotation: Any) -> Any:
    """A type without pydantic's annotations and without None."""
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


def unwrap_grid(annotation: Any) -> tuple[Any, bool]:
    """A type, and True if it was wrapped in Grid."""
    stripped = strip_annotation(annotation)
    return (strip_annotation(get_args(stripped)[0]), True) if get_origin(stripped) is Grid else (stripped, False)


def union_models(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Models that a type allows; none for a type that is no model."""
    stripped = strip_annotation(annotation)
    parts = (
        [strip_annotation(part) for part in get_args(stripped)]
        if get_origin(stripped) in (Union, types.UnionType)
        else [stripped]
    )
    models = tuple(part for part in parts if isinstance(part, type) and issubclass(part, BaseModel))
    return models if len(models) == len(parts) else ()


def item_type(annotation: Any) -> Any:
    """Item type of a list; None for any other type."""
    return strip_annotation(get_args(annotation)[0]) if get_origin(annotation) is list else None


def find_tag_name(members: tuple[type[BaseModel], ...]) -> str:
    """Name of the field that tells the models of a union apart: the one with a single literal in each."""
    for name, info in members[0].model_fields.items():
        if get_origin(info.annotation) is Literal and len(get_args(info.annotation)) == 1:
            return name
    return ""
