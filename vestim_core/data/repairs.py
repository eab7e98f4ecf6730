"""Repairs proposed by findings, applied to a table. Each is plain data, so it can be recorded and replayed in order on
the loaded file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vestim_core.data.charge_integration import counted_soc
from vestim_core.data.readers import load_table
from vestim_core.data.readers.cleaning import keep_rows
from vestim_core.data.spans import find_spans, row_mask
from vestim_core.data.table import Table
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.finding import Repair

__all__ = ["COUNT_SOC", "REPAIR_FUNCTIONS", "apply_repair", "apply_repairs", "load_repaired"]

COUNT_SOC = "count_soc"


def load_repaired(
    path: Path,
    repairs: Sequence[Repair],
    mapping: Mapping[str, str],
    required_columns: Sequence[str],
    optional_columns: Sequence[str],
    *,
    name: str = "",
    sha256: str = "",
    extra_vendors: Path | None = None,
) -> Table:
    """Load the table of `path` and apply `repairs`. If they count SOC, the file needs no SOC but must have the current.

    name: name of the file in messages, where its own is ambiguous. Other parameters as for `load_table`.
    """
    if any(repair.kind == COUNT_SOC for repair in repairs):
        required_columns = [*(name for name in required_columns if name != "soc"), "current_A"]
        optional_columns = [name for name in optional_columns if name != "soc"]
    table = load_table(path, mapping, required_columns, optional_columns, sha256=sha256, extra_vendors=extra_vendors)
    return apply_repairs(table.with_name(name or path.name), repairs)


def apply_repair(table: Table, repair: Repair) -> Table:
    """Apply `repair` to the table and append it to the table's record. Row indices refer to `table`.

    Raises wrong_input for an unknown kind, invalid parameters or a missing column.
    """
    apply_change = REPAIR_FUNCTIONS.get(repair.kind)
    if apply_change is None:
        raise wrong_input(
            f'"{table.name}" cannot be repaired by "{repair.kind}": known are {", ".join(REPAIR_FUNCTIONS)}.',
            location=str(table.path),
        )
    try:
        changed_table = apply_change(table, repair.parameters)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        raise wrong_input(
            f'The repair "{repair.kind}" of "{table.name}" has parameters that do not fit: {repair.parameters!r:.200}.',
            location=str(table.path),
        ) from None
    return replace(changed_table, repairs=(*table.repairs, repair))


def apply_repairs(table: Table, repairs: Sequence[Repair]) -> Table:
    """Apply all repairs. Those that drop rows come last, so that every row index refers to the loaded table.

    Rows before the start of a counted SOC are dropped with them. Findings that one of `repairs` resolves are removed.
    """
    for is_dropping in (False, True):
        for repair in repairs:
            if (repair.kind in _DROPPING_KINDS) is is_dropping and repair.kind != "drop_rows":
                table = apply_repair(table, repair)
        if not is_dropping:
            rows = [span for repair in repairs for span in _dropped_spans(table, repair)]
            if rows:
                table = apply_repair(table, Repair(kind="drop_rows", parameters={"rows": rows}))
    return replace(table, findings=tuple(finding for finding in table.findings if finding.repair not in repairs))


def _dropped_spans(table: Table, repair: Repair) -> list[list[int]]:
    """Spans of the loaded table's rows that `repair` drops."""
    if repair.kind == COUNT_SOC:
        row = int(repair.parameters.get("row", 0))
        return [[0, row - 1]] if row > 0 else []
    if repair.kind != "drop_rows":
        return []
    rows = repair.parameters.get("rows")
    if not isinstance(rows, list | tuple):
        raise wrong_input(f'The repair "drop_rows" of "{table.name}" names no rows.', location=str(table.path))
    return [list(span) for span in rows]


def _drop_rows(table: Table, parameters: Mapping[str, Any]) -> Table:
    """rows: spans of first and last row."""
    return keep_rows(table, ~row_mask([(int(first), int(last)) for first, last in parameters["rows"]], table.rows))


def _drop_repeats(table: Table, parameters: Mapping[str, Any]) -> Table:
    """Keep the last of consecutive rows with the same time."""
    return keep_rows(table, np.append(np.diff(table.columns["time_s"]) != 0, True))


