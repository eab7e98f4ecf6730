"""Repairs: what a finding proposes, carried out on a table. Each is plain data, so that it can be recorded and played
again on the file as it was loaded, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.coulomb import counted_soc
from vestim_core.data.readers import load_table
from vestim_core.data.readers.usable import keep_rows
from vestim_core.data.spans import rows_in, spans_of
from vestim_core.data.table import Table
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Repair

__all__ = ["COUNT_SOC", "KINDS", "apply_repair", "apply_repairs", "load_repaired"]

COUNT_SOC = "count_soc"


def load_repaired(
    path: Path,
    repairs: Sequence[Repair],
    mapping: Mapping[str, str],
    needed: Sequence[str],
    wanted: Sequence[str],
    *,
    name: str = "",
    sha256: str = "",
    extra_vendors: Path | None = None,
) -> Table:
    """The table of `path` after `repairs`. An SOC that they count need not be in the file, but the current must.

    name: what the file is called where its own name is not enough. Else as `load_table`.
    """
    if any(repair.kind == COUNT_SOC for repair in repairs):
        needed = [*(name for name in needed if name != "soc"), "current_A"]
        wanted = [name for name in wanted if name != "soc"]
    table = load_table(path, mapping, needed, wanted, sha256=sha256, extra_vendors=extra_vendors)
    return apply_repairs(table.called(name or path.name), repairs)


def apply_repair(table: Table, repair: Repair) -> Table:
    """The table after `repair`, which is added to its record. Row numbers are those of `table`.

    Raises wrong_input for a kind or parameters that are unknown, or a column that is not there.
    """
    change = KINDS.get(repair.kind)
    if change is None:
        raise wrong_input(
            f'"{table.name}" cannot be repaired by "{repair.kind}": known are {", ".join(KINDS)}.',
            place=str(table.path),
        )
    try:
        changed = change(table, repair.parameters)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        raise wrong_input(
            f'The repair "{repair.kind}" of "{table.name}" has parameters that do not fit: {repair.parameters!r:.200}.',
            place=str(table.path),
        ) from None
    return replace(changed, repairs=(*table.repairs, repair))


def apply_repairs(table: Table, repairs: Sequence[Repair]) -> Table:
    """The table after all of them. Those that drop rows come last, so that every row number means the loaded table;
    rows before the one that SOC is counted from go with them.

    What reading noticed and one of `repairs` answers is not told any more.
    """
    for dropping in (False, True):
        for repair in repairs:
            if (repair.kind in _DROPPING) is dropping and repair.kind != "drop_rows":
                table = apply_repair(table, repair)
        if not dropping:
            rows = [span for repair in repairs for span in _cut_out(table, repair)]
            if rows:
                table = apply_repair(table, Repair(kind="drop_rows", parameters={"rows": rows}))
    return replace(table, findings=tuple(finding for finding in table.findings if finding.repair not in repairs))


def _cut_out(table: Table, repair: Repair) -> list[list[int]]:
    """Spans of the loaded table's rows that go with `repair`."""
    if repair.kind == COUNT_SOC:
        row = int(repair.parameters.get("row", 0))
        return [[0, row - 1]] if row > 0 else []
    if repair.kind != "drop_rows":
        return []
    rows = repair.parameters.get("rows")
    if not isinstance(rows, list | tuple):
        raise wrong_input(f'The repair "drop_rows" of "{table.name}" names no rows.', place=str(table.path))
    return [list(span) for span in rows]


def _drop_rows(table: Table, given: Mapping[str, Any]) -> Table:
    """rows: spans of first and last row."""
    return keep_rows(table, ~rows_in([(int(first), int(last)) for first, last in given["rows"]], table.rows))


def _drop_repeats(table: Table, given: Mapping[str, Any]) -> Table:
    """Of neighbouring rows with one time the last stays."""
    return keep_rows(table, np.append(np.diff(table.columns["time_s"]) != 0, True))


def _merge_tiny_steps(table: Table, given: Mapping[str, Any]) -> Table:
    """shorter_than_s: of rows closer than that the last stays, whose values hold from then on."""
    steps = np.diff(table.columns["time_s"])
    return keep_rows(table, np.append(~((steps >= 0) & (steps < float(given["shorter_than_s"]))), True))


