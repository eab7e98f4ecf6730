"""Loads a file as it is, in canonical columns: nothing is dropped or filled, and the detected vendor is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vestim_core.data.data_files import READABLE, check_readable, sha256_of, unreadable_error
from vestim_core.data.readers.column_assignment import AssignedColumn, ColumnNames, assign_columns
from vestim_core.data.readers.csv import open_csv
from vestim_core.data.readers.current_sign import apply_state_sign
from vestim_core.data.readers.mat import open_mat
from vestim_core.data.readers.optional_formats import open_neware, open_parquet
from vestim_core.data.readers.read_issues import issue_findings
from vestim_core.data.readers.sheets import open_sheets
from vestim_core.data.readers.source import RawColumns, ReadIssue, Source
from vestim_core.data.readers.table_header import is_number
from vestim_core.data.readers.timestamps import parse_times, total_time
from vestim_core.data.readers.vendor_detection import detect_vendor
from vestim_core.data.table import Table
from vestim_core.data.vendors import Vendor, vendors
from vestim_core.spec.finding import Finding, Repair, Severity
from vestim_core.spec.signals import QUANTITIES

__all__ = ["READABLE", "OpenedFile", "load_table", "open_source"]

_UNIT_FACTORS = (1e-3, 1e-6, 60.0, 3600.0, 86400.0)
"""Factors by which a wrong time unit would be off."""
_MIN_COMPARED_S = 5.0  # seconds; dates resolved to 1 s are then exact to the 20 % that the comparison allows


@dataclass(frozen=True)
class OpenedFile:
    """A file with known column names and no rows read yet. vendor_evidence: the evidence for `vendor`. mapping: the
    user's."""

    source: Source
    vendor: Vendor
    vendor_evidence: str
    names: ColumnNames
    mapping: Mapping[str, str]

    @property
    def headers(self) -> list[str]:
        """Names of the file's columns."""
        return self.source.headers

    @property
    def step_time_position(self) -> int | None:
        """Position of the time that restarts with each step, if the total time must be derived from it."""
        total_column = self.names.find_column(self.headers, "time_s")
        if self.names.find_mapped_column(self.headers, "time_s") or (
            total_column and total_column.position not in (self.date_position,)
        ):
            return None
        return self.names.find_position(self.headers, self.vendor.step_time)

    @property
    def date_position(self) -> int | None:
        """Position of the column with date and time of day."""
        return self.names.find_position(self.headers, (*self.vendor.date, *self.names.plain.date))

    @property
    def state_position(self) -> int | None:
        """Position of the column with the state's letter."""
        keys = self.vendor.columns.get("step_type", ())
        return self.names.find_position(self.headers, keys)


def open_source(path: Path, mapping: Mapping[str, str], extra_vendors: Path | None = None) -> OpenedFile:
    """Open the file and detect its vendor. Raises VestimError with a one-sentence message if it holds no table."""
    check_readable(path)
    all_vendors = vendors(extra_vendors)
    try:
        source = _open_by_suffix(path, all_vendors, mapping)
    except OSError as error:
        raise unreadable_error(path, error) from None
    vendor, why = detect_vendor(path.name, source.preamble, source.headers, all_vendors)
    return OpenedFile(source, vendor, why, ColumnNames.for_vendor(vendor, all_vendors, mapping), mapping)


def load_table(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    required_columns: Sequence[str] = (),
    optional_columns: Sequence[str] | None = None,
    *,
    sha256: str = "",
    extra_vendors: Path | None = None,
) -> Table:
    """Load all rows of one file unchanged: NaN where it has no number, time as recorded.

    mapping: canonical name to the name in the file, for names that are not recognized. required_columns: canonical
    columns that must be present; time always must. optional_columns: read when present; None for every quantity.
    sha256: hash of the file if already known. extra_vendors: a folder with more vendor files. Raises VestimError with a
    one-sentence message for a file that cannot be read.
    """
    opened_file = open_source(path, mapping or {}, extra_vendors)
    try:
        return _load(
            opened_file, required_columns, list(QUANTITIES) if optional_columns is None else optional_columns, sha256
        )
    except OSError as error:
        raise unreadable_error(path, error) from None


def _open_by_suffix(path: Path, vendors: Sequence[Vendor], mapping: Mapping[str, str]) -> Source:
    suffix = path.suffix.lower()
    if suffix == ".mat":
        matlab_vendor = next((vendor for vendor in vendors if vendor.structs), vendors[-1])
        return open_mat(path, ColumnNames.for_vendor(matlab_vendor, vendors, mapping))
    if suffix in (".xlsx", ".xlsm", ".xls"):
        return open_sheets(path, vendors)
    if suffix == ".parquet":
        return open_parquet(path)
    if suffix in (".nda", ".ndax"):
        return open_neware(path)
    return open_csv(path)


