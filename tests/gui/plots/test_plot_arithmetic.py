"""Arithmetic behind the plots: curves from any numbers, ranges, zoom, smoothing, positions of labels."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_gui.plots.axis_ranges import full_x_range, pan_range, round_down, round_up, visible_y_range, zoom_range
from vestim_gui.plots.content import Level, Panel, View, curve
from vestim_gui.plots.label_placement import spread_labels
from vestim_gui.plots.smoothing import moving_mean

NAN = math.nan


def test_a_curve_is_sorted_and_drops_rows_without_x() -> None:
    sorted_curve = curve("a", [3.0, NAN, 1.0, 2.0], [30.0, 0.0, math.inf, 20.0])
    assert sorted_curve.x.tolist() == [1, 2, 3]
    assert np.isnan(sorted_curve.y[0]) and sorted_curve.y[1:].tolist() == [20, 30]


def test_growing_curves_move_their_axes_in_steps() -> None:
    full_ranges = {
        full_x_range([Panel("RMSE / mV", curves=(curve("a", range(1, n), range(1, n)),), grows=True)])
        for n in range(21, 32)
    }
    assert full_ranges == {(0.0, 20.0), (0.0, 30.0)}


def test_the_level_of_the_circuit_is_always_visible() -> None:
    panel = Panel("RMSE / mV", curves=(curve("a", [1, 2], [3.0, 4.0]),), levels=(Level("circuit", 25.3),), grows=True)
    for log in (False, True):
        low, high = visible_y_range(panel, (0, 10), log=log)
        assert low <= 3 and high >= 25.3


@pytest.mark.parametrize("y", [[NAN, NAN], [0.0, -1.0], []])
def test_a_logarithmic_axis_needs_no_positive_values(y: list[float]) -> None:
    low, high = visible_y_range(Panel("a", curves=(curve("a", range(len(y)), y),)), (0, 1), log=True)
    assert 0 < low < high


@given(st.floats(1e-9, 1e9))
def test_steps_are_the_next_round_numbers(value: float) -> None:
    assert round_up(value) >= value * (1 - 1e-9) and round_up(value) <= 1.6 * value
    assert round_down(value) <= value * (1 + 1e-9) and round_down(value) >= value / 1.6


@given(st.floats(0, 100), st.floats(0.3, 3), st.floats(0, 1))
def test_zoom_keeps_the_point_under_the_pointer_and_stays_inside(start: float, factor: float, share: float) -> None:
    home, visible = (0.0, 200.0), (start, start + 50.0)
    anchor = start + 50 * share
    new = zoom_range(visible, factor, anchor, home)
    assert new is not None
    assert home[0] <= new[0] < new[1] <= home[1] + 1e-9
    assert new[1] - new[0] == pytest.approx(50 * factor)
    if factor <= 1:
        assert (anchor - new[0]) / (new[1] - new[0]) == pytest.approx(share, abs=1e-6)


def test_zooming_out_ends_at_the_full_range_and_panning_at_its_edge() -> None:
    assert zoom_range((0.0, 90.0), 2, None, (0.0, 100.0)) is None
    assert pan_range((80.0, 90.0), 5.0, (0.0, 100.0)) == (90.0, 100.0)
    assert View().x is None


def test_smoothing_keeps_gaps_and_level() -> None:
    y = np.full(200, 4.2)
    y[50:60] = NAN
    smoothed = moving_mean(y)
    assert np.isnan(smoothed[50:60]).all()
    assert smoothed[~np.isnan(smoothed)] == pytest.approx(4.2)


def test_smoothing_reduces_noise_on_a_large_offset() -> None:
    y = 1e9 + np.random.default_rng(1).normal(size=2000)
    assert moving_mean(y).std() < 0.3


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(1, 8))
def test_names_never_overlap_and_keep_their_order(centers: list[float], height: float) -> None:
    positions = spread_labels(centers, height, 0, 100)
    assert len(positions) == len(centers)
    sorted_positions = [position for _, position in sorted(zip(centers, positions, strict=True))]
    assert all(above - below >= height - 1e-6 for below, above in pairwise(sorted_positions))
    if len(centers) * height <= 100:
        assert all(height / 2 - 1e-6 <= position <= 100 - height / 2 + 1e-6 for position in positions)
