"""Vendor file formats as data: one TOML file per vendor, in this package or in a folder of the user's.

A file states how to recognize the vendor (`[recognize]`), its name for each quantity (`[columns]`, preferred name
first), units implied by names (`[units]`), which columns count time within a step or give the date (`[time]`), which
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

from vestim_core.data.readers.column_names import fold_case, name_key
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.signals import QUANTITIES

PLAIN = "plain"
_SECTION_KEYS = {
    "recognize": {"headers", "preamble", "suffixes", "requires_suffix", "literal"},
    "columns": {*QUANTITIES, "step_type"},
    "columns_with_unit": set(QUANTITIES),
    "units": None,
    "current": {"positive"},
    "time": {"date", "step_time", "format"},
    "state": {"charge", "discharge", "rest"},
    "sheets": {"data"},
    "mat": {"structs"},
}
_RENAMED_SECTIONS = {"recognise": "recognize"}
"""Earlier to present section names, for vendor files that users wrote."""


@dataclass(frozen=True)
class Vendor:
    """Conventions of one vendor's files. Names are stored as keys (letters and digits in lower case)."""

    name: str
    title: str
    headers: tuple[frozenset[str], ...] = ()
    has_literal_headers: bool = False
    preamble: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    requires_suffix: bool = False
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns_with_unit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    is_discharge_positive: bool = False
    date: tuple[str, ...] = ()
    step_time: tuple[str, ...] = ()
    time_format: str = ""
    states: Mapping[str, int] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    structs: tuple[str, ...] = ()


def vendors(extra: Path | None = None) -> tuple[Vendor, ...]:
    """Return all vendors: the user's from the folder `extra` first, then the built-in ones, `plain` last.

    A vendor of the user's replaces the built-in one of the same name. Raises wrong_input for an invalid vendor file.
    """
    user_vendors = [read_vendor(path) for path in vendor_files(extra)]
    names = {vendor.name for vendor in user_vendors}
    return (*user_vendors, *(vendor for vendor in _built_in_vendors() if vendor.name not in names))


def vendor_files(extra: Path | None) -> list[Path]:
    """List the vendor files in the user's folder, sorted by name; empty if there is no such folder."""
    return sorted(extra.glob("*.toml")) if extra is not None and extra.is_dir() else []


@cache
def _built_in_vendors() -> tuple[Vendor, ...]:
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".toml")]
    built_in = [_parse_vendor(tomllib.loads(file.read_text(encoding="utf-8")), file.name) for file in files]
    return tuple(sorted(built_in, key=lambda vendor: (vendor.name == PLAIN, vendor.name)))


def read_vendor(path: Path) -> Vendor:
    """Read a vendor file."""
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
        return _parse_vendor({_RENAMED_SECTIONS.get(key, key): value for key, value in record.items()}, path.name)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise wrong_input(f'The vendor file "{path.name}" cannot be read: {error}.', location=str(path)) from None


def _parse_vendor(record: dict[str, Any], file: str) -> Vendor:
    _check_record(record, file)
    recognition, time = record.get("recognize", {}), record.get("time", {})
    normalize = fold_case if recognition.get("literal") else name_key
    state_signs = (("charge", 1), ("discharge", -1), ("rest", 0))
    return Vendor(
        name=record["name"],
        title=record.get("title", record["name"]),
        headers=tuple(frozenset(map(normalize, group)) for group in recognition.get("headers", ())),
        has_literal_headers=bool(recognition.get("literal")),
        preamble=tuple(text.casefold() for text in recognition.get("preamble", ())),
        suffixes=tuple(recognition.get("suffixes", ())),
        requires_suffix=bool(recognition.get("requires_suffix")),
        columns=_key_columns(record.get("columns", {})),
        columns_with_unit=_key_columns(record.get("columns_with_unit", {})),
        units={name_key(name): unit.strip() for name, unit in record.get("units", {}).items()},
        is_discharge_positive=record.get("current", {}).get("positive") == "discharge",
        date=tuple(map(name_key, time.get("date", ()))),
        step_time=tuple(map(name_key, time.get("step_time", ()))),
        time_format=time.get("format", ""),
        states={
            fold_case(text): sign for state, sign in state_signs for text in record.get("state", {}).get(state, ())
        },
        sheets=tuple(record.get("sheets", {}).get("data", ())),
        structs=tuple(record.get("mat", {}).get("structs", ())),
    )


def _key_columns(columns: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(map(name_key, names)) for name, names in columns.items()}


def _check_record(record: dict[str, Any], file: str) -> None:
    """Raise wrong_input for a section or key that is not supported."""
    if not isinstance(record.get("name"), str):
        raise wrong_input(f'The vendor file "{file}" has no name: begin it with name = "...".', location=file)
    for section, content in record.items():
        if section in ("name", "title"):
            continue
        allowed_keys = _SECTION_KEYS.get(section, set())
        unknown_key = f"[{section}]" if section not in _SECTION_KEYS or not isinstance(content, dict) else ""
        if not unknown_key and allowed_keys is not None:
            unknown_key = next((f"{name} in [{section}]" for name in content if name not in allowed_keys), "")
        if unknown_key:
            raise wrong_input(f'The vendor file "{file}" has {unknown_key}, which means nothing here.', location=file)
        if section not in ("units",) and any(isinstance(value, dict) for value in content.values()):
            raise wrong_input(f'The vendor file "{file}" has a table too many in [{section}].', location=file)
