"""Plain values as TOML: single values, and whole job documents with a comment at each setting that is known.

Reading what is written here gives the same values; None, which TOML does not have, is left out.
"""

from __future__ import annotations

import json
import re
from typing import Any, get_args

from vestim_core.spec.data import DataSpec
from vestim_core.spec.model import ModelSpec
from vestim_core.spec.preparation import Step
from vestim_core.spec.section import Section
from vestim_core.spec.signals import SignalsSpec
from vestim_core.spec.testing import TestingSpec
from vestim_core.spec.training import TrainingSpec

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN: dict[str, type[Section]] = {"data": DataSpec, "signals": SignalsSpec, "testing": TestingSpec}
_TAGGED: dict[str, tuple[str, Any]] = {
    "preparation": ("step", Step),
    "model": ("kind", ModelSpec),
    "training": ("method", TrainingSpec),
}
"""Of each section whose settings depend on a kind: the setting that says which, and the union of the kinds."""


def toml_value(value: Any) -> str:
    """`value` on one line: JSON's notation, but for tables."""
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value if item is not None) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def job_toml(document: dict[str, Any], head: str = "") -> str:
    """A job document as TOML. head: lines of comment before it, each beginning with #."""
    tables = {name: value for name, value in document.items() if _is_table(value)}
    first = {name: value for name, value in document.items() if name not in tables}
    parts = [line for line in (head.rstrip("\n"), *_lines(first, None)) if line]
    for name, value in tables.items():
        for table in value if isinstance(value, list) else [value]:
            title = f"[[{_key(name)}]]" if isinstance(value, list) else f"[{_key(name)}]"
            parts += ["", title, *_lines(table, _section_of(name, table))]
    return "\n".join([*parts, ""]).lstrip("\n")


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (
        bool(value) and isinstance(value, list) and all(isinstance(v, dict) for v in value)
    )


def _section_of(name: str, table: dict[str, Any]) -> type[Section] | None:
    """The section of the spec whose settings a table holds, where that is plain."""
    if name in _PLAIN:
        return _PLAIN[name]
    tag, union = _TAGGED.get(name, ("", None))
    kinds: tuple[type[Section], ...] = get_args(get_args(union)[0]) if union else ()
    return next((kind for kind in kinds if kind.model_fields[tag].default == table.get(tag)), None)


def _lines(table: dict[str, Any], section: type[Section] | None) -> list[str]:
    lines = []
    for name, value in table.items():
        field = section.model_fields.get(name) if section else None
        comment = f"  # {field.description}" if field and field.description else ""
        if value is not None:
            lines.append(f"{_key(name)} = {toml_value(value)}{comment}")
    return lines


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml_value(name)
