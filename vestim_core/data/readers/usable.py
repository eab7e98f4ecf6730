"""From a loaded table to one that a job can use: every value there, time that runs.

What is dropped here holds nothing: lines of text, a last line that breaks off, rows without a value, and of rows with
one and the same time all but the last (a value holds until the next row, so these held for no time). Whatever else is
missing is an error in one sentence, for only a person knows what should stand there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vestim_core.data.readers.assign import no_column
from vestim_core.data.spans import count_rows, finding_at, spans_of
from vestim_core.data.table import Table
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.finding import Finding, Severity


def usable(table: Table, needed: Sequence[str], mapping: dict[str, str] | None = None) -> Table:
    """The rows of `table` that count, free of NaN, on a strictly increasing time that starts at 0.

    needed: columns that must be whole, time apart, which always must; another one with a gap is left out, which is a
    finding. Raises VestimError for a gap in a needed column, time that runs backwards and fewer than two rows.
    """
    absent = [name for name in ("time_s", *needed) if name not in table.columns]
    if absent:
        raise no_column(table.path, table.headers, mapping or {}, absent)
    if len(_not_finite(next(iter(table.columns.values())))):
        table = keep_rows(table, ~_without_value(table))
    findings = list(table.findings)
    for finding in findings:
        if finding.code == "rows.ragged":
            raise wrong_input(finding.sentence, place=str(table.path))
    if table.rows < 2:
        count = "one row" if table.rows == 1 else "no rows"
        raise wrong_input(
            f'"{table.name}" has {count} of data; a series needs at least two: leave the file out.',
            place=str(table.path),
        )
    columns = dict(table.columns)
    for name, values in table.columns.items():
        missing = _not_finite(values)
        if len(missing) == 0:
            continue
        if name == "time_s" or name in needed:
            raise _gap(table, name, missing)
        del columns[name]
        findings.append(_left_out(table, name, missing))
    table = replace(table, columns=columns)
    keep, doubles = _increasing(table)
    table = keep_rows(table, keep) if keep is not None else table
    time_s, columns = table.columns["time_s"], table.columns
    if time_s[0] != 0:
        columns = columns | {"time_s": time_s - time_s[0]}
    told = any(finding.code == "time.duplicates" for finding in findings)
    findings += [] if told else doubles
    return replace(table, columns=columns, findings=tuple(findings), start_s=table.start_s + float(time_s[0]))


def keep_rows(table: Table, keep: np.ndarray) -> Table:
    """The rows where `keep`, bool (N,); their places in the file are still known."""
    if keep.all():
        return table
    kept = np.flatnonzero(keep)
    columns = {name: values[keep] for name, values in table.columns.items()}
    place = table.place

    def placed(row: int) -> str:
        return place(int(kept[row]) if row < len(kept) else row)

    return replace(table, columns=columns, place=placed)


def _without_value(table: Table) -> np.ndarray:
    """Mask of the rows that hold nothing: lines of text and such as break off among them."""
    first, *others = table.columns.values()
    empty: np.ndarray = np.isnan(first)
    for column in others:
        empty &= np.isnan(column)
    return empty


def _not_finite(values: np.ndarray) -> np.ndarray:
    """Rows without a value. A sum is finite only when all that is summed up is."""
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(values.sum())
    return np.empty(0, dtype=np.intp) if finite else np.flatnonzero(~np.isfinite(values))


def _increasing(table: Table) -> tuple[np.ndarray | None, list[Finding]]:
    """Which rows to keep (None: all), with a finding when some go; wrong_input when time runs backwards."""
    time_s = table.columns["time_s"]
    if (time_s[1:] > time_s[:-1]).all():
        return None, []
    steps = np.diff(time_s)
    back = np.flatnonzero(steps < 0)
    if len(back):
        row = int(back[0]) + 1
        raise wrong_input(
            f'Time runs backwards in "{table.name}" at {table.place(row)}: {time_s[row]:.9g} s follows '
            f"{time_s[row - 1]:.9g} s ({_times(len(back))} in all). Sort or split the file, or name a time column that "
            f"does not start over under data.columns.",
            place=str(table.path),
        )
    doubles = np.flatnonzero(steps == 0)
    if len(doubles) == 0:
        return None, []
    if len(doubles) == len(steps):
        raise wrong_input(
            f'Time stands still in all of "{table.name}": every row has the same time.', place=str(table.path)
        )
    return np.append(steps > 0, True), [_doubles(table, doubles)]


def _doubles(table: Table, doubles: np.ndarray) -> Finding:
    spans = spans_of(doubles)
    count = count_rows(spans)
    return finding_at(
        spans,
        code="time.duplicates",
        severity=Severity.WARNING,
        sentence=f'{count} {"row" if count == 1 else "rows"} of "{table.name}" had the time of the row after, '
        f"first at {table.place(int(doubles[0]))}: of each such group the last row was kept.",
        file=table.name,
        column="time_s",
    )


def _gap(table: Table, name: str, missing: np.ndarray) -> VestimError:
    """The error for a missing value; a text that stands in its place is shown."""
    header = table.sources.get(name, name)
    text = next((found for found in table.findings if found.code == "channel.text" and found.column == name), None)
    if text is None or text.rows is None:
        return wrong_input(_gaps(table, header, missing), place=str(table.path))
    said = text.sentence.partition("the text ")[2].rpartition(" for a number")[0]
    where = table.place(int(missing[0]))
    if name == "time_s":
        return wrong_input(
            f'"{table.name}" has {said} in its time column "{header}", {where}, which is neither a number nor a date '
            f"and time that Vestim reads: use seconds or 2024-01-31 13:45:00.",
            place=str(table.path),
        )
    return wrong_input(
        f'"{table.name}" has the text {said} in column "{header}", {where}, where a number is expected: correct or '
        f"delete that line.",
        place=str(table.path),
    )


def _gaps(table: Table, header: str, missing: np.ndarray) -> str:
    rows = "1 row" if len(missing) == 1 else f"{len(missing)} rows"
    return (
        f'"{table.name}" has no value in column "{header}" in {rows}, first at '
        f"{table.place(int(missing[0]))}: fill in or delete these rows, or leave the file out."
    )


def _left_out(table: Table, name: str, missing: np.ndarray) -> Finding:
    sentence = _gaps(table, table.sources.get(name, name), missing).partition(":")[0]
    return Finding(
        code="column_left_out",
        severity=Severity.WARNING,
        sentence=f"{sentence}; the column is left out, as no model reads it.",
        file=table.name,
        column=name,
        rows=(int(missing[0]), int(missing[-1])),
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
