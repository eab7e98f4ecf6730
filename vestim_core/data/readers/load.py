"""A file as it stands, in canonical columns: nothing dropped, nothing filled, and said whose file it was taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestim_core.data.files import READABLE, check_readable, sha256_of, unreadable
from vestim_core.data.readers.assign import Assigned, Names, assign
from vestim_core.data.readers.clock import continuous, seconds_of_text
from vestim_core.data.readers.csv import open_csv
from vestim_core.data.readers.detect import detect
from vestim_core.data.readers.header import is_number
from vestim_core.data.readers.mat import open_mat
from vestim_core.data.readers.optional import open_neware, open_parquet
from vestim_core.data.readers.sheets import open_sheets
from vestim_core.data.readers.sign import signed
from vestim_core.data.readers.source import Raw, Source, Trouble
from vestim_core.data.readers.troubles import findings_of
from vestim_core.data.table import Table
from vestim_core.data.vendors import Vendor, vendors
from vestim_core.spec.finding import Finding, Repair, Severity
from vestim_core.spec.signals import QUANTITIES

__all__ = ["READABLE", "Opened", "load_table", "open_source"]

_FACTORS = (1e-3, 1e-6, 60.0, 3600.0, 86400.0)
"""By what a wrong unit of time would be off."""
_CLOCK_S = 5.0


@dataclass(frozen=True)
class Opened:
    """A file whose names are known and none of whose rows have been read. mapping: the user's."""

    source: Source
    vendor: Vendor
    why: str
    names: Names
    mapping: Mapping[str, str]

    @property
    def headers(self) -> list[str]:
        """Names of the file's columns."""
        return self.source.headers

    @property
    def step_time(self) -> int | None:
        """The column whose time starts over with each step, where the file's total time must be made from it."""
        found = self.names.find(self.headers, "time_s")
        if self.names.mapped(self.headers, "time_s") or (found and found.position not in (self.date,)):
            return None
        return self.names.find_text(self.headers, self.vendor.step_time)

    @property
    def date(self) -> int | None:
        """The column with date and time of day."""
        return self.names.find_text(self.headers, (*self.vendor.date, *self.names.plain.date))

    @property
    def state(self) -> int | None:
        """The column with the letter of the state."""
        words = self.vendor.columns.get("step_type", ())
        return self.names.find_text(self.headers, words)


def open_source(path: Path, mapping: Mapping[str, str], extra_vendors: Path | None = None) -> Opened:
    """The file's names and its vendor. Raises VestimError with one sentence for whatever is no table."""
    check_readable(path)
    among = vendors(extra_vendors)
    try:
        source = _open(path, among, mapping)
    except OSError as error:
        raise unreadable(path, error) from None
    vendor, why = detect(path.name, source.preamble, source.headers, among)
    return Opened(source, vendor, why, Names.of(vendor, among, mapping), mapping)


def load_table(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    needed: Sequence[str] = (),
    wanted: Sequence[str] | None = None,
    *,
    sha256: str = "",
    extra_vendors: Path | None = None,
) -> Table:
    """All rows of one file as they stand: NaN where it has no number, time as it runs.

    mapping: canonical name to the name in the file, where that is not recognised. needed: canonical columns that must
    be there, time apart, which always must. wanted: columns that are read when they are there; None: every quantity.
    sha256: of the file when it is known already. extra_vendors: a folder with more vendor files.
    Raises VestimError with one sentence for whatever cannot be read.
    """
    opened = open_source(path, mapping or {}, extra_vendors)
    try:
        return _load(opened, needed, list(QUANTITIES) if wanted is None else wanted, sha256)
    except OSError as error:
        raise unreadable(path, error) from None


def _open(path: Path, among: Sequence[Vendor], mapping: Mapping[str, str]) -> Source:
    kind = path.suffix.lower()
    if kind == ".mat":
        guessed = next((vendor for vendor in among if vendor.structs), among[-1])
        return open_mat(path, Names.of(guessed, among, mapping))
    if kind in (".xlsx", ".xlsm", ".xls"):
        return open_sheets(path, among)
    if kind == ".parquet":
        return open_parquet(path)
    if kind in (".nda", ".ndax"):
        return open_neware(path)
    return open_csv(path)


