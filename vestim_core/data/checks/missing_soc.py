"""Files without SOC: a repair that counts it from the current, with the row to start from and the capacity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vestim_core.data.charge_integration import charge_Ah, counted_soc
from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import TableView
from vestim_core.data.checks.rests import find_full_charge, find_rests
from vestim_core.data.checks.soc import implied_capacity
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding, Repair, Severity

_MANUAL_REPAIR = "name its column, or add the repair count_soc with capacity_Ah, row and the soc there"


@dataclass(frozen=True)
class _CountStart:
    """SOC is known to be `soc` at `row`. reason: a clause for the sentence."""

    row: int
    soc: float
    reason: str


@dataclass(frozen=True)
class _Capacity:
    """A capacity in Ah. source: a clause for the sentence."""

    capacity_Ah: float
    source: str


@dataclass
class _SocFile:
    """A table and what is known of its SOC. soc: (N,), labeled or counted; None where neither is possible."""

    table: Table
    soc: np.ndarray | None

    @cached_property
    def voltage_V(self) -> np.ndarray:
        """Voltage, (N,); NaN without such a column."""
        return self.table.columns.get("voltage_V", np.full(self.table.rows, np.nan))

    @cached_property
    def full_row(self) -> int | None:
        """Last row of the first full charge."""
        return find_full_charge(self.table)

    @cached_property
    def rests(self) -> list[tuple[int, int]]:
        """First and last row of each rest."""
        return list(find_rests(self.table))

    @cached_property
    def clock_range_s(self) -> tuple[float, float]:
        """Begin and end on the file's own clock."""
        last_s = np.nanmax(self.table.columns["time_s"], initial=0.0)
        return self.table.start_s, self.table.start_s + float(last_s)

    def begins_full(self, full_V: float) -> bool:
        """True when the file begins without current at the voltage of a full cell."""
        current_A = np.abs(self.table.columns.get("current_A", self.voltage_V))
        is_resting = current_A[0] <= thresholds.LITTLE_CURRENT.value * np.nanmax(current_A)
        return bool(is_resting and self.voltage_V[0] >= full_V - thresholds.FULL_VOLTAGE_MARGIN.value)

    def continues(self, earlier: _SocFile) -> bool:
        """True when both share a clock and `earlier` ends less than an hour before this file begins."""
        (begin_s, _), (earlier_begin_s, earlier_end_s) = self.clock_range_s, earlier.clock_range_s
        return earlier_begin_s < begin_s <= earlier_end_s + thresholds.CONSECUTIVE_PAUSE.value and begin_s > 0

    def soc_at(self, clock_s: float) -> float | None:
        """The last known SOC up to that time."""
        if self.soc is None:
            return None
        row_clock_s = self.table.columns["time_s"] + self.table.start_s
        known_soc = self.soc[np.isfinite(self.soc) & (row_clock_s <= clock_s)]
        return float(known_soc[-1]) if len(known_soc) else None


def find_missing_soc(tables: Sequence[Table]) -> Iterator[Finding]:
    """Yield one finding for each file with a current and no SOC, with a repair where a start and a capacity are known.

    Starts are, the most certain first: the file before on the same clock; a full cell without current at the beginning;
    the end of a full charge, or a rest at a voltage whose SOC other files give. Rows before the start are not counted.
    """
    with_current = [table for table in tables if {"soc", "current_A"} & table.columns.keys() and table.rows > 1]
    tables_by_start = sorted(with_current, key=lambda table: table.start_s)
    files = [_SocFile(table, table.columns.get("soc")) for table in tables_by_start]
    if all(file.soc is not None for file in files):
        return
    full_V = max((float(file.voltage_V[file.full_row]) for file in files if file.full_row is not None), default=np.inf)
    ocv = _ocv_table(files)
    capacity = _labeled_capacity(files) or _discharged_capacity(files, full_V)
    for index, file in enumerate(files):
        if file.soc is not None:
            continue
        start = None
        if capacity is not None and not _has_error(file.table):
            start = _count_start(file, files[:index], full_V, ocv)
        if capacity is not None and start is not None:
            columns = file.table.columns
            file.soc = counted_soc(columns["time_s"], columns["current_A"], start.row, start.soc, capacity.capacity_Ah)
        yield _missing_soc_finding(file.table, capacity, start)


def _has_error(table: Table) -> bool:
    return any(finding.severity is Severity.ERROR for finding in table.findings)


