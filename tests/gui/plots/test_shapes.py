"""Arithmetic under the plots: curves from any numbers, ranges, zoom, smoothing, places of names."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_gui.plots.content import Level, Panel, View, curve
from vestim_gui.plots.labels import spread
from vestim_gui.plots.ranges import panned, step_down, step_up, x_home, y_shown, zoomed
from vestim_gui.plots.smooth import smoothed

NAN = math.nan


def test_a_curve_is_put_in_order_and_loses_rows_without_x() -> None:
    made = curve("a", [3.0, NAN, 1.0, 2.0], [30.0, 0.0, math.inf, 20.0])
    assert made.x.tolist() == [1, 2, 3]
    assert np.isnan(made.y[0]) and made.y[1:].tolist() == [20, 30]


def test_curves_that_grow_move_their_axes_in_steps() -> None:
    homes = {
        x_home([Panel("RMSE / mV", curves=(curve("a", range(1, n), range(1, n)),), grows=True)]) for n in range(21, 32)
    }
    assert homes == {(0.0, 20.0), (0.0, 30.0)}


def test_the_level_of_the_circuit_is_always_in_sight() -> None:
    panel = Panel("RMSE / mV", curves=(curve("a", [1, 2], [3.0, 4.0]),), levels=(Level("circuit", 25.3),), grows=True)
    for log in (False, True):
        low, high = y_shown(panel, (0, 10), log=log)
        assert low <= 3 and high >= 25.3


@pytest.mark.parametrize("y", [[NAN, NAN], [0.0, -1.0], []])
def test_a_logarithmic_axis_lives_without_positive_values(y: list[float]) -> None:
    low, high = y_shown(Panel("a", curves=(curve("a", range(len(y)), y),)), (0, 1), log=True)
    assert 0 < low < high


@given(st.floats(1e-9, 1e9))
def test_steps_are_the_next_round_numbers(value: float) -> None:
    assert step_up(value) >= value * (1 - 1e-9) and step_up(value) <= 1.6 * value
    assert step_down(value) <= value * (1 + 1e-9) and step_down(value) >= value / 1.6


@given(st.floats(0, 100), st.floats(0.3, 3), st.floats(0, 1))
def test_zoom_keeps_the_point_under_the_pointer_and_stays_inside(left: float, factor: float, share: float) -> None:
    home, shown = (0.0, 200.0), (left, left + 50.0)
    about = left + 50 * share
    new = zoomed(shown, factor, about, home)
    assert new is not None
    assert home[0] <= new[0] < new[1] <= home[1] + 1e-9
    assert new[1] - new[0] == pytest.approx(50 * factor)
    if factor <= 1:
        assert (about - new[0]) / (new[1] - new[0]) == pytest.approx(share, abs=1e-6)


def test_zooming_out_ends_at_all_and_panning_at_the_edge() -> None:
    assert zoomed((0.0, 90.0), 2, None, (0.0, 100.0)) is None
    assert panned((80.0, 90.0), 5.0, (0.0, 100.0)) == (90.0, 100.0)
    assert View().x is None


def test_smoothing_keeps_gaps_and_level() -> None:
    y = np.full(200, 4.2)
    y[50:60] = NAN
    smooth = smoothed(y)
    assert np.isnan(smooth[50:60]).all()
    assert smooth[~np.isnan(smooth)] == pytest.approx(4.2)


def test_smoothing_calms_noise_about_a_large_offset() -> None:
    y = 1e9 + np.random.default_rng(1).normal(size=2000)
    assert smoothed(y).std() < 0.3


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(1, 8))
def test_names_never_overlap_and_keep_their_order(wanted: list[float], height: float) -> None:
    places = spread(wanted, height, 0, 100)
    assert len(places) == len(wanted)
    ordered = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert all(above - below >= height - 1e-6 for below, above in pairwise(ordered))
    if len(wanted) * height <= 100:
        assert all(height / 2 - 1e-6 <= place <= 100 - height / 2 + 1e-6 for place in places)
