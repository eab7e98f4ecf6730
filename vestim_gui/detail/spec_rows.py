"""A job's settings as rows to read and to compare, made from the spec's own fields: titles, units and defaults. Pure.

A value is shown as it was asked for: a list of alternatives stays a list. What was not asked for is the default.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vestim_core.spec.errors import VestimError
from vestim_core.spec.grid import to_document
from vestim_core.spec.job import JobSpec, validate_job
from vestim_core.spec.model import METHODS

GROUPS: dict[str, tuple[str, ...]] = {
    "Data": ("data",),
    "Signals and preparation": ("signals", "preparation"),
    "Model": ("model",),
    "Run": ("training", "testing", "max_parallel_tasks"),
}
"""The numbered sections of the form and the parts of the document that stand in each."""
TAGS = ("kind", "step", "method")
ABSENT = "-"


@dataclass(frozen=True)
class Row:
    """One setting. section: what it belongs to within its group (`LSTM`). asked: whether the document names it."""

    path: str
    group: str
    section: str
    label: str
    value: str
    unit: str
    help: str
    asked: bool


@dataclass(frozen=True)
class Difference:
    """A setting that two jobs have not alike, with the value of each."""

    group: str
    section: str
    label: str
    unit: str
    this: str
    other: str


def spec_rows(document: Mapping[str, Any]) -> list[Row]:
    """All settings of a job's document, in the order of the form; what no field knows is shown under its own key."""
    rows: list[Row] = []
    whole = _completed(document)
    for group, parts in GROUPS.items():
        for part in parts:
            field = JobSpec.model_fields[part]
            rows += _of_field(part, field, whole.get(part, _default(field)), part in document, group, "")
    return rows


def _completed(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with the parts that it leaves to their defaults, where it is valid."""
    try:
        return {**validate_job(document).to_document(), **document}
    except VestimError:
        return document


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True, validated_data={})
    return "" if default is PydanticUndefined else to_document(default)


def differences(this: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """The settings that two jobs' documents have not alike, in the order of the form."""
    ours, theirs = ({row.path: row for row in spec_rows(document)} for document in (this, other))
    found = []
    for path in dict.fromkeys([*ours, *theirs]):
        mine, its = ours.get(path), theirs.get(path)
        row = mine or its
        assert row is not None
        values = (mine.value if mine else ABSENT, its.value if its else ABSENT)
        if values[0] != values[1]:
            found.append(Difference(row.group, row.section, row.label, row.unit, *values))
    order = list(GROUPS)
    return sorted(found, key=lambda difference: order.index(difference.group))


def _of_field(path: str, field: FieldInfo, value: Any, asked: bool, group: str, section: str) -> Iterator[Row]:
    members = _models(field.annotation)
    if not members:
        label = field.title or path.rpartition(".")[2].replace("_", " ")
        yield Row(path, group, section, label, _written(value), _unit(field), field.description or "", asked)
        return
    values = value if isinstance(value, list) else [value]
    for number, item in enumerate(values, 1):
        own = f"{path}[{number}]" if len(values) > 1 or _is_list(field.annotation) else path
        yield from _of_model(own, members, item, asked, group, section, field.title or "")


def _of_model(
    path: str, members: list[type[BaseModel]], value: Any, asked: bool, group: str, section: str, title: str
) -> Iterator[Row]:
    tag = next((name for name in TAGS if name in members[0].model_fields and len(members) > 1), "")
    given = dict(value) if isinstance(value, Mapping) else {tag: value} if tag else {}
    kinds = given.get(tag, members[0].model_fields[tag].default) if tag else None
    chosen = [member for member in members if not tag or member.model_fields[tag].default in _listed(kinds)]
    nested = bool(section)
    if tag and nested:
        yield Row(f"{path}.{tag}", group, section, title or tag, _written(kinds), "", "", asked)
    elif tag:
        section = ", ".join(_kind(kind) for kind in _listed(kinds))
    fields = {name: field for member in chosen for name, field in member.model_fields.items() if name != tag}
    for name, field in fields.items():
        inside = given[name] if name in given else _default(field)
        yield from _of_field(f"{path}.{name}", field, inside, asked and name in given, group, section or _heading(path))
    for name in given.keys() - fields.keys() - {tag, "schema_version"}:
        yield Row(f"{path}.{name}", group, section, str(name), _written(given[name]), "", "", asked)


def _kind(kind: Any) -> str:
    """`LSTM`, `Pre roll`: a network goes by its initials."""
    return str(kind).upper() if kind in METHODS else str(kind).replace("_", " ").capitalize()


def _heading(path: str) -> str:
    """`Signals` of `signals`, for a part that is one section."""
    return path.partition(".")[0].capitalize()


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field may hold, one or a list or grid of them; empty for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.UnionType) or get_origin(annotation) in {Union, Annotated}:
        parts = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
        return [model for part in parts for model in _models(part)]
    if get_origin(annotation) is Literal:
        return []
    return [model for part in get_args(annotation) for model in _models(part)]


def _is_list(annotation: Any) -> bool:
    """Whether a field holds a list of models, through a grid too."""
    if get_origin(annotation) is list:
        return bool(_models(annotation))
    inner = get_args(annotation)
    return get_origin(annotation) not in {Annotated, Union, dict, None} and any(map(_is_list, inner))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]


def _unit(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        nested = any(isinstance(item, list | tuple) for item in value)
        return ", ".join(f"[{_written(item)}]" if nested else _written(item) for item in value) or ABSENT
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) or ABSENT
    return str(value) if value not in (None, "") else ABSENT
