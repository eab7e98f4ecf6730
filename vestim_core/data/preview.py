"""Reduced curves for plotting: the lowest and the highest value of each stretch of rows, so that no spike is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vestim_core.data.table import Table
from vestim_core.spec.errors import not_found

MAX_POINTS = 20_000  # points per curve, limit of the protocol (architecture.md)


def preview(table: Table, columns: Sequence[str], points: int = MAX_POINTS) -> dict[str, Any]:
    """Reduce each column to at most `points` points, as plain values.

    `{"name", "rows", "columns": {column: {"row": [...], "time_s": [...], "value": [...]}}}`; None where the table has
    no number. The first and last row are always included, with the extremes of equal stretches in between, in row
    order. Raises not_found for an unknown column, ValueError for fewer than 4 or more than 20,000 points.
    """
    if not 4 <= points <= MAX_POINTS:
        raise ValueError(f"points must be between 4 and {MAX_POINTS}")
    absent_columns = [name for name in columns if name not in table.columns]
    if absent_columns:
        raise not_found(
            f'"{table.name}" has no column {absent_columns[0]}: it has {", ".join(table.columns)}.',
            location=str(table.path),
        )
    return {
        "name": table.name,
        "rows": table.rows,
        "columns": {name: _curve(table, name, points) for name in columns},
    }


def extreme_rows(values: np.ndarray, points: int) -> np.ndarray:
    """Sorted row indices, at most `points`: the first and last row and the extremes in between.

    A stretch without any number contributes its first row.
    """
    count = len(values)
    if count <= points:
        return np.arange(count)
    stretches = (points - 2) // 2
    length = -(-count // stretches)
    padded_values = np.full(length * stretches, np.nan)
    padded_values[:count] = values
    by_stretch = padded_values.reshape(stretches, length)
    starts = np.arange(stretches) * length
    is_finite = np.isfinite(by_stretch)
    lowest_rows = starts + np.argmin(np.where(is_finite, by_stretch, np.inf), axis=1)
    highest_rows = starts + np.argmax(np.where(is_finite, by_stretch, -np.inf), axis=1)
    rows = np.unique(np.concatenate(([0, count - 1], lowest_rows, highest_rows)))
    return rows[rows < count]


def _curve(table: Table, name: str, points: int) -> dict[str, list[Any]]:
    rows = extreme_rows(table.columns[name], points)
    return {
        "row": rows.tolist(),
        "time_s": _finite_or_none(table.columns["time_s"][rows]),
        "value": _finite_or_none(table.columns[name][rows]),
    }


def _finite_or_none(values: np.ndarray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
