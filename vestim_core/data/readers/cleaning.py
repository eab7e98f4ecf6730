"""Cleans a loaded table so that a job can use it: every value present, time strictly increasing.

Only rows without information are dropped: lines of text, a truncated last line, rows without a value, and all but the
last of several rows with the same time (a value holds until the next row, so the others held for no time). Any other
missing value is an error with a one-sentence message, because only a person knows the correct value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vestim_core.data.readers.column_assignment import missing_column_error
from vestim_core.data.spans import build_span_finding, count_rows, find_spans
from vestim_core.data.table import Table
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding, Severity


def clean_table(table: Table, required_columns: Sequence[str], mapping: dict[str, str] | None = None) -> Table:
    """Return the data rows of `table`, free of NaN, with time starting at 0 and strictly increasing.

    required_columns: columns that must be complete; time always must. Any other column with a gap is omitted and
    reported as a finding. Raises VestimError for a gap in a required column, time that runs backward, and fewer than
    two rows.
    """
    absent_columns = [name for name in ("time_s", *required_columns) if name not in table.columns]
    if absent_columns:
        raise missing_column_error(table.path, table.headers, mapping or {}, absent_columns)
    if len(_non_finite_rows(next(iter(table.columns.values())))):
        table = keep_rows(table, ~_empty_row_mask(table))
    findings = list(table.findings)
    for finding in findings:
        if finding.code == "rows.ragged":
            raise wrong_input(finding.message, location=str(table.path))
    if table.rows < 2:
        count_text = "one row" if table.rows == 1 else "no rows"
        raise wrong_input(
            f'"{table.name}" has {count_text} of data; a series needs at least two: leave the file out.',
            location=str(table.path),
        )
    columns = dict(table.columns)
    for name, values in table.columns.items():
        missing_rows = _non_finite_rows(values)
        if len(missing_rows) == 0:
            continue
        if name == "time_s" or name in required_columns:
            raise _gap_error(table, name, missing_rows)
        del columns[name]
        findings.append(_dropped_column_finding(table, name, missing_rows))
    table = replace(table, columns=columns)
    row_mask, duplicate_findings = _increasing_rows(table)
    table = keep_rows(table, row_mask) if row_mask is not None else table
    time_s, columns = table.columns["time_s"], table.columns
    if time_s[0] != 0:
        columns = columns | {"time_s": time_s - time_s[0]}
    is_reported = any(finding.code == "time.duplicates" for finding in findings)
    findings += [] if is_reported else duplicate_findings
    return replace(table, columns=columns, findings=tuple(findings), start_s=table.start_s + float(time_s[0]))


def keep_rows(table: Table, mask: np.ndarray) -> Table:
    """Keep the rows where the boolean `mask` (N,) is set; their locations in the file stay known."""
    if mask.all():
        return table
    kept_rows = np.flatnonzero(mask)
    columns = {name: values[mask] for name, values in table.columns.items()}
    loaded_location = table.row_location

    def row_location(row: int) -> str:
        return loaded_location(int(kept_rows[row]) if row < len(kept_rows) else row)

    return replace(table, columns=columns, row_location=row_location)


def _empty_row_mask(table: Table) -> np.ndarray:
    """Mask of rows without any value, among them lines of text and truncated lines."""
    first_column, *other_columns = table.columns.values()
    is_empty: np.ndarray = np.isnan(first_column)
    for column in other_columns:
        is_empty &= np.isnan(column)
    return is_empty


def _non_finite_rows(values: np.ndarray) -> np.ndarray:
    """Rows without a finite value. Fast path: a sum is finite only if all of its terms are."""
    with np.errstate(invalid="ignore", over="ignore"):
        is_finite = np.isfinite(values.sum())
    return np.empty(0, dtype=np.intp) if is_finite else np.flatnonzero(~np.isfinite(values))


def _increasing_rows(table: Table) -> tuple[np.ndarray | None, list[Finding]]:
    """Mask of the rows to keep (None for all), with a finding if any are dropped; wrong_input if time runs backward."""
    time_s = table.columns["time_s"]
    if (time_s[1:] > time_s[:-1]).all():
        return None, []
    steps = np.diff(time_s)
    backward_steps = np.flatnonzero(steps < 0)
    if len(backward_steps):
        row = int(backward_steps[0]) + 1
        raise wrong_input(
            f'Time runs backwards in "{table.name}" at {table.row_location(row)}: {time_s[row]:.9g} s follows '
            f"{time_s[row - 1]:.9g} s ({_count_text(len(backward_steps))} in all). Sort or split the file, or name a "
            f"time column that does not start over under data.columns.",
            location=str(table.path),
        )
    duplicates = np.flatnonzero(steps == 0)
    if len(duplicates) == 0:
        return None, []
    if len(duplicates) == len(steps):
        raise wrong_input(
            f'Time stands still in all of "{table.name}": every row has the same time.', location=str(table.path)
        )
    return np.append(steps > 0, True), [_duplicates_finding(table, duplicates)]


def _duplicates_finding(table: Table, rows: np.ndarray) -> Finding:
    spans = find_spans(rows)
    count = count_rows(spans)
    return build_span_finding(
        spans,
        code="time.duplicates",
        severity=Severity.WARNING,
        sentence=f'{count} {"row" if count == 1 else "rows"} of "{table.name}" had the time of the row after, '
        f"first at {table.row_location(int(rows[0]))}: of each such group the last row was kept.",
        file=table.name,
        column="time_s",
    )


def _gap_error(table: Table, name: str, missing_rows: np.ndarray) -> VestimError:
    """Build the error for a missing value, showing any text found in its place."""
    header = table.sources.get(name, name)
    text_finding = next(
        (finding for finding in table.findings if finding.code == "channel.text" and finding.column == name), None
    )
    if text_finding is None or text_finding.rows is None:
        return wrong_input(_gap_message(table, header, missing_rows), location=str(table.path))
    excerpt = text_finding.message.partition("the text ")[2].rpartition(" for a number")[0]
    location = table.row_location(int(missing_rows[0]))
    if name == "time_s":
        return wrong_input(
            f'"{table.name}" has {excerpt} in its time column "{header}", {location}, which is neither a number nor a '
            f"date and time that Vestim reads: use seconds or 2024-01-31 13:45:00.",
            location=str(table.path),
        )
    return wrong_input(
        f'"{table.name}" has the text {excerpt} in column "{header}", {location}, where a number is expected: correct '
        f"or delete that line.",
        location=str(table.path),
    )


def _gap_message(table: Table, header: str, missing_rows: np.ndarray) -> str:
    rows = "1 row" if len(missing_rows) == 1 else f"{len(missing_rows)} rows"
    return (
        f'"{table.name}" has no value in column "{header}" in {rows}, first at '
        f"{table.row_location(int(missing_rows[0]))}: fill in or delete these rows, or leave the file out."
    )


def _dropped_column_finding(table: Table, name: str, missing_rows: np.ndarray) -> Finding:
    sentence = _gap_message(table, table.sources.get(name, name), missing_rows).partition(":")[0]
    return Finding(
        code="column_left_out",
        severity=Severity.WARNING,
        message=f"{sentence}; the column is left out, as no model reads it.",
        file=table.name,
        column=name,
        rows=(int(missing_rows[0]), int(missing_rows[-1])),
    )


def _count_text(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
