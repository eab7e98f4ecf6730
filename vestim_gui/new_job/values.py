"""Between what is typed into a field and the value that a job document holds. Pure.

The spec reads texts by itself where lists make grids, so a text is kept exactly as it was typed until it says nothing
more than its value does; `cleaned` puts values in place of such texts for whatever leaves the form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from vestim_core.spec.grid import MAX_CHOICES, alternatives, parse_lists, parse_text
from vestim_gui.new_job.shape import FieldShape, Kind, SectionShape


class Missing:
    """The value of a field that a document does not name: its default counts."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


def text_of(value: Any) -> str:
    """A value as it is typed: `16, 32`, lists of lists as `64, 32; 128`; what has no such notation as JSON."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value).removesuffix(".0")
    if isinstance(value, list) and all(isinstance(item, list) for item in value) and value:
        return "; ".join(text_of(item) for item in value)
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ", ".join(text_of(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def value_of(text: str, shape: FieldShape) -> Any:
    """What a document holds for a text; MISSING for an empty one. A text that cannot be read stays, so that the spec
    says what is wrong with it."""
    if not text.strip():
        return MISSING
    value = read(text, shape)
    return value if text_of(value) == text or shape.kind in (Kind.MAPPING, Kind.OTHER) else text


def read(text: str, shape: FieldShape) -> Any:
    """The value that a text stands for, whatever it looks like."""
    match shape.kind:
        case Kind.LIST:
            return parse_lists(text, as_text=shape.as_text)
        case Kind.NUMBER:
            value = parse_text(text.strip())
            return text if isinstance(value, list) and not shape.grid else value
        case Kind.CHOICE:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            parts = parts if shape.as_text else [parse_text(part) for part in parts]
            return parts if len(parts) > 1 and shape.grid else parts[0] if parts else text
        case Kind.MAPPING:
            return _mapping(text)
        case Kind.OTHER:
            try:
                return json.loads(text)
            except ValueError:
                return text
    return text


def _mapping(text: str) -> Any:
    """`name = value` in each line; the text itself where a line is none."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not all(sign and name.strip() and value.strip() for name, sign, value in pairs):
        return text
    return {name.strip(): value.strip() for name, _, value in pairs}


def mapping_text(value: Any) -> str:
    """The lines that `read` makes a mapping of."""
    return "\n".join(f"{name} = {item}" for name, item in value.items()) if isinstance(value, dict) else text_of(value)


def json_text(value: Any) -> str:
    """A value as JSON; a text, which was no JSON when it was typed, as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def cleaned(value: Any, shape: FieldShape) -> Any:
    """The same settings without texts that stand for numbers or lists."""
    match shape.kind:
        case Kind.SECTION if isinstance(value, Mapping):
            return _cleaned_section(value, shape)
        case Kind.CARDS if isinstance(value, list):
            return [_cleaned_section(item, shape) if isinstance(item, Mapping) else item for item in value]
        case Kind.LIST | Kind.NUMBER | Kind.CHOICE if isinstance(value, str):
            return read(value, shape)
    return value


def _cleaned_section(value: Mapping[str, Any], shape: FieldShape) -> dict[str, Any]:
    fields = {field.name: field for member in members_for(value, shape) for field in member.fields}
    return {name: cleaned(item, fields[name]) if name in fields else item for name, item in value.items()}


def tags_of(value: Any, shape: FieldShape) -> list[str]:
    """The kinds that settings name: one, or several that make models of their own."""
    if not shape.tag_name:
        return []
    given = value.get(shape.tag_name, MISSING) if isinstance(value, Mapping) else value
    if given is MISSING:
        default = shape.default.get(shape.tag_name) if isinstance(shape.default, dict) else None
        given = default or shape.members[0].tag
    items = given if isinstance(given, list) else str(given).split(",")
    return [str(item).strip() for item in items if str(item).strip()]


def members_for(value: Any, shape: FieldShape) -> list[SectionShape]:
    """The sections whose settings belong to `value`."""
    if not shape.tag_name:
        return list(shape.members)
    return [member for tag in tags_of(value, shape) if (member := shape.member(tag)) is not None]


def count_of(value: Any, shape: FieldShape) -> int:
    """How many values a field of a grid was given; 1 for a field that takes one only."""
    if not shape.grid or value is MISSING or shape.annotation is None:
        return 1
    try:
        return sum(1 for _ in islice(alternatives(shape.annotation, value), MAX_CHOICES + 1))
    except (TypeError, ValueError):
        return 1
