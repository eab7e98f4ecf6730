"""Curves for the eye: of every stretch of rows the lowest and the highest value, so that no spike is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vestim_core.data.table import Table
from vestim_core.spec.errors import not_found

MOST_POINTS = 20_000


def preview(table: Table, columns: Sequence[str], points: int = MOST_POINTS) -> dict[str, Any]:
    """At most `points` points of each column, as plain values.

    `{"name", "rows", "columns": {column: {"row": [...], "time_s": [...], "value": [...]}}}`; None where the table has
    no number. The first and last row are always there, in between the extremes of equal stretches, in order of rows.
    Raises not_found for a column that is not there, ValueError for fewer than 4 or more than 20,000 points.
    """
    if not 4 <= points <= MOST_POINTS:
        raise ValueError(f"points must be between 4 and {MOST_POINTS}")
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise not_found(
            f'"{table.name}" has no column {absent[0]}: it has {", ".join(table.columns)}.', place=str(table.path)
        )
    return {
        "name": table.name,
        "rows": table.rows,
        "columns": {name: _curve(table, name, points) for name in columns},
    }


def extremes(values: np.ndarray, points: int) -> np.ndarray:
    """Sorted row numbers, at most `points`, of the first and last value and of the extremes between; of a stretch
    without any number its first row."""
    count = len(values)
    if count <= points:
        return np.arange(count)
    stretches = (points - 2) // 2
    length = -(-count // stretches)
    padded = np.full(length * stretches, np.nan)
    padded[:count] = values
    folded = padded.reshape(stretches, length)
    starts = np.arange(stretches) * length
    finite = np.isfinite(folded)
    lowest = starts + np.argmin(np.where(finite, folded, np.inf), axis=1)
    highest = starts + np.argmax(np.where(finite, folded, -np.inf), axis=1)
    rows = np.unique(np.concatenate(([0, count - 1], lowest, highest)))
    return rows[rows < count]


def _curve(table: Table, name: str, points: int) -> dict[str, list[Any]]:
    rows = extremes(table.columns[name], points)
    return {
        "row": rows.tolist(),
        "time_s": _plain(table.columns["time_s"][rows]),
        "value": _plain(table.columns[name][rows]),
    }


def _plain(values: np.ndarray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