def _missing_soc_finding(table: Table, capacity: _Capacity | None, start: _CountStart | None) -> Finding:
    repair = None
    if _has_error(table):
        advice = "once what is wrong with it is repaired, it may be counted from the current"
    elif capacity is None:
        advice = f"and the files tell no capacity to count it with: {_MANUAL_REPAIR}"
    elif start is None:
        advice = (
            f"and nothing in it tells where to begin counting (a full charge, a rest at a known voltage): "
            f"{_MANUAL_REPAIR}"
        )
    else:
        cut = f"; the {start.row} rows before are left out" if start.row else ""
        advice = (
            f"it can be counted from the current with {capacity.capacity_Ah:.4g} Ah, {capacity.source}, beginning with "
            f"{start.soc:.4f} in row {start.row}, {start.reason}{cut}"
        )
        parameters = {
            "capacity_Ah": round(capacity.capacity_Ah, 4),
            "row": start.row,
            "soc": round(start.soc, 5),
        }
        repair = Repair(kind="count_soc", parameters=parameters)
    return Finding(
        code="soc.missing",
        severity=Severity.INFO,
        message=f'"{table.name}" has no SOC: {advice}.'.replace(": and", ", and"),
        file=table.name,
        column="soc",
        repair=repair,
    )


def _count_start(
    file: _SocFile, earlier_files: Sequence[_SocFile], full_V: float, ocv: tuple[np.ndarray, np.ndarray]
) -> _CountStart | None:
    """The most certain row at which SOC is known; see `find_missing_soc`."""
    previous_file = next(
        (earlier for earlier in reversed(earlier_files) if earlier.soc is not None and file.continues(earlier)), None
    )
    soc = None if previous_file is None else previous_file.soc_at(file.clock_range_s[0])
    if previous_file is not None and soc is not None:
        return _CountStart(0, soc, f'where it goes on from "{previous_file.table.name}"')
    if file.begins_full(full_V):
        return _CountStart(0, 1.0, "where it stands without current at the voltage of a full cell")
    rest = _rest_with_known_soc(file, ocv)
    if rest is not None and (file.full_row is None or rest.row < file.full_row):
        return rest
    return None if file.full_row is None else _CountStart(file.full_row, 1.0, "the end of a full charge")


def _rest_with_known_soc(file: _SocFile, ocv: tuple[np.ndarray, np.ndarray]) -> _CountStart | None:
    """The first rest with a known voltage at its end; its first row where the file begins with the rest."""
    ocv_V, ocv_soc = ocv
    for first, last in file.rests if len(ocv_V) else ():
        rest_V = float(file.voltage_V[last])
        above = int(np.searchsorted(ocv_V, rest_V))
        is_between = 0 < above < len(ocv_V) and ocv_soc[above] - ocv_soc[above - 1] <= thresholds.OCV_NEIGHBOR_SOC.value
        if is_between or np.abs(ocv_V - rest_V).min() <= thresholds.OCV_MATCH.value:
            soc = float(np.interp(rest_V, ocv_V, ocv_soc))
            return _CountStart(0 if first == 0 else last, soc, f"a rest at {rest_V:.4f} V, whose SOC other files give")
    return None


def _ocv_table(files: Sequence[_SocFile]) -> tuple[np.ndarray, np.ndarray]:
    """(voltage, SOC) at the ends of the rests of files with SOC, both rising."""
    rest_ends = [
        (file.voltage_V[last], file.soc[last]) for file in files if file.soc is not None for _, last in file.rests
    ]
    points = np.array(sorted(rest_ends), dtype=np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    return points[:, 0], np.maximum.accumulate(points[:, 1])


def _labeled_capacity(files: Sequence[_SocFile]) -> _Capacity | None:
    """Median of the capacities that SOC and current imply in the files that have both."""
    implied = [implied_capacity(TableView(file.table)) for file in files if file.soc is not None]
    capacities_Ah = [
        entry[0]
        for entry in implied
        if entry is not None and entry[1] > thresholds.CAPACITY_CORRELATION.value and entry[0] > 0
    ]
    if not capacities_Ah:
        return None
    return _Capacity(float(np.median(capacities_Ah)), "which SOC and current of the other files imply")


def _discharged_capacity(files: Sequence[_SocFile], full_V: float) -> _Capacity | None:
    """The largest charge taken out of the full cell until its voltage is that of an empty one."""
    largest_Ah, level_Ah, previous_file = 0.0, float("nan"), None
    for file in files:
        start = 0
        if file.begins_full(full_V):
            level_Ah = 0.0
        elif file.full_row is not None:
            start, level_Ah = file.full_row, 0.0
        elif previous_file is None or not file.continues(previous_file):
            level_Ah = float("nan")
        charge = charge_Ah(file.table.columns["time_s"], file.table.columns["current_A"])[start:]
        levels_Ah = level_Ah + charge - charge[0]
        lowest = int(np.argmin(levels_Ah))
        if file.voltage_V[start + lowest] <= thresholds.EMPTY_VOLTAGE.value * full_V:
            largest_Ah = max(largest_Ah, -float(levels_Ah[lowest]))
        level_Ah, previous_file = float(levels_Ah[-1]), file
    if largest_Ah <= 0:
        return None
    return _Capacity(largest_Ah, "the most that is taken out of the full cell until it is empty")
