"""Resampling by time: holding, averaging, integral, causality, gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestim_core.data.steps.resample import resample
from vestim_core.spec.preparation import Resample

Rows = tuple[np.ndarray, np.ndarray]


@st.composite
def rows(draw: st.DrawFn, max_step_s: float = 20.0) -> Rows:
    """Strictly increasing times, from microseconds to many periods apart, and values."""
    step_s = st.one_of(st.floats(1e-6, 1e-3), st.floats(0.1, max_step_s))
    steps = draw(st.lists(step_s, min_size=1, max_size=40))
    values = draw(st.lists(st.floats(-50, 50), min_size=len(steps) + 1, max_size=len(steps) + 1))
    return np.concatenate(([0.0], np.cumsum(steps))), np.array(values)


def resampled(rows: Rows, step: Resample) -> Rows:
    table = resample(rows[0], {"x": rows[1]}, step)
    return table.time_s, table.column("x")


def test_rows_on_the_grid_pass_unchanged_with_the_time_at_the_end_of_their_period() -> None:
    time_s, x = resampled((np.arange(6.0), np.array([1.0, -2.0, 3.5, 0.0, 7.0, 9.0])), Resample())
    assert time_s.tolist() == [1, 2, 3, 4, 5]
    assert x.tolist() == [1, -2, 3.5, 0, 7]


def test_upsampling_holds_values() -> None:
    _, x = resampled((np.array([0.0, 4.0, 8.0]), np.array([1.0, 5.0, 9.0])), Resample())
    assert x.tolist() == [1, 1, 1, 1, 5, 5, 5, 5]


def test_downsampling_averages_by_time() -> None:
    time_s = np.array([0.0, 0.5, 0.75, 1.0, 1.1, 2.0])
    _, x = resampled((time_s, np.array([2.0, 4.0, 8.0, 10.0, 0.0, 99.0])), Resample())
    assert x == pytest.approx([2 * 0.5 + 4 * 0.25 + 8 * 0.25, 10 * 0.1])


def test_rows_within_milliseconds_are_weighted_by_their_duration() -> None:
    block = 5 + 0.26e-6 * np.arange(7675)
    time_s = np.concatenate([np.arange(5.0), block, np.arange(6.0, 11.0)])
    values = np.concatenate([np.full(5, 1.0), np.full(7675, 1e6), np.full(5, 1.0)])
    values[5 + 7674] = 1.0  # the last row of the block holds until second 6
    _, x = resampled((time_s, values), Resample())
    lasting_s = block[-1] - block[0]
    assert x[5] == pytest.approx(1.0 + lasting_s * (1e6 - 1), rel=1e-6)
    assert np.delete(x, 5) == pytest.approx(np.ones(9))


def test_rounding_of_the_last_time_loses_no_row() -> None:
    time_s = np.cumsum(np.full(31, 0.1)) - 0.1
    assert len(resampled((time_s, time_s), Resample(period_s=0.1))[0]) == 30


@given(rows(), st.floats(0.05, 30))
def test_the_integral_is_preserved(rows: Rows, period_s: float) -> None:
    time_s, x = resampled(rows, Resample(period_s=period_s, max_gap_s=100))
    if len(time_s):
        edges = np.concatenate(([0.0], rows[0][1:].clip(max=time_s[-1])))
        integral = float(np.sum(rows[1][:-1] * np.diff(edges)))
        assert x.sum() * period_s == pytest.approx(integral, abs=50 * period_s * 2e-6 + 1e-8)


@given(rows(), st.floats(0.05, 30))
def test_values_stay_within_the_range_of_their_sources(rows: Rows, period_s: float) -> None:
    _, x = resampled(rows, Resample(period_s=period_s, max_gap_s=100))
    assert np.all(x >= rows[1].min() - 1e-9)
    assert np.all(x <= rows[1].max() + 1e-9)


@given(rows(), st.floats(0.05, 30), st.data())
def test_later_rows_do_not_change_earlier_values(rows: Rows, period_s: float, data: st.DataObject) -> None:
    time_s, values = rows
    cut = data.draw(st.integers(1, len(time_s) - 1))
    later_s = data.draw(st.floats(0, 5))
    changed_time = np.concatenate([time_s[:cut], time_s[cut:] + later_s])
    changed_values = np.concatenate([values[:cut], values[cut:] * -3 + 7])
    step = Resample(period_s=period_s, max_gap_s=30)
    grid, original_x = resampled(rows, step)
    _, modified_x = resampled((changed_time, changed_values), step)
    count = min(int(np.sum(grid <= time_s[cut])), len(modified_x))
    assert original_x[:count].tobytes() == modified_x[:count].tobytes()


@given(rows(), st.floats(0.05, 30), st.floats(-1e3, 1e3))
def test_a_constant_stays_constant_bit_for_bit(rows: Rows, period_s: float, constant: float) -> None:
    _, x = resampled((rows[0], np.full(len(rows[0]), constant)), Resample(period_s=period_s, max_gap_s=100))
    assert np.all(x == constant)


@given(rows(), st.floats(0.05, 30), st.data())
def test_a_value_held_over_a_period_is_kept_bit_for_bit(rows: Rows, period_s: float, data: st.DataObject) -> None:
    time_s, values = rows
    first = data.draw(st.integers(0, len(values) - 1))
    last = data.draw(st.integers(first, len(values) - 1))
    resting = values.copy()
    resting[first : last + 1] = 0.0
    grid, x = resampled((time_s, resting), Resample(period_s=period_s, max_gap_s=100))
    from_s, until_s = time_s[first], time_s[last + 1] if last + 1 < len(time_s) else np.inf
    edges = np.concatenate(([0.0], grid))
    is_resting = (edges[:-1] >= from_s) & (edges[1:] <= until_s)
    assert np.all(x[is_resting] == 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("period_s", [0.05, 1.0, 2000.0])
def test_long_files_match_the_definition(period_s: float) -> None:
    random = np.random.default_rng(3)
    time_s = np.concatenate(([0.0], np.cumsum(random.uniform(0.01, 0.3, 99_999))))
    values = random.normal(3, 1, 100_000)
    grid, x = resampled((time_s, values), Resample(period_s=period_s, max_gap_s=100))
    integral = np.concatenate(([0.0], np.cumsum(values[:-1] * np.diff(time_s))))
    edges = np.concatenate(([0.0], grid))
    # the integral of held values is linear between rows
    assert x == pytest.approx(np.diff(np.interp(edges, time_s, integral)) / np.diff(edges), abs=1e-8)


def test_a_rest_over_many_rows_has_exactly_zero_current() -> None:
    time_s = np.arange(100_000) * 0.1
    current_A = np.where(np.arange(100_000) % 1000 < 500, np.sin(time_s) * 3.3, 0.0)
    for period_s in (0.1, 0.3, 1.0, 7.0):
        _, x = resampled((time_s, current_A), Resample(period_s=period_s))
        assert np.sum(x == 0.0) > 0.4 * len(x)
        assert not np.any((np.abs(x) < 1e-12) & (x != 0.0))


@given(rows(max_step_s=60.0), st.floats(0.5, 5), st.floats(1, 30))
@settings(max_examples=200)
def test_gaps_are_never_bridged(rows: Rows, period_s: float, max_gap_s: float) -> None:
    table = resample(rows[0], {"x": rows[1]}, Resample(period_s=period_s, max_gap_s=max_gap_s))
    expected_start = 0
    for segment in table.segments:
        assert segment.start == expected_start
        assert segment.scored_from == segment.start
        assert segment.stop > segment.start
        expected_start = segment.stop
        times = table.time_s[segment.start : segment.stop]
        assert np.diff(times) == pytest.approx(period_s)
        segment_times = rows[0][(rows[0] >= times[0] - period_s - 1e-9) & (rows[0] <= times[-1])]
        assert np.all(np.diff(segment_times) <= max_gap_s)
    assert expected_start == len(table.time_s)


def test_a_gap_splits_the_file_and_each_part_has_its_own_grid() -> None:
    time_s = np.array([0.0, 1, 2, 3, 200.5, 201.5, 202.5])
    table = resample(time_s, {"x": np.arange(7.0)}, Resample(max_gap_s=60))
    assert table.time_s.tolist() == [1, 2, 3, 201.5, 202.5]
    assert table.column("x").tolist() == [0, 1, 2, 4, 5]
    assert [(segment.start, segment.stop) for segment in table.segments] == [(0, 3), (3, 5)]
