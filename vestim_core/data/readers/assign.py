"""Which column of a file is which quantity: by the user's mapping, else by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestim_core.data.readers.aliases import ALIASES, ALIASES_WITH_UNIT, UNITS, WORDS
from vestim_core.data.readers.source import Source
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding, Severity

_UNIT_WRITTEN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<name>.+?)\s*[\[(]\s*(?P<unit>[^\[\]()]+?)\s*[\])]\s*",  # Voltage (mV), U[V]
        r"(?P<name>.+?)\s*[/#]\s*(?P<unit>[^/#\s]+)\s*",  # I/mA, Test Time / s, Voltage#V
        r"(?P<name>.+)[_\s.](?P<unit>[^_\s.]+)\s*",  # voltage_V, Battery_Temp_degC
    )
)
_SHOWN = 12


@dataclass(frozen=True)
class Assigned:
    """A file's column number `position` holds a quantity: canonical value = factor * value + offset."""

    position: int
    header: str
    factor: float = 1.0
    offset: float = 0.0

    def canonical(self, values: np.ndarray) -> np.ndarray:
        """The file's values in the canonical unit."""
        return values if (self.factor, self.offset) == (1.0, 0.0) else values * self.factor + self.offset


def assign(
    source: Source, mapping: Mapping[str, str], needed: Sequence[str], wanted: Sequence[str]
) -> tuple[dict[str, Assigned], list[Finding]]:
    """The column for each of `needed`, and for those of `wanted` that are there, by canonical name.

    A name that is no canonical one is looked for as it stands. wrong_input when one of `needed` is not there.
    """
    assigned: dict[str, Assigned] = {}
    findings: list[Finding] = []
    for name in dict.fromkeys([*needed, *wanted]):
        column = find_column(source.headers, mapping, name)
        if column is None:
            continue
        assigned[name] = column
        if name in mapping and _by_header(source.headers, mapping[name], name) is None:
            findings.append(_mapping_missed(source.path, name, mapping[name], column.header))
    missing = [name for name in needed if name not in assigned]
    if missing:
        raise _no_column(source, mapping, missing)
    return assigned, findings


def find_column(headers: Sequence[str], mapping: Mapping[str, str], name: str) -> Assigned | None:
    """The column that is the quantity `name`: the one that the user mapped, else one with a name of it."""
    mapped = _by_header(headers, mapping[name], name) if name in mapping else None
    return mapped or _by_name(headers, name)


def _by_header(headers: Sequence[str], wanted: str, name: str) -> Assigned | None:
    """The column that is called `wanted`, with the unit that its header writes."""
    for same in (str.strip, _folded):
        for position, header in enumerate(headers):
            if same(header) == same(wanted):
                units = [UNITS[name][unit] for _, unit in _readings(header) if unit in UNITS.get(name, {})]
                return Assigned(position, header, *(units[0] if units else (1.0, 0.0)))
    return None


def _by_name(headers: Sequence[str], name: str) -> Assigned | None:
    """The column whose name says that it is the quantity `name`; the earlier alias counts, then the earlier column."""
    if name not in ALIASES:
        return _by_header(headers, name, name)
    best: tuple[int, Assigned] | None = None
    for position, header in enumerate(headers):
        for key, unit in _readings(header):
            rank = _rank(name, key, unit)
            if rank is not None and (best is None or rank < best[0]):
                best = rank, Assigned(position, header, *(UNITS[name][unit] if unit else (1.0, 0.0)))
    return best[1] if best else None


def _rank(name: str, key: str, unit: str) -> int | None:
    """Place of `key` among the aliases of `name`, the canonical name before all; None when it is none of them."""
    if unit and unit not in UNITS[name]:
        return None
    names = (*ALIASES[name], *(ALIASES_WITH_UNIT.get(name, ()) if unit else ()))
    if not unit and key == _key(name):
        return -1
    return names.index(key) if key in names else None


def _readings(header: str) -> Iterator[tuple[str, str]]:
    """The ways to read a header as (name, unit), the plain name without a unit first."""
    yield _key(header), ""
    for pattern in _UNIT_WRITTEN:
        match = pattern.fullmatch(header.strip())
        if match:
            yield _key(match["name"]), _folded(match["unit"])


def _key(text: str) -> str:
    """Letters and digits, and the one unit that is neither."""
    return "".join(character for character in text.casefold() if character.isalnum() or character == "%")


def _folded(text: str) -> str:
    return text.strip().lower()


def _mapping_missed(path: Path, name: str, wanted: str, taken: str) -> Finding:
    return Finding(
        code="mapped_column_absent",
        severity=Severity.WARNING,
        sentence=f'"{path.name}" has no column "{wanted}", which data.columns names for {name}; '
        f'"{taken}" was recognised by its name and taken instead.',
        file=path.name,
        column=name,
    )


def _no_column(source: Source, mapping: Mapping[str, str], missing: Sequence[str]) -> VestimError:
    path, headers = source.path, source.headers
    words = " or ".join(WORDS[name][0] if name in WORDS else f'"{name}"' for name in missing)
    named = [f'"{mapping[name]}" (data.columns)' for name in missing if name in mapping]
    found = ", ".join(headers[:_SHOWN]) + (f" and {len(headers) - _SHOWN} more" if len(headers) > _SHOWN else "")
    example = f'{missing[0]} = "{WORDS.get(missing[0], ("", "name in the file"))[1]}"'
    return wrong_input(
        f'"{path.name}" has no {words} column{", not even " + " or ".join(named) if named else ""}. Found: {found}. '
        f"Name it under data.columns, e.g. {example}.{''.join(' ' + finding.sentence for finding in source.findings)}",
        place=str(path),
        actions=("name the column under data.columns", "leave the file out"),
    )