def _load(
    opened_file: OpenedFile, required_columns: Sequence[str], optional_columns: Sequence[str], sha256: str
) -> Table:
    source, path = opened_file.source, opened_file.source.path
    step_time_position = opened_file.step_time_position
    hint = " ".join(finding.message for finding in source.findings)
    derived_columns = [] if step_time_position is None else ["time_s"]
    required_in_file = [name for name in ("time_s", *required_columns) if name not in derived_columns]
    assigned_columns, findings = assign_columns(
        path, opened_file.headers, opened_file.names, required_in_file, [*optional_columns, "time_s"], hint
    )
    total_column = assigned_columns.pop("time_s", None)
    sign_position = (
        opened_file.state_position if opened_file.vendor.states and "current_A" in assigned_columns else None
    )
    time_position = total_column.position if total_column and step_time_position is None else step_time_position
    step_date_position = opened_file.date_position if step_time_position is not None else None
    clocks = [position for position in (time_position, step_date_position) if position is not None]
    texts = [position for position in clocks if _is_text(source, position)] + (
        [] if sign_position is None else [sign_position]
    )
    positions = {*clocks, *texts, *(column.position for column in assigned_columns.values())}
    raw = source.read(sorted(positions), texts)
    clock = total_column if total_column and step_time_position is None else _step_clock(opened_file, time_position)
    time_s = _clock_seconds(clock, raw, opened_file)
    if step_time_position is not None:
        time_s = total_time(
            time_s, None if step_date_position is None else _dates(raw.columns[step_date_position], opened_file.vendor)
        )
    columns = {name: column.to_canonical(raw.columns[column.position]) for name, column in assigned_columns.items()}
    if sign_position is not None:
        columns["current_A"], sign_findings = apply_state_sign(
            columns["current_A"], raw.columns[sign_position], opened_file.vendor, path.name
        )
        findings += sign_findings
    start_s = _first_finite(time_s)
    names_by_position = {column.position: name for name, column in ({"time_s": clock} | assigned_columns).items()}
    findings += issue_findings(raw.issues, names_by_position, path.name)
    findings += _check_unit_by_date(opened_file, clock, time_s)
    return Table(
        path,
        path.name,
        sha256 or sha256_of(path),
        {"time_s": time_s - start_s if start_s else time_s, **columns},
        (*source.findings, *findings),
        vendor=opened_file.vendor.name,
        vendor_evidence=opened_file.vendor_evidence,
        headers=tuple(opened_file.headers),
        sources=_source_headers(opened_file, {"time_s": clock} | assigned_columns),
        start_s=start_s,
        row_location=source.row_location,
    )


def _source_headers(opened_file: OpenedFile, assigned_columns: Mapping[str, AssignedColumn]) -> dict[str, str]:
    sources = {name: column.header for name, column in assigned_columns.items()}
    return (
        sources
        if opened_file.state_position is None
        else sources | {"step_type": opened_file.headers[opened_file.state_position]}
    )


def _is_text(source: Source, position: int) -> bool:
    """True if the column's first value is not a number; for a clock, that is a date or a duration."""
    first = next((text for text in source.sample(position) if text), "")
    return bool(first) and not is_number(first, ".", ",") and not is_number(first, ",")


def _step_clock(opened_file: OpenedFile, position: int | None) -> AssignedColumn:
    assert position is not None
    header = opened_file.headers[position]
    column = ColumnNames(opened_file.vendor, opened_file.names.plain, {"time_s": header}).find_mapped_column(
        opened_file.headers, "time_s"
    )
    return column or AssignedColumn(position, header)


def _clock_seconds(clock: AssignedColumn, raw: RawColumns, opened_file: OpenedFile) -> np.ndarray:
    values = raw.columns[clock.position]
    if values.dtype != object:
        return clock.to_canonical(values)
    seconds = parse_times(values, opened_file.vendor.time_format)
    is_present = np.array([value is not None for value in values])
    unparsed_rows = np.flatnonzero(np.isnan(seconds) & is_present)
    if len(unparsed_rows):
        raw.issues.append(ReadIssue("channel.text", unparsed_rows, f'"{values[unparsed_rows[0]]}"', clock.position))
    return seconds


def _first_finite(values: np.ndarray) -> float:
    """The first finite value; 0 if there is none."""
    if len(values) and np.isfinite(values[0]):
        return float(values[0])
    finite_rows = np.flatnonzero(np.isfinite(values))
    return float(values[finite_rows[0]]) if len(finite_rows) else 0.0


def _dates(values: np.ndarray, vendor: Vendor) -> np.ndarray:
    return parse_times(values, vendor.time_format) if values.dtype == object else values


def _check_unit_by_date(opened_file: OpenedFile, clock: AssignedColumn, time_s: np.ndarray) -> list[Finding]:
    """Finding if the dates show that the time column has another unit than its header says."""
    date_position = opened_file.date_position
    if date_position is None or date_position == clock.position or len(time_s) < 3:
        return []
    texts = np.array([text or None for text in opened_file.source.sample(date_position)], dtype=object)
    if not any(texts) or not _is_text(opened_file.source, date_position):
        return []
    dates = parse_times(texts, opened_file.vendor.time_format)
    rows = min(len(dates), len(time_s))
    date_span_s, time_span_s = dates[rows - 1] - dates[0], time_s[rows - 1] - time_s[0]
    if not (date_span_s >= _MIN_COMPARED_S and time_span_s > 0):
        return []
    factor = next((factor for factor in _UNIT_FACTORS if abs(time_span_s * factor / date_span_s - 1) < 0.2), None)
    if factor is None:
        return []
    return [
        Finding(
            code="time.unit",
            severity=Severity.ERROR,
            message=f'"{clock.header}" of "{opened_file.source.path.name}" moves by {time_span_s:g} s while '
            f'"{opened_file.headers[date_position]}" moves by {date_span_s:g} s: its values must be '
            f"multiplied by {factor:g}.",
            file=opened_file.source.path.name,
            column="time_s",
            repair=Repair(kind="scale", parameters={"column": "time_s", "factor": factor}),
        )
    ]
