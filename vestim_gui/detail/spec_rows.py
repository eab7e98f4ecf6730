"""A job's settings as rows to read and to compare, made from the spec's own fields: titles, units and defaults. Pure.

A value is shown as submitted: a list of alternatives stays a list. Settings that the document does not set have their
default.
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
from vestim_core.spec.model import TRAINING_METHODS

GROUPS: dict[str, tuple[str, ...]] = {
    "Data": ("data",),
    "Signals and preparation": ("signals", "preparation"),
    "Model": ("model",),
    "Run": ("training", "testing", "max_parallel_tasks"),
}
"""The sections of the form and the parts of the document that belong to each."""
KIND_FIELDS = ("kind", "step", "method")
NO_VALUE = "-"


@dataclass(frozen=True)
class Row:
    """One setting. section: its part within the group (`LSTM`). is_explicit: the document sets it."""

    path: str
    group: str
    section: str
    label: str
    value: str
    unit: str
    help: str
    is_explicit: bool


@dataclass(frozen=True)
class Difference:
    """A setting that differs between two jobs, with the value of each."""

    group: str
    section: str
    label: str
    unit: str
    this_value: str
    other_value: str


def spec_rows(document: Mapping[str, Any]) -> list[Row]:
    """All settings of a job's document, in the order of the form; unknown keys are shown under their own name."""
    rows: list[Row] = []
    complete_document = _with_defaults(document)
    for group, parts in GROUPS.items():
        for part in parts:
            field = JobSpec.model_fields[part]
            rows += _field_rows(part, field, complete_document.get(part, _default(field)), part in document, group, "")
    return rows


def _with_defaults(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with its default parts filled in, if it is valid."""
    try:
        return {**validate_job(document).to_document(), **document}
    except VestimError:
        return document


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True, validated_data={})
    return "" if default is PydanticUndefined else to_document(default)


def differences(document: Mapping[str, Any], other_document: Mapping[str, Any]) -> list[Difference]:
    """Settings that differ between two jobs' documents, in the order of the form."""
    rows_by_path, other_rows_by_path = (
        {row.path: row for row in spec_rows(job_document)} for job_document in (document, other_document)
    )
    result = []
    for path in dict.fromkeys([*rows_by_path, *other_rows_by_path]):
        own_row, other_row = rows_by_path.get(path), other_rows_by_path.get(path)
        row = own_row or other_row
        assert row is not None
        values = (own_row.value if own_row else NO_VALUE, other_row.value if other_row else NO_VALUE)
        if values[0] != values[1]:
            result.append(Difference(row.group, row.section, row.label, row.unit, *values))
    order = list(GROUPS)
    return sorted(result, key=lambda difference: order.index(difference.group))


def _field_rows(path: str, field: FieldInfo, value: Any, is_explicit: bool, group: str, section: str) -> Iterator[Row]:
    model_types = _model_types(field.annotation)
    if not model_types:
        label = field.title or path.rpartition(".")[2].replace("_", " ")
        yield Row(path, group, section, label, _value_text(value), _unit(field), field.description or "", is_explicit)
        return
    values = value if isinstance(value, list) else [value]
    for index, item in enumerate(values, 1):
        item_path = f"{path}[{index}]" if len(values) > 1 or _is_list(field.annotation) else path
        yield from _model_rows(item_path, model_types, item, is_explicit, group, section, field.title or "")


def _model_rows(
    path: str, model_types: list[type[BaseModel]], value: Any, is_explicit: bool, group: str, section: str, title: str
) -> Iterator[Row]:
    tag = next((name for name in KIND_FIELDS if name in model_types[0].model_fields and len(model_types) > 1), "")
    settings = dict(value) if isinstance(value, Mapping) else {tag: value} if tag else {}
    kinds = settings.get(tag, model_types[0].model_fields[tag].default) if tag else None
    chosen_types = [
        model_type for model_type in model_types if not tag or model_type.model_fields[tag].default in _as_list(kinds)
    ]
    is_nested = bool(section)
    if tag and is_nested:
        yield Row(f"{path}.{tag}", group, section, title or tag, _value_text(kinds), "", "", is_explicit)
    elif tag:
        section = ", ".join(_kind_title(kind) for kind in _as_list(kinds))
    fields = {
        name: field for model_type in chosen_types for name, field in model_type.model_fields.items() if name != tag
    }
    for name, field in fields.items():
        field_value = settings[name] if name in settings else _default(field)
        yield from _field_rows(
            f"{path}.{name}", field, field_value, is_explicit and name in settings, group, section or _heading(path)
        )
    for name in settings.keys() - fields.keys() - {tag, "schema_version"}:
        yield Row(f"{path}.{name}", group, section, str(name), _value_text(settings[name]), "", "", is_explicit)


def _kind_title(kind: Any) -> str:
    """`LSTM`, `Pre roll`: networks are named by their initials."""
    return str(kind).upper() if kind in TRAINING_METHODS else str(kind).replace("_", " ").capitalize()


def _heading(path: str) -> str:
    """`Signals` for `signals`, a part that is one section."""
    return path.partition(".")[0].capitalize()


def _model_types(annotation: Any) -> list[type[BaseModel]]:
    """The model types that a field may hold, alone or in a list or grid; empty for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.UnionType) or get_origin(annotation) in {Union, Annotated}:
        parts = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
        return [model for part in parts for model in _model_types(part)]
    if get_origin(annotation) is Literal:
        return []
    return [model for part in get_args(annotation) for model in _model_types(part)]


def _is_list(annotation: Any) -> bool:
    """True if a field holds a list of models, also within a grid."""
    if get_origin(annotation) is list:
        return bool(_model_types(annotation))
    inner = get_args(annotation)
    return get_origin(annotation) not in {Annotated, Union, dict, None} and any(map(_is_list, inner))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]


def _unit(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        is_nested = any(isinstance(item, list | tuple) for item in value)
        return ", ".join(f"[{_value_text(item)}]" if is_nested else _value_text(item) for item in value) or NO_VALUE
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value_text(item)}" for key, item in value.items()) or NO_VALUE
    return str(value) if value not in (None, "") else NO_VALUE
