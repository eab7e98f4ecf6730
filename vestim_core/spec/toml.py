"""Write plain values as TOML: single values, and job documents with a comment for every known setting.

Reading the text gives the same values. None, which TOML does not have, is omitted.
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

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SECTIONS: dict[str, type[Section]] = {"data": DataSpec, "signals": SignalsSpec, "testing": TestingSpec}
_SECTIONS_WITH_KINDS: dict[str, tuple[str, Any]] = {
    "preparation": ("step", Step),
    "model": ("kind", ModelSpec),
    "training": ("method", TrainingSpec),
}
"""Sections whose settings depend on a kind: the setting that selects the kind, and the union of all kinds."""


def toml_value(value: Any) -> str:
    """Format `value` on one line, in JSON notation except for tables."""
    if isinstance(value, dict):
        pairs = (f"{_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value if item is not None) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def job_toml(document: dict[str, Any], head: str = "") -> str:
    """Format a job document as TOML. head: comment lines to put before it, each starting with #."""
    tables = {name: value for name, value in document.items() if _is_table(value)}
    root_values = {name: value for name, value in document.items() if name not in tables}
    parts = [line for line in (head.rstrip("\n"), *_lines(root_values, None)) if line]
    for name, value in tables.items():
        for table in value if isinstance(value, list) else [value]:
            title = f"[[{_key(name)}]]" if isinstance(value, list) else f"[{_key(name)}]"
            parts += ["", title, *_lines(table, _find_section(name, table))]
    return "\n".join([*parts, ""]).lstrip("\n")


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (
        bool(value) and isinstance(value, list) and all(isinstance(v, dict) for v in value)
    )


def _find_section(name: str, table: dict[str, Any]) -> type[Section] | None:
    """Find the spec section that defines a table's settings; None if unknown."""
    if name in _SECTIONS:
        return _SECTIONS[name]
    tag, union = _SECTIONS_WITH_KINDS.get(name, ("", None))
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
    return name if _BARE_KEY.fullmatch(name) else toml_value(name)
