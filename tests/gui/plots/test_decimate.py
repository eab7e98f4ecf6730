"""Decimation keeps every pixel: the extremes of each column, spikes, gaps and the lines across the edges."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vestim_gui.plots.decimate import MAX_ROWS_PER_COLUMN, decimate

FINITE_OR_GAP = st.floats(-1e6, 1e6) | st.just(float("nan"))
Y_ARRAYS = arrays.arrays(np.float64, st.integers(1, 600), elements=FINITE_OR_GAP, fill=st.nothing())


def _extremes_by_column(
    x: np.ndarray, y: np.ndarray, low: float, high: float, columns: int
) -> dict[int, tuple[float, float]]:
    """Lowest and highest value of each pixel column that has any."""
    edges = np.linspace(low, high, columns + 1)
    in_range = (x >= low) & (x < high) & np.isfinite(y)
    column_indices = np.searchsorted(edges, x[in_range], "right") - 1
    extremes: dict[int, tuple[float, float]] = {}
    for column_index, value in zip(column_indices.tolist(), y[in_range].tolist(), strict=True):
        lowest, highest = extremes.get(column_index, (value, value))
        extremes[column_index] = min(lowest, value), max(highest, value)
    return extremes


@settings(deadline=None, max_examples=60)
@given(Y_ARRAYS, st.integers(1, 40), st.data())
def test_each_column_of_pixels_keeps_its_extremes(y: np.ndarray, columns: int, data: st.DataObject) -> None:
    steps = data.draw(arrays.arrays(np.float64, len(y), elements=st.sampled_from([0.0, 0.5, 1.0, 40.0])))
    x = np.cumsum(steps)
    low, high = sorted(data.draw(st.tuples(*[st.floats(-5, float(x[-1]) + 5)] * 2)))
    if not high > low:
        return
    few_x, few_y = decimate(x, y, (low, high), columns)
    rows = set(zip(x.tolist(), np.nan_to_num(y, nan=1e99).tolist(), strict=True))
    assert set(zip(few_x.tolist(), np.nan_to_num(few_y, nan=1e99).tolist(), strict=True)) <= rows
    assert (np.diff(few_x) >= 0).all()
    assert len(few_x) <= max(MAX_ROWS_PER_COLUMN, 3) * (columns + 2) + 2
    assert _extremes_by_column(few_x, few_y, low, high, columns) == _extremes_by_column(x, y, low, high, columns)


def test_a_spike_of_one_row_among_a_million_stays() -> None:
    x = np.arange(1_000_000.0)
    y = np.sin(x / 5e4)
    y[[123_456, 700_001]] = 9.0, -9.0
    few_x, few_y = decimate(x, y, (0, 1e6), 800)
    assert len(few_x) <= 2 * 800 + 4
    assert few_x[few_y.argmax()] == 123_456
    assert few_x[few_y.argmin()] == 700_001


def test_a_gap_wider_than_a_pixel_stays_a_gap() -> None:
    x = np.arange(100_000.0)
    y = np.ones(100_000)
    y[40_000:60_000] = np.nan
    few_x, few_y = decimate(x, y, (0, 1e5), 500)
    in_gap = (few_x > 41_000) & (few_x < 59_000)
    assert in_gap.any()
    assert np.isnan(few_y[in_gap]).all()


def test_the_line_continues_beyond_both_edges() -> None:
    x = np.arange(100.0)
    few_x, _ = decimate(x, x, (10.5, 20.5), 300)
    assert (few_x[0], few_x[-1]) == (10, 21)


def test_rows_without_values_and_empty_curves() -> None:
    x = np.arange(10_000.0)
    _, few_y = decimate(x, np.full(10_000, np.nan), (0, 1e4), 100)
    assert np.isnan(few_y).all()
    assert len(decimate(x[:0], x[:0], (0, 1), 100)[0]) == 0