def _merge_tiny_steps(table: Table, parameters: Mapping[str, Any]) -> Table:
    """shorter_than_s: keep the last of rows closer than this, whose values hold from then on."""
    steps = np.diff(table.columns["time_s"])
    return keep_rows(table, np.append(~((steps >= 0) & (steps < float(parameters["shorter_than_s"]))), True))


def _drop_missing(table: Table, parameters: Mapping[str, Any]) -> Table:
    """column: drop the rows without a number in it."""
    return keep_rows(table, np.isfinite(table.columns[parameters["column"]]))


def _shift_time(table: Table, parameters: Mapping[str, Any]) -> Table:
    """shifts: pairs [row, seconds]; shift the time from that row on, each shift on top of the previous ones."""
    time_s = table.columns["time_s"].copy()
    for row, seconds in parameters["shifts"]:
        time_s[int(row) :] += float(seconds)
    return _with_column(table, "time_s", time_s)


def _scale(table: Table, parameters: Mapping[str, Any]) -> Table:
    """column, factor, offset (default 0): value * factor + offset."""
    column, factor = parameters["column"], float(parameters["factor"])
    scaled_table = _with_column(table, column, table.columns[column] * factor + float(parameters.get("offset", 0.0)))
    return replace(scaled_table, start_s=table.start_s * factor) if column == "time_s" else scaled_table


def _flip(table: Table, parameters: Mapping[str, Any]) -> Table:
    """column: invert its sign."""
    return _with_column(table, parameters["column"], 0.0 - table.columns[parameters["column"]])


def _fill(table: Table, parameters: Mapping[str, Any]) -> Table:
    """Interpolate short gaps linearly in time.

    column, longest_rows, values (default none): a gap is a stretch of at most longest_rows rows without a number or
    with one of `values`.
    """
    values, max_rows = table.columns[parameters["column"]], int(parameters["longest_rows"])
    is_missing = ~np.isfinite(values) | np.isin(values, parameters.get("values", ()))
    filled_values = np.where(is_missing, np.nan, values)
    short_spans = [(first, last) for first, last in find_spans(is_missing) if last - first + 1 <= max_rows]
    return _with_column(
        table, parameters["column"], _interpolate(table, filled_values, row_mask(short_spans, table.rows))
    )


def _interpolate_rows(table: Table, parameters: Mapping[str, Any]) -> Table:
    """column, rows: replace these values by linear interpolation in time."""
    values = table.columns[parameters["column"]].copy()
    rows = row_mask([(int(first), int(last)) for first, last in parameters["rows"]], table.rows)
    values[rows] = np.nan
    return _with_column(table, parameters["column"], _interpolate(table, values, rows))


def _count_soc(table: Table, parameters: Mapping[str, Any]) -> Table:
    """Replace SOC by Coulomb counting.

    capacity_Ah, soc, row (default 0): SOC equals `soc` at that row and follows the current from there. Earlier rows
    have none.
    """
    time_s, current_A = table.columns["time_s"], table.columns["current_A"]
    row, soc, capacity = int(parameters.get("row", 0)), float(parameters["soc"]), float(parameters["capacity_Ah"])
    return _with_column(table, "soc", counted_soc(time_s, current_A, row, soc, capacity))


def _accept(table: Table, parameters: Mapping[str, Any]) -> Table:
    """code: acknowledge the finding of that code without any change."""
    if not isinstance(parameters["code"], str):
        raise TypeError
    return table


def _interpolate(table: Table, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    time_s = table.columns["time_s"]
    is_known = np.isfinite(values) & np.isfinite(time_s)
    if not is_known.any():
        return values
    order = np.argsort(time_s[is_known], kind="stable")
    filled_values = values.copy()
    rows = rows & np.isfinite(time_s)
    filled_values[rows] = np.interp(time_s[rows], time_s[is_known][order], values[is_known][order])
    return filled_values


def _with_column(table: Table, column: str, values: np.ndarray) -> Table:
    return replace(table, columns=table.columns | {column: values})


REPAIR_FUNCTIONS: dict[str, Callable[[Table, Mapping[str, Any]], Table]] = {
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
"""Every kind of repair and its function."""
_DROPPING_KINDS = frozenset(("drop_rows", "drop_repeats", "merge_tiny_steps", "drop_missing"))
