"""Resampling by time: the value at grid time t is the mean of the held signal over (t - period, t].

The value of a row holds from its own time until that of the next row, so the mean needs only rows before t: changing a
row at or after t changes no bit of any value up to t. It averages when the rows are denser than the grid, holds when
they are sparser, and keeps the integral of every column. Rows microseconds apart weigh as much as they last, since
nothing is divided by the distance of two rows. A column that does not change within a period keeps its value to the
last bit, so that zero current stays 0 A.

Linear interpolation needs the row after t, which is not known at time t. So each line between two rows is drawn one row
late, with its own slope: the value at t > t_k, the newest row before t, is

    x_(k-1) + (x_k - x_(k-1)) min(1, (t - t_k) / (t_k - t_(k-1)))

which is the usual interpolation, delayed by one row of the file. It does not average when reducing the rate.

Rows can also be taken as they are, each as the next grid row, regardless of their times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vestim_core.data.segment import Segment
from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.spec.preparation import Resample

_BLOCK_ROWS = 1 << 15
"""Rows per block: 256 KiB per array of float64, which stays in the processor's cache."""
GRID_TOLERANCE = 1e-6
"""Share of a period by which the last grid time may pass the last row, so that rounding (0.1 + 0.2) costs no row."""


def resample(time_s: np.ndarray, columns: dict[str, np.ndarray], step: Resample) -> ResampledTable:
    """Put the rows of a file on an even grid, one segment per stretch without a gap above `step.max_gap_s`.

    With the method `rows` the rows stay as they are and are only divided into segments.

    time_s: (N,) float64, strictly increasing. columns: (N,) float64 by name, without `time_s`.
    The grid of a stretch from t0 to t1 is t0 + period, t0 + 2 period, ... up to t1: its first value covers the first
    full period, the last row only ends the hold of the one before it. A stretch shorter than a period gives no rows.
    """
    breaks = np.flatnonzero(np.diff(time_s) > step.max_gap_s) + 1
    starts, stops = np.r_[0, breaks], np.r_[breaks, len(time_s)]
    if step.method == "rows":
        bounds = zip(starts.tolist(), stops.tolist(), strict=True)
        return ResampledTable(time_s, columns, tuple(Segment(start, stop, start) for start, stop in bounds))
    on_grid = held_means if step.method == "mean" else delayed_lines
    times: list[np.ndarray] = []
    values: dict[str, list[np.ndarray]] = {name: [] for name in columns}
    segments: list[Segment] = []
    row = 0
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        grid = _grid(time_s[start], time_s[stop - 1], step.period_s)
        if len(grid) < 2:
            continue
        stretch = {name: column[start:stop] for name, column in columns.items()}
        for name, column in on_grid(time_s[start:stop], stretch, grid).items():
            values[name].append(column)
        times.append(grid[1:])
        segments.append(Segment(row, row + len(grid) - 1, row))
        row += len(grid) - 1
    return ResampledTable(
        _concatenate(times), {name: _concatenate(parts) for name, parts in values.items()}, tuple(segments)
    )


def held_means(time_s: np.ndarray, columns: dict[str, np.ndarray], edges_s: np.ndarray) -> dict[str, np.ndarray]:
    """Means of the held signals between neighboring edges.

    time_s, columns: (N,) float64 rows. edges_s: (m + 1,) increasing from the first row's time. Returns (m,) by name.
    """
    rows = len(time_s)
    means = {name: np.empty(len(edges_s) - 1) for name in columns}
    sums = {name: _Sums() for name in columns}
    first = 1
    for start in range(0, rows, _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS, rows)
        last = len(edges_s) if stop == rows else int(np.searchsorted(edges_s, time_s[stop], side="left"))
        edges = edges_s[first:last]
        holding_rows = np.searchsorted(time_s[start:stop], edges, side="right") - 1
        held_s = edges - time_s[start:stop][holding_rows]
        durations_s = np.diff(time_s[start : stop + 1])
        widths_s = np.diff(edges_s[first - 1 : last])
        ending_rows = holding_rows - (held_s == 0)  # the row that holds until the edge, not the one that begins there
        for name, values in columns.items():
            previous_sums, means_of_block = sums[name], means[name][first - 1 : last - 1]
            above_first = values[start:stop] - values[0]
            integral = np.cumsum(
                np.concatenate(([previous_sums.at_row], above_first[: len(durations_s)] * durations_s))
            )
            at_edges = np.concatenate(
                ([previous_sums.at_edge], integral[holding_rows] + above_first[holding_rows] * held_s)
            )
            changes = np.empty(stop - start + 1, dtype=np.int64)  # [row + 1]: up to and including that row
            changes[0], changes[1] = previous_sums.changes, start > 0 and values[start] != values[start - 1]
            np.not_equal(values[start + 1 : stop], values[start : stop - 1], out=changes[2:])
            np.cumsum(changes, out=changes)
            changes_at_edges = np.concatenate(([previous_sums.changes_at_edge], changes[holding_rows + 1]))
            np.add(np.diff(at_edges) / widths_s, values[0], out=means_of_block)
            np.copyto(
                means_of_block, values[start + ending_rows], where=changes[ending_rows + 1] == changes_at_edges[:-1]
            )
            sums[name] = _Sums(integral[-1], at_edges[-1], changes[-1], changes_at_edges[-1])
        first = last
    return means


@dataclass(frozen=True)
class _Sums:
    """Integral of one column above its first value and number of its changes, up to the block's first row and up to the
    last edge so far."""

    at_row: float = 0.0
    at_edge: float = 0.0
    changes: int = 0
    changes_at_edge: int = 0


def delayed_lines(time_s: np.ndarray, columns: dict[str, np.ndarray], edges_s: np.ndarray) -> dict[str, np.ndarray]:
    """The lines between rows, delayed by one row, at every edge except the first; shapes as for `held_means`."""
    newest_rows = np.searchsorted(time_s, edges_s[1:], side="left") - 1
    previous_rows = np.maximum(newest_rows - 1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = np.minimum(1.0, (edges_s[1:] - time_s[newest_rows]) / (time_s[newest_rows] - time_s[previous_rows]))
    return {
        name: values[previous_rows] + (values[newest_rows] - values[previous_rows]) * fraction
        for name, values in columns.items()
    }


def _grid(first_s: float, last_s: float, period_s: float) -> np.ndarray:
    """Grid times first, first + period, ... up to last."""
    periods = int(np.floor((last_s - first_s) / period_s + GRID_TOLERANCE))
    return first_s + period_s * np.arange(periods + 1)


def _concatenate(parts: list[np.ndarray]) -> np.ndarray:
    """The parts as one array; a single part is not copied."""
    if not parts:
        return np.empty(0)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
