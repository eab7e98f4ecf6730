"""Decimation: reduce a curve of any length to about two points per pixel column.

The lowest and the highest row of each pixel column are kept in their order, so a line through them covers the same
pixels as a line through all rows, and a spike of one row stays. A column without any value becomes a gap.
"""

from __future__ import annotations

import numpy as np

from vestim_gui.plots.content import Array

MAX_ROWS_PER_COLUMN = 4
"""Curves with at most this many rows per pixel column are drawn without decimation."""


def decimate(x: Array, y: Array, x_range: tuple[float, float], columns: int) -> tuple[Array, Array]:
    """Rows of x (n,), ascending, and y (n,) to draw for `x_range` on `columns` pixel columns.

    One row beyond each end is kept, so that the line continues to the edge of the axes.
    """
    low, high = x_range
    first = max(int(np.searchsorted(x, low, "left")) - 1, 0)
    last = min(int(np.searchsorted(x, high, "right")) + 1, len(x))
    x, y = x[first:last], y[first:last]
    if len(x) <= MAX_ROWS_PER_COLUMN * columns or columns < 1 or not high > low:
        return x, y
    edges = np.searchsorted(x, np.linspace(low, high, columns + 1), "left")
    starts = np.unique(np.concatenate(([0], edges)))
    starts = starts[starts < len(x)]
    rows = np.sort(np.concatenate([_rows_of(np.fmin, y, starts), _rows_of(np.fmax, y, starts), [0, len(x) - 1]]))
    rows = rows[np.concatenate(([True], rows[1:] != rows[:-1]))]
    return x[rows], y[rows]


def _rows_of(extreme: np.ufunc, y: Array, starts: np.ndarray) -> np.ndarray:
    """First row of each column that has its extreme value; the column's first row if it has no value."""
    values = extreme.reduceat(y, starts)
    counts = np.diff(starts, append=len(y))
    hits = np.flatnonzero(y == np.repeat(values, counts))
    if not len(hits):
        return starts
    rows = hits[np.minimum(np.searchsorted(hits, starts), len(hits) - 1)]
    return np.where(np.isnan(values), starts, rows)
