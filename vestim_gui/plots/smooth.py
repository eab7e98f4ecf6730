"""Smoothing: a centred moving mean that ignores gaps and keeps them."""

from __future__ import annotations

import numpy as np

from vestim_gui.plots.content import Array

SHARE = 20
"""The mean is taken over this part of the rows, and over at least `LEAST`."""
LEAST = 5


def smoothed(y: Array) -> Array:
    """y (n,) as the mean over a window around each row; windows are cut at the ends, gaps stay gaps."""
    if len(y) < 3:
        return y.copy()
    half = max(LEAST, len(y) // SHARE) // 2
    known = np.isfinite(y)
    offset = float(np.mean(y[known])) if known.any() else 0.0  # sums of large values would lose the last digits
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, y - offset, 0.0))))
    counts = np.concatenate(([0], np.cumsum(known)))
    rows = np.arange(len(y))
    first, last = np.maximum(rows - half, 0), np.minimum(rows + half + 1, len(y))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = offset + (sums[last] - sums[first]) / (counts[last] - counts[first])
    return np.where(known, mean, np.nan)