def _drop_missing(table: Table, given: Mapping[str, Any]) -> Table:
    """column: rows without a number there go."""
    return keep_rows(table, np.isfinite(table.columns[given["column"]]))


def _shift_time(table: Table, given: Mapping[str, Any]) -> Table:
    """shifts: [row, seconds]; time from that row on moves by so much, each further shift on top."""
    time_s = table.columns["time_s"].copy()
    for row, seconds in given["shifts"]:
        time_s[int(row) :] += float(seconds)
    return _with(table, "time_s", time_s)


def _scale(table: Table, given: Mapping[str, Any]) -> Table:
    """column, factor, offset (0 when not given): value * factor + offset."""
    column, factor = given["column"], float(given["factor"])
    scaled = _with(table, column, table.columns[column] * factor + float(given.get("offset", 0.0)))
    return replace(scaled, start_s=table.start_s * factor) if column == "time_s" else scaled


def _flip(table: Table, given: Mapping[str, Any]) -> Table:
    """column: its sign changes."""
    return _with(table, given["column"], 0.0 - table.columns[given["column"]])


def _fill(table: Table, given: Mapping[str, Any]) -> Table:
    """column, longest_rows, values (none when not given): stretches without a number, or with one of `values`, that are
    not longer are filled along a line between their neighbours in time."""
    values, longest = table.columns[given["column"]], int(given["longest_rows"])
    gone = ~np.isfinite(values) | np.isin(values, given.get("values", ()))
    filled = np.where(gone, np.nan, values)
    short = [(a, b) for a, b in spans_of(gone) if b - a + 1 <= longest]
    return _with(table, given["column"], _between(table, filled, rows_in(short, table.rows)))


def _interpolate_rows(table: Table, given: Mapping[str, Any]) -> Table:
    """column, rows: these values are replaced along a line between their neighbours in time."""
    values = table.columns[given["column"]].copy()
    rows = rows_in([(int(first), int(last)) for first, last in given["rows"]], table.rows)
    values[rows] = np.nan
    return _with(table, given["column"], _between(table, values, rows))


def _count_soc(table: Table, given: Mapping[str, Any]) -> Table:
    """capacity_Ah, soc, row (0 when not given): SOC is `soc` at that row and follows the current from there on. Rows
    before have none; what the file itself says of SOC is replaced."""
    time_s, current_A = table.columns["time_s"], table.columns["current_A"]
    row, soc, capacity = int(given.get("row", 0)), float(given["soc"]), float(given["capacity_Ah"])
    return _with(table, "soc", counted_soc(time_s, current_A, row, soc, capacity))


def _accept(table: Table, given: Mapping[str, Any]) -> Table:
    """code: the finding of that code is known and nothing changes."""
    if not isinstance(given["code"], str):
        raise TypeError
    return table


def _between(table: Table, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    time_s = table.columns["time_s"]
    known = np.isfinite(values) & np.isfinite(time_s)
    if not known.any():
        return values
    order = np.argsort(time_s[known], kind="stable")
    filled = values.copy()
    rows = rows & np.isfinite(time_s)
    filled[rows] = np.interp(time_s[rows], time_s[known][order], values[known][order])
    return filled


def _with(table: Table, column: str, values: np.ndarray) -> Table:
    return replace(table, columns=table.columns | {column: values})


KINDS: dict[str, Callable[[Table, Mapping[str, Any]], Table]] = {
    "accept": _accept,
    COUNT_SOC: _count_soc,
    "drop_missing": _drop_missing,
    "drop_repeats": _drop_repeats,
    "drop_rows": _drop_rows,
    "fill": _fill,
    "flip": _flip,
    "interpolate_rows": _interpolate_rows,
    "merge_tiny_steps": _merge_tiny_steps,
    "scale": _scale,
    "shift_time": _shift_time,
}
"""Every kind of repair and what it does."""
_DROPPING = frozenset(("drop_rows", "drop_repeats", "merge_tiny_steps", "drop_missing"))
