"""Resampling by time: the value at grid time t is the mean of the held signal over (t - period, t].

A row's value holds from its own time until the next row's. So the mean needs rows before t only: changing a row at or
after t changes no bit of any value up to t. It averages when the rows are denser than the grid, holds when they are
sparser, keeps the integral of every column, and rows that lie microseconds apart weigh what they last: nothing is ever
divided by the distance of two rows.
"""

from __future__ import annotations

import numpy as np

from vestim_core.data.segment import Segment
from vestim_core.data.steps.even import EvenRows
from vestim_core.spec.preparation import Resample

_GRID_TOLERANCE = 1e-6
"""Share of a period by which the last grid time may pass the last row, so that rounding of 0.1 + 0.2 costs no row."""


def resample(time_s: np.ndarray, columns: dict[str, np.ndarray], step: Resample) -> EvenRows:
    """Put the rows of a file on an even grid, one segment for each stretch without a pause above `step.max_gap_s`.

    time_s: (N,) float64, strictly increasing. columns: (N,) float64 by name, without `time_s`.
    The grid of a stretch from t0 to t1 is t0 + period, t0 + 2 period, ... up to t1: its first value covers the first
    whole period, the last row only ends the hold of the one before it. A stretch shorter than a period gives no rows.
    """
    breaks = np.flatnonzero(np.diff(time_s) > step.max_gap_s) + 1
    starts, stops = np.r_[0, breaks], np.r_[breaks, len(time_s)]
    names = tuple(columns)
    times: list[np.ndarray] = []
    values: list[np.ndarray] = []
    segments: list[Segment] = []
    row = 0
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        grid = _grid(time_s[start], time_s[stop - 1], step.period_s)
        if len(grid) < 2:
            continue
        means = [held_means(time_s[start:stop], columns[name][start:stop], grid) for name in names]
        times.append(grid[1:])
        values.append(np.column_stack(means))
        segments.append(Segment(row, row + len(grid) - 1, row))
        row += len(grid) - 1
    if not segments:
        return EvenRows(np.empty(0), np.empty((0, len(names))), names, ())
    return EvenRows(np.concatenate(times), np.concatenate(values), names, tuple(segments))


def held_means(time_s: np.ndarray, values: np.ndarray, edges_s: np.ndarray) -> np.ndarray:
    """Mean of the held signal between each two neighbouring edges.

    time_s, values: (N,) float64 rows. edges_s: (m + 1,) increasing, none before the first row. Returns (m,).
    """
    above_first = values - values[0]  # a constant column stays constant to the last bit
    integral = np.concatenate(([0.0], np.cumsum(above_first[:-1] * np.diff(time_s))))
    holding = np.searchsorted(time_s, edges_s, side="right") - 1
    at_edges = integral[holding] + above_first[holding] * (edges_s - time_s[holding])
    return np.asarray(values[0] + np.diff(at_edges) / np.diff(edges_s))


def _grid(first_s: float, last_s: float, period_s: float) -> np.ndarray:
    """first, first + period, ... up to last."""
    periods = int(np.floor((last_s - first_s) / period_s + _GRID_TOLERANCE))
    return first_s + period_s * np.arange(periods + 1)
