"""Smoothing: a centered moving mean that ignores gaps and keeps them."""

from __future__ import annotations

import numpy as np

from vestim_gui.plots.content import Array

WINDOW_DIVISOR = 20
"""The window has one row in this many of the curve's rows, but at least `MIN_ROWS`."""
MIN_ROWS = 5  # a shorter window would hardly smooth


def moving_mean(y: Array) -> Array:
    """Mean of y (n,) over a window around each row; windows are cut at the ends, gaps stay gaps."""
    if len(y) < 3:
        return y.copy()
    half = max(MIN_ROWS, len(y) // WINDOW_DIVISOR) // 2
    is_finite = np.isfinite(y)
    offset = (
        float(np.mean(y[is_finite])) if is_finite.any() else 0.0
    )  # cumulative sums of large values lose the last digits
    sums = np.concatenate(([0.0], np.cumsum(np.where(is_finite, y - offset, 0.0))))
    counts = np.concatenate(([0], np.cumsum(is_finite)))
    rows = np.arange(len(y))
    first, last = np.maximum(rows - half, 0), np.minimum(rows + half + 1, len(y))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = offset + (sums[last] - sums[first]) / (counts[last] - counts[first])
    return np.where(is_finite, mean, np.nan)
