"""What is known of each vendor's files, as data: one TOML file each, beside this module or in a folder of the user's.

A file says how the vendor is recognised (`[recognise]`), what it calls each quantity (`[columns]`, the better name
first), units that hide in names (`[units]`), which columns count time within a step or give the date (`[time]`), which
letters of a state column give the current its sign (`[state]`), and where the records lie (`[sheets]`, `[mat]`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from vestim_core.data.readers.names import folded, key
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.signals import QUANTITIES

PLAIN = "plain"
_SECTIONS = {
    "recognise": {"headers", "preamble", "suffixes", "requires_suffix", "literal"},
    "columns": {*QUANTITIES, "step_type"},
    "columns_with_unit": set(QUANTITIES),
    "units": None,
    "current": {"positive"},
    "time": {"date", "step_time", "format"},
    "state": {"charge", "discharge", "rest"},
    "sheets": {"data"},
    "mat": {"structs"},
}


@dataclass(frozen=True)
class Vendor:
    """One vendor's habits. Names are kept as keys (letters and digits in lower case)."""

    name: str
    title: str
    headers: tuple[frozenset[str], ...] = ()
    literal: bool = False
    preamble: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    requires_suffix: bool = False
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns_with_unit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    discharge_positive: bool = False
    date: tuple[str, ...] = ()
    step_time: tuple[str, ...] = ()
    time_format: str = ""
    states: Mapping[str, int] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    structs: tuple[str, ...] = ()


def vendors(extra: Path | None = None) -> tuple[Vendor, ...]:
    """All vendors: the user's from the folder `extra` first, then those that come along, `plain` last.

    One of the user's replaces the one of the same name. Raises wrong_input for a file that is no vendor's description.
    """
    own = [read_vendor(path) for path in vendor_files(extra)]
    names = {vendor.name for vendor in own}
    return (*own, *(vendor for vendor in _built_in() if vendor.name not in names))


def vendor_files(extra: Path | None) -> list[Path]:
    """The vendor files in a folder of the user's, by name; none when there is no such folder."""
    return sorted(extra.glob("*.toml")) if extra is not None and extra.is_dir() else []


@cache
def _built_in() -> tuple[Vendor, ...]:
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".toml")]
    all_of_them = [_vendor(tomllib.loads(file.read_text(encoding="utf-8")), file.name) for file in files]
    return tuple(sorted(all_of_them, key=lambda vendor: (vendor.name == PLAIN, vendor.name)))


def read_vendor(path: Path) -> Vendor:
    """The vendor that a file describes."""
    try:
        return _vendor(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise wrong_input(f'The vendor file "{path.name}" cannot be read: {error}.', place=str(path)) from None


def _vendor(record: dict[str, Any], file: str) -> Vendor:
    _check(record, file)
    known, time = record.get("recognise", {}), record.get("time", {})
    fold = folded if known.get("literal") else key
    letters = (("charge", 1), ("discharge", -1), ("rest", 0))
    return Vendor(
        name=record["name"],
        title=record.get("title", record["name"]),
        headers=tuple(frozenset(map(fold, group)) for group in known.get("headers", ())),
        literal=bool(known.get("literal")),
        preamble=tuple(word.casefold() for word in known.get("preamble", ())),
        suffixes=tuple(known.get("suffixes", ())),
        requires_suffix=bool(known.get("requires_suffix")),
        columns=_keys(record.get("columns", {})),
        columns_with_unit=_keys(record.get("columns_with_unit", {})),
        units={key(name): unit.strip() for name, unit in record.get("units", {}).items()},
        discharge_positive=record.get("current", {}).get("positive") == "discharge",
        date=tuple(map(key, time.get("date", ()))),
        step_time=tuple(map(key, time.get("step_time", ()))),
        time_format=time.get("format", ""),
        states={folded(word): sign for kind, sign in letters for word in record.get("state", {}).get(kind, ())},
        sheets=tuple(record.get("sheets", {}).get("data", ())),
        structs=tuple(record.get("mat", {}).get("structs", ())),
    )


def _keys(columns: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(map(key, names)) for name, names in columns.items()}


def _check(record: dict[str, Any], file: str) -> None:
    """wrong_input for a section or word that nothing here would read."""
    if not isinstance(record.get("name"), str):
        raise wrong_input(f'The vendor file "{file}" has no name: begin it with name = "...".', place=file)
    for section, content in record.items():
        if section in ("name", "title"):
            continue
        words = _SECTIONS.get(section, set())
        unknown = f"[{section}]" if section not in _SECTIONS or not isinstance(content, dict) else ""
        if not unknown and words is not None:
            unknown = next((f"{word} in [{section}]" for word in content if word not in words), "")
        if unknown:
            raise wrong_input(f'The vendor file "{file}" has {unknown}, which means nothing here.', place=file)
        if section not in ("units",) and any(isinstance(value, dict) for value in content.values()):
            raise wrong_input(f'The vendor file "{file}" has a table too many in [{section}].', place=file)
