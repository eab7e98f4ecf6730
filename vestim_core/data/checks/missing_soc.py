"""Files without SOC: from where it can be counted by the current, and with which capacity, as a repair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vestim_core.data.checks.rests import full_charge, rests
from vestim_core.data.checks.soc import capacity_Ah
from vestim_core.data.checks.view import View
from vestim_core.data.coulomb import charge_Ah, counted_soc
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding, Repair, Severity

_FOLLOWS = 0.9
_FOLLOWS_WITHIN_S = 3600.0
_NEAR_FULL_V, _LITTLE = 0.04, 0.02
_EMPTY_SHARE = 0.75
"""A cell that falls to this share of its full voltage is taken for empty."""
_NEXT_SOC, _SAME_V = 0.1, 0.005
"""Between two rests whose SOC is known and no further apart, or this near to one, a rest's voltage tells its SOC."""
_BY_HAND = "name its column, or add the repair count_soc with capacity_Ah, row and the soc there"


@dataclass(frozen=True)
class _Start:
    """SOC is known to be `soc` at `row`; why: a clause for the sentence."""

    row: int
    soc: float
    why: str


@dataclass
class _File:
    """A table and what tells of its SOC. soc: (N,), as labelled or as it can be counted; None where neither is so."""

    table: Table
    soc: np.ndarray | None

    @cached_property
    def volts(self) -> np.ndarray:
        """Voltage, (N,); NaN where there is none."""
        return self.table.columns.get("voltage_V", np.full(self.table.rows, np.nan))

    @cached_property
    def full(self) -> int | None:
        """Last row of a full charge."""
        return full_charge(self.table)

    @cached_property
    def rests(self) -> list[tuple[int, int]]:
        """First and last row of each."""
        return list(rests(self.table))

    @cached_property
    def clock(self) -> tuple[float, float]:
        """When it begins and ends on its own clock."""
        last_s = np.nanmax(self.table.columns["time_s"], initial=0.0)
        return self.table.start_s, self.table.start_s + float(last_s)

    def begins_full(self, full_V: float) -> bool:
        """Whether it begins without current at the voltage of a full cell."""
        current_A = np.abs(self.table.columns.get("current_A", self.volts))
        return bool(current_A[0] <= _LITTLE * np.nanmax(current_A) and self.volts[0] >= full_V - _NEAR_FULL_V)

    def goes_on_from(self, other: _File) -> bool:
        """Whether both run on one clock on which `other` began before and had not ended for long."""
        (begins, _), (began, ended) = self.clock, other.clock
        return began < begins <= ended + _FOLLOWS_WITHIN_S and begins > 0

    def soc_at(self, clock_s: float) -> float | None:
        """The last SOC until then."""
        if self.soc is None:
            return None
        times = self.table.columns["time_s"] + self.table.start_s
        known = self.soc[np.isfinite(self.soc) & (times <= clock_s)]
        return float(known[-1]) if len(known) else None


def missing_soc(tables: Sequence[Table]) -> Iterator[Finding]:
    """One finding for each file with a current and no SOC, with a repair where a start and a capacity are known.

    Starts are, the surer first: the file before on the same clock; a full cell without current at the beginning; the
    end of a full charge, or a rest at a voltage that other files give with its SOC. Nothing before is counted.
    """
    used = [table for table in tables if {"soc", "current_A"} & table.columns.keys() and table.rows > 1]
    files = [_File(table, table.columns.get("soc")) for table in sorted(used, key=lambda table: table.start_s)]
    if all(file.soc is not None for file in files):
        return
    full_V = max((float(file.volts[file.full]) for file in files if file.full is not None), default=np.inf)
    ocv = _known_ocv(files)
    capacity = _labelled_capacity(files) or _swing(files, full_V)
    for number, file in enumerate(files):
        if file.soc is not None:
            continue
        start = None
        if capacity is not None and not _is_wrong(file.table):
            start = _start(file, files[:number], full_V, ocv)
        if capacity is not None and start is not None:
            columns = file.table.columns
            file.soc = counted_soc(columns["time_s"], columns["current_A"], start.row, start.soc, capacity[0])
        yield _finding(file.table, capacity, start)


def _is_wrong(table: Table) -> bool:
    return any(finding.severity is Severity.ERROR for finding in table.findings)


