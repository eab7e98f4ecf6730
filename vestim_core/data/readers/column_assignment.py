"""Assigns columns of a file to quantities: by the user's mapping, else by the vendor's names, else by plain names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestim_core.data.readers.column_names import UNITS, fold_case, name_key, parse_header, unit_as_written
from vestim_core.data.vendors import PLAIN, Vendor
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.signals import QUANTITIES

COLUMN_LABELS: dict[str, tuple[str, str]] = {
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
"""For messages: the label of a column and an example of its name in a file."""
_MAX_LISTED = 12  # column names in one message, arbitrary: as many as a person scans


@dataclass(frozen=True)
class AssignedColumn:
    """A column of a file that holds a quantity: canonical value = factor * value + offset.

    position: index of the column. unit: as the header writes it, "" if it names none.
    """

    position: int
    header: str
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""

    def to_canonical(self, values: np.ndarray) -> np.ndarray:
        """Convert values of the file to the canonical unit."""
        return values if (self.factor, self.offset) == (1.0, 0.0) else values * self.factor + self.offset


@dataclass(frozen=True)
class ColumnNames:
    """The names that apply to one file: the user's mapping, the detected vendor's names and the plain ones."""

    vendor: Vendor
    plain: Vendor
    mapping: Mapping[str, str]

    @classmethod
    def for_vendor(cls, vendor: Vendor, vendors: Sequence[Vendor], mapping: Mapping[str, str]) -> ColumnNames:
        """Build the names for `vendor`. vendors: all vendors, including `plain`."""
        return cls(vendor, next(candidate for candidate in vendors if candidate.name == PLAIN), mapping)

    def find_column(self, headers: Sequence[str], name: str) -> AssignedColumn | None:
        """Find the column of the quantity `name`. A name that is no quantity is searched literally."""
        mapped_column = self.find_mapped_column(headers, name)
        if mapped_column is not None:
            return mapped_column
        if name not in QUANTITIES:
            return self._find_by_header(headers, name, name)
        for vendor in (self.vendor, self.plain):
            column = self._find_by_alias(headers, name, vendor)
            if column is not None:
                return column
        return None

    def find_mapped_column(self, headers: Sequence[str], name: str) -> AssignedColumn | None:
        """Find the column that the user's mapping gives for `name`."""
        return self._find_by_header(headers, self.mapping[name], name) if name in self.mapping else None

    def find_position(self, headers: Sequence[str], keys: Sequence[str]) -> int | None:
        """Position of the first column whose name has one of these keys, in the order of `keys`."""
        for key in keys:
            for position, header in enumerate(headers):
                if key in {name for name, _ in parse_header(header)}:
                    return position
        return None

    def _find_by_header(self, headers: Sequence[str], mapped_header: str, name: str) -> AssignedColumn | None:
        for normalize in (str.strip, fold_case):
            for position, header in enumerate(headers):
                if normalize(header) == normalize(mapped_header):
                    return self._assigned_column(position, header, name)
        return None

    def _find_by_alias(self, headers: Sequence[str], name: str, vendor: Vendor) -> AssignedColumn | None:
        best: tuple[int, int, str] | None = None
        for position, header in enumerate(headers):
            for alias, unit in parse_header(header):
                rank = self._alias_rank(name, alias, unit, vendor)
                if rank is not None and (best is None or rank < best[0]):
                    best = rank, position, header
        return self._assigned_column(best[1], best[2], name) if best else None

    def _alias_rank(self, name: str, alias: str, unit: str, vendor: Vendor) -> int | None:
        """Rank of an alias among those of a quantity, the canonical name first; None if it is no alias."""
        if unit and unit not in UNITS[name]:
            return None
        if name == "time_s" and alias in self.vendor.step_time:
            return None
        if not unit and alias == name_key(name):
            return -1
        aliases = (*vendor.columns.get(name, ()), *(vendor.columns_with_unit.get(name, ()) if unit else ()))
        return aliases.index(alias) if alias in aliases else None

    def _assigned_column(self, position: int, header: str, name: str) -> AssignedColumn:
        """Build the column with the unit that the header writes, else the one that the vendor's name implies."""
        units = UNITS.get(name, {})
        written_units = [unit_as_written(header, unit) for _, unit in parse_header(header) if unit in units]
        implied_units = [
            self.vendor.units[alias] for alias, unit in parse_header(header) if not unit and alias in self.vendor.units
        ]
        unit = next((unit for unit in (*written_units, *implied_units) if fold_case(unit) in units), "")
        factor, offset = units.get(fold_case(unit), (1.0, 0.0))
        if name == "current_A" and self.vendor.is_discharge_positive:
            factor = -factor
        return AssignedColumn(position, header, factor, offset, unit)


def assign_columns(
    path: Path,
    headers: Sequence[str],
    names: ColumnNames,
    required_columns: Sequence[str],
    optional_columns: Sequence[str],
    hint: str = "",
) -> tuple[dict[str, AssignedColumn], list[Finding]]:
    """Find the columns of the required quantities, and of the optional ones that are present, by canonical name.

    Raises wrong_input if a required one is missing; hint: appended to the message.
    """
    columns: dict[str, AssignedColumn] = {}
    findings: list[Finding] = []
    for name in dict.fromkeys([*required_columns, *optional_columns]):
        column = names.find_column(headers, name)
        if column is None:
            continue
        columns[name] = column
        if name in names.mapping and names.find_mapped_column(headers, name) is None:
            findings.append(_mapping_missed_finding(path, name, names.mapping[name], column.header))
    missing_columns = [name for name in required_columns if name not in columns]
    if missing_columns:
        raise missing_column_error(path, headers, names.mapping, missing_columns, hint)
    return columns, findings


def _mapping_missed_finding(path: Path, name: str, mapped_header: str, used_header: str) -> Finding:
    return Finding(
        code="mapped_column_absent",
        severity=Severity.WARNING,
        message=f'"{path.name}" has no column "{mapped_header}", which data.columns names for {name}; '
        f'"{used_header}" was recognized by its name and taken instead.',
        file=path.name,
        column=name,
    )


def missing_column_error(
    path: Path, headers: Sequence[str], mapping: Mapping[str, str], missing_columns: Sequence[str], hint: str = ""
) -> VestimError:
    """Build the error for a file without `missing_columns`. hint: appended to the message."""
    labels = " or ".join(COLUMN_LABELS[name][0] if name in COLUMN_LABELS else f'"{name}"' for name in missing_columns)
    mapped_headers = [f'"{mapping[name]}" (data.columns)' for name in missing_columns if name in mapping]
    listed_headers = ", ".join(headers[:_MAX_LISTED]) + (
        f" and {len(headers) - _MAX_LISTED} more" if len(headers) > _MAX_LISTED else ""
    )
    example = f'{missing_columns[0]} = "{COLUMN_LABELS.get(missing_columns[0], ("", "name in the file"))[1]}"'
    if "soc" in missing_columns:
        hint = f"{hint} Or have it counted from the current: checking the files proposes how.".strip()
    absent = ", not even " + " or ".join(mapped_headers) if mapped_headers else ""
    return wrong_input(
        f'"{path.name}" has no {labels} column{absent}. Found: '
        f"{listed_headers}. Name it under data.columns, e.g. {example}.{' ' + hint if hint else ''}",
        location=str(path),
        actions=("name the column under data.columns", "leave the file out"),
    )