def _load(opened: Opened, needed: Sequence[str], wanted: Sequence[str], sha256: str) -> Table:
    source, path = opened.source, opened.source.path
    step_time = opened.step_time
    said = " ".join(finding.sentence for finding in source.findings)
    from_steps = [] if step_time is None else ["time_s"]
    asked = [name for name in ("time_s", *needed) if name not in from_steps]
    assigned, findings = assign(path, opened.headers, opened.names, asked, [*wanted, "time_s"], said)
    total = assigned.pop("time_s", None)
    state = opened.state if opened.vendor.states and "current_A" in assigned else None
    time = total.position if total and step_time is None else step_time
    date = opened.date if step_time is not None else None
    clocks = [position for position in (time, date) if position is not None]
    texts = [position for position in clocks if _is_text(source, position)] + ([] if state is None else [state])
    positions = {*clocks, *texts, *(column.position for column in assigned.values())}
    raw = source.read(sorted(positions), texts)
    clock = total if total and step_time is None else _step_clock(opened, time)
    time_s = _seconds(clock, raw, opened)
    if step_time is not None:
        time_s = continuous(time_s, None if date is None else _dates(raw.columns[date], opened.vendor))
    columns = {name: column.canonical(raw.columns[column.position]) for name, column in assigned.items()}
    if state is not None:
        columns["current_A"], noticed = signed(columns["current_A"], raw.columns[state], opened.vendor, path.name)
        findings += noticed
    start_s = _first_number(time_s)
    by_position = {column.position: name for name, column in ({"time_s": clock} | assigned).items()}
    findings += findings_of(raw.troubles, by_position, path.name)
    findings += _unit_by_date(opened, clock, time_s)
    return Table(
        path,
        path.name,
        sha256 or sha256_of(path),
        {"time_s": time_s - start_s if start_s else time_s, **columns},
        (*source.findings, *findings),
        vendor=opened.vendor.name,
        why=opened.why,
        headers=tuple(opened.headers),
        sources=_sources(opened, {"time_s": clock} | assigned),
        start_s=start_s,
        place=source.place,
    )


def _sources(opened: Opened, assigned: Mapping[str, Assigned]) -> dict[str, str]:
    sources = {name: column.header for name, column in assigned.items()}
    return sources if opened.state is None else sources | {"step_type": opened.headers[opened.state]}


def _is_text(source: Source, position: int) -> bool:
    """Whether the first value of a column that is no number is what times look like."""
    first = next((text for text in source.sample(position) if text), "")
    return bool(first) and not is_number(first, ".", ",") and not is_number(first, ",")


def _step_clock(opened: Opened, position: int | None) -> Assigned:
    assert position is not None
    header = opened.headers[position]
    found = Names(opened.vendor, opened.names.plain, {"time_s": header}).mapped(opened.headers, "time_s")
    return found or Assigned(position, header)


def _seconds(clock: Assigned, raw: Raw, opened: Opened) -> np.ndarray:
    values = raw.columns[clock.position]
    if values.dtype != object:
        return clock.canonical(values)
    seconds = seconds_of_text(values, opened.vendor.time_format)
    there = np.array([value is not None for value in values])
    bad = np.flatnonzero(np.isnan(seconds) & there)
    if len(bad):
        raw.troubles.append(Trouble("channel.text", bad, f'"{values[bad[0]]}"', clock.position))
    return seconds


def _first_number(values: np.ndarray) -> float:
    """0 when there is none."""
    if len(values) and np.isfinite(values[0]):
        return float(values[0])
    finite = np.flatnonzero(np.isfinite(values))
    return float(values[finite[0]]) if len(finite) else 0.0


def _dates(values: np.ndarray, vendor: Vendor) -> np.ndarray:
    return seconds_of_text(values, vendor.time_format) if values.dtype == object else values


def _unit_by_date(opened: Opened, clock: Assigned, time_s: np.ndarray) -> list[Finding]:
    """A finding when the date tells that the time column is in another unit than its header says."""
    date = opened.date
    if date is None or date == clock.position or len(time_s) < 3:
        return []
    texts = np.array([text or None for text in opened.source.sample(date)], dtype=object)
    if not any(texts) or not _is_text(opened.source, date):
        return []
    dates = seconds_of_text(texts, opened.vendor.time_format)
    rows = min(len(dates), len(time_s))
    by_date, by_time = dates[rows - 1] - dates[0], time_s[rows - 1] - time_s[0]
    if not (by_date >= _CLOCK_S and by_time > 0):
        return []
    factor = next((factor for factor in _FACTORS if abs(by_time * factor / by_date - 1) < 0.2), None)
    if factor is None:
        return []
    return [
        Finding(
            code="time.unit",
            severity=Severity.ERROR,
            sentence=f'"{clock.header}" of "{opened.source.path.name}" moves by {by_time:g} s while '
            f'"{opened.headers[date]}" moves by {by_date:g} s: its values must be multiplied by {factor:g}.',
            file=opened.source.path.name,
            column="time_s",
            repair=Repair(kind="scale", parameters={"column": "time_s", "factor": factor}),
        )
    ]