def _finding(table: Table, known: tuple[float, str] | None, start: _Start | None) -> Finding:
    repair = None
    if _is_wrong(table):
        said = "once what is wrong with it is repaired, it may be counted from the current"
    elif known is None:
        said = f"and the files tell no capacity to count it with: {_BY_HAND}"
    elif start is None:
        said = f"and nothing in it tells where to begin counting (a full charge, a rest at a known voltage): {_BY_HAND}"
    else:
        capacity, how = known
        cut = f"; the {start.row} rows before are left out" if start.row else ""
        said = (
            f"it can be counted from the current with {capacity:.4g} Ah, {how}, beginning with {start.soc:.4f} in row "
            f"{start.row}, {start.why}{cut}"
        )
        parameters = {"capacity_Ah": round(capacity, 4), "row": start.row, "soc": round(start.soc, 5)}
        repair = Repair(kind="count_soc", parameters=parameters)
    return Finding(
        code="soc.missing",
        severity=Severity.INFO,
        sentence=f'"{table.name}" has no SOC: {said}.'.replace(": and", ", and"),
        file=table.name,
        column="soc",
        repair=repair,
    )


def _start(file: _File, earlier: Sequence[_File], full_V: float, ocv: tuple[np.ndarray, np.ndarray]) -> _Start | None:
    before = next((other for other in reversed(earlier) if other.soc is not None and file.goes_on_from(other)), None)
    soc = None if before is None else before.soc_at(file.clock[0])
    if before is not None and soc is not None:
        return _Start(0, soc, f'where it goes on from "{before.table.name}"')
    if file.begins_full(full_V):
        return _Start(0, 1.0, "where it stands without current at the voltage of a full cell")
    rested = _rest(file, ocv)
    if rested is not None and (file.full is None or rested.row < file.full):
        return rested
    return None if file.full is None else _Start(file.full, 1.0, "the end of a full charge")


def _rest(file: _File, ocv: tuple[np.ndarray, np.ndarray]) -> _Start | None:
    """The first rest whose voltage at its end is known; its first row where the file begins with it."""
    volts, soc = ocv
    for first, last in file.rests if len(volts) else ():
        at = float(file.volts[last])
        above = int(np.searchsorted(volts, at))
        between = 0 < above < len(volts) and soc[above] - soc[above - 1] <= _NEXT_SOC
        if between or np.abs(volts - at).min() <= _SAME_V:
            value = float(np.interp(at, volts, soc))
            return _Start(0 if first == 0 else last, value, f"a rest at {at:.4f} V, whose SOC other files give")
    return None


def _known_ocv(files: Sequence[_File]) -> tuple[np.ndarray, np.ndarray]:
    """(voltage, SOC) at the ends of the rests of files with SOC, both rising."""
    ends = [(file.volts[last], file.soc[last]) for file in files if file.soc is not None for _, last in file.rests]
    points = np.array(sorted(ends), dtype=np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    return points[:, 0], np.maximum.accumulate(points[:, 1])


def _labelled_capacity(files: Sequence[_File]) -> tuple[float, str] | None:
    """The capacity that SOC and current of those files imply that have both."""
    found = [capacity_Ah(View(file.table)) for file in files if file.soc is not None]
    implied = [known[0] for known in found if known is not None and known[1] > _FOLLOWS and known[0] > 0]
    return (float(np.median(implied)), "which SOC and current of the other files imply") if implied else None


def _swing(files: Sequence[_File], full_V: float) -> tuple[float, str] | None:
    """The most that is taken out of the full cell until its voltage is that of an empty one."""
    deepest, level, before = 0.0, float("nan"), None
    for file in files:
        start = 0
        if file.begins_full(full_V):
            level = 0.0
        elif file.full is not None:
            start, level = file.full, 0.0
        elif before is None or not file.goes_on_from(before):
            level = float("nan")
        charge = charge_Ah(file.table.columns["time_s"], file.table.columns["current_A"])[start:]
        levels = level + charge - charge[0]
        lowest = int(np.argmin(levels))
        if file.volts[start + lowest] <= _EMPTY_SHARE * full_V:
            deepest = max(deepest, -float(levels[lowest]))
        level, before = float(levels[-1]), file
    return (deepest, "the most that is taken out of the full cell until it is empty") if deepest > 0 else None
