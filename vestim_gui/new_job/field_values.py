"""Conversion between the text in a field and the value in a job document. Pure.

The spec parses texts itself where lists make grids, so a text is kept as typed unless its value formats to the same
text. `parse_texts` replaces such texts by values in documents that leave the form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from vestim_core.spec.grid import MAX_COMBINATIONS, expand_document, parse_lists, parse_values
from vestim_gui.new_job.form_schema import FieldKind, FieldSchema, SectionSchema


class Missing:
    """Value of a field that a document does not name; its default applies."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


def format_value(value: Any) -> str:
    """A value as text: `16, 32`, lists of lists as `64, 32; 128`, JSON for anything without such a notation."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value).removesuffix(".0")
    if isinstance(value, list) and all(isinstance(item, list) for item in value) and value:
        return "; ".join(format_value(item) for item in value)
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ", ".join(format_value(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def parse_field_text(text: str, schema: FieldSchema) -> Any:
    """The document's value of a text; MISSING for an empty one. A text that cannot be parsed is kept, so that the spec
    reports its problem."""
    if not text.strip():
        return MISSING
    value = parse_value(text, schema)
    return value if format_value(value) == text or schema.kind in (FieldKind.MAPPING, FieldKind.JSON) else text


def parse_value(text: str, schema: FieldSchema) -> Any:
    """The value of a text, whatever its notation."""
    match schema.kind:
        case FieldKind.LIST:
            return parse_lists(text, as_text=schema.is_text)
        case FieldKind.NUMBER:
            value = parse_values(text.strip())
            return text if isinstance(value, list) and not schema.in_grid else value
        case FieldKind.CHOICE:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            parts = parts if schema.is_text else [parse_values(part) for part in parts]
            return parts if len(parts) > 1 and schema.in_grid else parts[0] if parts else text
        case FieldKind.MAPPING:
            return _parse_mapping(text)
        case FieldKind.JSON:
            try:
                return json.loads(text)
            except ValueError:
                return text
    return text


def _parse_mapping(text: str) -> Any:
    """`name = value` per line; the text itself if a line has another form."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not all(separator and name.strip() and value.strip() for name, separator, value in pairs):
        return text
    return {name.strip(): value.strip() for name, _, value in pairs}


def mapping_text(value: Any) -> str:
    """A mapping as lines that `parse_value` reads."""
    return (
        "\n".join(f"{name} = {item}" for name, item in value.items())
        if isinstance(value, dict)
        else format_value(value)
    )


def json_text(value: Any) -> str:
    """A value as JSON; a text, which was invalid JSON, as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def parse_texts(value: Any, schema: FieldSchema) -> Any:
    """The same settings with texts for numbers or lists parsed."""
    match schema.kind:
        case FieldKind.SECTION if isinstance(value, Mapping):
            return _parse_section_texts(value, schema)
        case FieldKind.CARDS if isinstance(value, list):
            return [_parse_section_texts(item, schema) if isinstance(item, Mapping) else item for item in value]
        case FieldKind.LIST | FieldKind.NUMBER | FieldKind.CHOICE if isinstance(value, str):
            return parse_value(value, schema)
    return value


def _parse_section_texts(value: Mapping[str, Any], schema: FieldSchema) -> dict[str, Any]:
    fields = {field.name: field for member in selected_members(value, schema) for field in member.fields}
    return {name: parse_texts(item, fields[name]) if name in fields else item for name, item in value.items()}


def selected_tags(value: Any, schema: FieldSchema) -> list[str]:
    """Kinds that the settings name: one, or several that make models of their own."""
    if not schema.tag_name:
        return []
    tag_value = value.get(schema.tag_name, MISSING) if isinstance(value, Mapping) else value
    if tag_value is MISSING:
        default = schema.default.get(schema.tag_name) if isinstance(schema.default, dict) else None
        tag_value = default or schema.members[0].tag
    items = tag_value if isinstance(tag_value, list) else str(tag_value).split(",")
    return [str(item).strip() for item in items if str(item).strip()]


def selected_members(value: Any, schema: FieldSchema) -> list[SectionSchema]:
    """Schemas of the sections selected in `value`."""
    if not schema.tag_name:
        return list(schema.members)
    return [member for tag in selected_tags(value, schema) if (member := schema.member(tag)) is not None]


def count_values(value: Any, schema: FieldSchema) -> int:
    """Number of values given to a field in a grid; 1 for any other field."""
    if not schema.in_grid or value is MISSING or schema.annotation is None:
        return 1
    try:
        return sum(1 for _ in islice(expand_document(schema.annotation, value), MAX_COMBINATIONS + 1))
    except (TypeError, ValueError):
        return 1
