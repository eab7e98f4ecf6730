"""Which column of a file is which quantity: by the user's mapping, else by the vendor's names, else by plain ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestim_core.data.readers.names import UNITS, folded, key, readings, unit_as_written
from vestim_core.data.vendors import PLAIN, Vendor
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.signals import QUANTITIES

WORDS: dict[str, tuple[str, str]] = {
    "time_s": ("time", "Test Time (s)"),
    "voltage_V": ("voltage", "U"),
    "current_A": ("current", "I"),
    "temperature_degC": ("temperature", "T1"),
    "soc": ("SOC", "State"),
    "power_W": ("power", "P"),
    "charge_Ah": ("charge", "Q"),
    "energy_Wh": ("energy", "E"),
    "ambient_degC": ("ambient temperature", "T_amb"),
    "step": ("step", "Ns"),
    "cycle": ("cycle", "Cyc#"),
}
"""For sentences: the word for a column and an example of a name in a file."""
_SHOWN = 12


@dataclass(frozen=True)
class Assigned:
    """A file's column number `position` holds a quantity: canonical value = factor * value + offset.

    unit: as the header writes it, "" when it says none.
    """

    position: int
    header: str
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""

    def canonical(self, values: np.ndarray) -> np.ndarray:
        """The file's values in the canonical unit."""
        return values if (self.factor, self.offset) == (1.0, 0.0) else values * self.factor + self.offset


@dataclass(frozen=True)
class Names:
    """The names that count in one file: the user's mapping, the vendor that was recognised, and the plain ones."""

    vendor: Vendor
    plain: Vendor
    mapping: Mapping[str, str]

    @classmethod
    def of(cls, vendor: Vendor, among: Sequence[Vendor], mapping: Mapping[str, str]) -> Names:
        """`among`: all vendors, `plain` with them."""
        return cls(vendor, next(one for one in among if one.name == PLAIN), mapping)

    def find(self, headers: Sequence[str], name: str) -> Assigned | None:
        """The column that is the quantity `name`; a name that is no quantity is looked for as it stands."""
        mapped = self.mapped(headers, name)
        if mapped is not None:
            return mapped
        if name not in QUANTITIES:
            return self._by_header(headers, name, name)
        for vendor in (self.vendor, self.plain):
            found = self._by_alias(headers, name, vendor)
            if found is not None:
                return found
        return None

    def mapped(self, headers: Sequence[str], name: str) -> Assigned | None:
        """The column that the user's mapping gives for `name`."""
        return self._by_header(headers, self.mapping[name], name) if name in self.mapping else None

    def find_text(self, headers: Sequence[str], words: Sequence[str]) -> int | None:
        """Position of the first column with one of these keys as its name, the earlier word first."""
        for word in words:
            for position, header in enumerate(headers):
                if word in {name for name, _ in readings(header)}:
                    return position
        return None

    def _by_header(self, headers: Sequence[str], wanted: str, name: str) -> Assigned | None:
        for same in (str.strip, folded):
            for position, header in enumerate(headers):
                if same(header) == same(wanted):
                    return self._assigned(position, header, name)
        return None

    def _by_alias(self, headers: Sequence[str], name: str, vendor: Vendor) -> Assigned | None:
        best: tuple[int, int, str] | None = None
        for position, header in enumerate(headers):
            for word, unit in readings(header):
                rank = self._rank(name, word, unit, vendor)
                if rank is not None and (best is None or rank < best[0]):
                    best = rank, position, header
        return self._assigned(best[1], best[2], name) if best else None

    def _rank(self, name: str, word: str, unit: str, vendor: Vendor) -> int | None:
        """Place of a name among those of a quantity, the canonical name before all; None when it is none of them."""
        if unit and unit not in UNITS[name]:
            return None
        if name == "time_s" and word in self.vendor.step_time:
            return None
        if not unit and word == key(name):
            return -1
        known = (*vendor.columns.get(name, ()), *(vendor.columns_with_unit.get(name, ()) if unit else ()))
        return known.index(word) if word in known else None

    def _assigned(self, position: int, header: str, name: str) -> Assigned:
        """With the unit that the header writes, else the one that hides in the vendor's name for it."""
        known = UNITS.get(name, {})
        written = [unit_as_written(header, unit) for _, unit in readings(header) if unit in known]
        hidden = [self.vendor.units[word] for word, unit in readings(header) if not unit and word in self.vendor.units]
        unit = next((unit for unit in (*written, *hidden) if folded(unit) in known), "")
        factor, offset = known.get(folded(unit), (1.0, 0.0))
        if name == "current_A" and self.vendor.discharge_positive:
            factor = -factor
        return Assigned(position, header, factor, offset, unit)


def assign(
    path: Path, headers: Sequence[str], names: Names, needed: Sequence[str], wanted: Sequence[str], more: str = ""
) -> tuple[dict[str, Assigned], list[Finding]]:
    """The column for each of `needed`, and for those of `wanted` that are there, by canonical name.

    Raises wrong_input when one of `needed` is not there; more: sentences to end it with.
    """
    assigned: dict[str, Assigned] = {}
    findings: list[Finding] = []
    for name in dict.fromkeys([*needed, *wanted]):
        column = names.find(headers, name)
        if column is None:
            continue
        assigned[name] = column
        if name in names.mapping and names.mapped(headers, name) is None:
            findings.append(_mapping_missed(path, name, names.mapping[name], column.header))
    missing = [name for name in needed if name not in assigned]
    if missing:
        raise no_column(path, headers, names.mapping, missing, more)
    return assigned, findings


def _mapping_missed(path: Path, name: str, wanted: str, taken: str) -> Finding:
    return Finding(
        code="mapped_column_absent",
        severity=Severity.WARNING,
        sentence=f'"{path.name}" has no column "{wanted}", which data.columns names for {name}; '
        f'"{taken}" was recognised by its name and taken instead.',
        file=path.name,
        column=name,
    )


def no_column(
    path: Path, headers: Sequence[str], mapping: Mapping[str, str], missing: Sequence[str], more: str = ""
) -> VestimError:
    """The error for a file without the columns `missing`. more: sentences to end with."""
    words = " or ".join(WORDS[name][0] if name in WORDS else f'"{name}"' for name in missing)
    named = [f'"{mapping[name]}" (data.columns)' for name in missing if name in mapping]
    found = ", ".join(headers[:_SHOWN]) + (f" and {len(headers) - _SHOWN} more" if len(headers) > _SHOWN else "")
    example = f'{missing[0]} = "{WORDS.get(missing[0], ("", "name in the file"))[1]}"'
    if "soc" in missing:
        more = f"{more} Or have it counted from the current: checking the files proposes how.".strip()
    return wrong_input(
        f'"{path.name}" has no {words} column{", not even " + " or ".join(named) if named else ""}. Found: {found}. '
        f"Name it under data.columns, e.g. {example}.{' ' + more if more else ''}",
        place=str(path),
        actions=("name the column under data.columns", "leave the file out"),
    )
