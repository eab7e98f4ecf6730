"""From raw columns to SI units on a strictly increasing time: the checks without which numbers would be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vestim_core.data.readers.assign import Assigned
from vestim_core.data.readers.clock import seconds_of_text
from vestim_core.data.readers.source import Source
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Finding, Severity


def tidy(
    source: Source, assigned: Mapping[str, Assigned], raw: Mapping[int, np.ndarray], needed: Sequence[str]
) -> tuple[dict[str, np.ndarray], list[Finding]]:
    """Columns by canonical name and what was noticed.

    Of rows with one and the same time the last one stays. Time that runs backwards, no second row, and a missing value
    in a needed column are errors; a column that is not needed is left out when a value is missing.
    """
    findings: list[Finding] = []
    time_s = _seconds(source, assigned["time_s"], raw)
    columns = {"time_s": time_s}
    for name, column in assigned.items():
        if name == "time_s":
            continue
        values = column.canonical(raw[column.position])
        missing = _not_finite(values)
        if len(missing) == 0:
            columns[name] = values
        elif name in needed:
            raise wrong_input(_gaps(source, column, missing), place=str(source.path))
        else:
            findings.append(_left_out(source, name, column, missing))
    keep, doubles = _increasing(source, time_s)
    if keep is not None:
        columns = {name: values[keep] for name, values in columns.items()}
    columns["time_s"] = columns["time_s"] - columns["time_s"][0]
    return columns, findings + doubles


def _not_finite(values: np.ndarray) -> np.ndarray:
    """Rows without a value."""
    finite = np.isfinite(values)
    return np.empty(0, dtype=np.intp) if finite.all() else np.flatnonzero(~finite)


def _seconds(source: Source, column: Assigned, raw: Mapping[int, np.ndarray]) -> np.ndarray:
    values = raw[column.position]
    name = source.path.name
    if len(values) < 2:
        count = "one row" if len(values) == 1 else "no rows"
        raise wrong_input(
            f'"{name}" has {count} of data; a series needs at least two: leave the file out.', place=str(source.path)
        )
    if values.dtype != object:
        missing = _not_finite(values)
        if len(missing):
            raise wrong_input(_gaps(source, column, missing), place=str(source.path))
        return column.canonical(values)
    seconds = seconds_of_text(values)
    bad = np.flatnonzero(np.isnan(seconds))
    if len(bad):
        raise wrong_input(
            f'"{name}" has "{values[bad[0]] or ""}" in its time column "{column.header}", {source.place(int(bad[0]))}, '
            f"which is neither a number nor a date and time that Vestim reads: use seconds or 2024-01-31 13:45:00.",
            place=str(source.path),
        )
    return seconds


def _increasing(source: Source, time_s: np.ndarray) -> tuple[np.ndarray | None, list[Finding]]:
    """Which rows to keep (None: all), with a finding when some go; wrong_input when time runs backwards."""
    steps = np.diff(time_s)
    back = np.flatnonzero(steps < 0)
    if len(back):
        row = int(back[0]) + 1
        raise wrong_input(
            f'Time runs backwards in "{source.path.name}" at {source.place(row)}: {time_s[row]:.9g} s follows '
            f"{time_s[row - 1]:.9g} s ({_times(len(back))} in all). Sort or split the file, or name a time column that "
            f"does not start over under data.columns.",
            place=str(source.path),
        )
    doubles = np.flatnonzero(steps == 0)
    if len(doubles) == 0:
        return None, []
    if len(doubles) == len(steps):
        raise wrong_input(
            f'Time stands still in all of "{source.path.name}": every row has the same time.', place=str(source.path)
        )
    keep = np.append(steps > 0, True)
    count = len(doubles)
    finding = Finding(
        code="duplicate_times",
        severity=Severity.WARNING,
        sentence=f'{count} {"row" if count == 1 else "rows"} of "{source.path.name}" had the time of the row after, '
        f"first at {source.place(int(doubles[0]))}: of each such group the last row was kept.",
        file=source.path.name,
        column="time_s",
        rows=(int(doubles[0]), int(doubles[-1])),
    )
    return keep, [finding]


def _gaps(source: Source, column: Assigned, missing: np.ndarray) -> str:
    rows = "1 row" if len(missing) == 1 else f"{len(missing)} rows"
    return (
        f'"{source.path.name}" has no value in column "{column.header}" in {rows}, first at '
        f"{source.place(int(missing[0]))}: fill in or delete these rows, or leave the file out."
    )


def _left_out(source: Source, name: str, column: Assigned, missing: np.ndarray) -> Finding:
    return Finding(
        code="column_left_out",
        severity=Severity.WARNING,
        sentence=f"{_gaps(source, column, missing).partition(':')[0]}; the column is left out, as no model reads it.",
        file=source.path.name,
        column=name,
        rows=(int(missing[0]), int(missing[-1])),
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
