"""Resampling by time: hold, mean, integral, causality, gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestim_core.data.steps.resample import resample
from vestim_core.spec.preparation import Resample

Rows = tuple[np.ndarray, np.ndarray]


@st.composite
def rows(draw: st.DrawFn, longest_step_s: float = 20.0) -> Rows:
    """Times that strictly increase, microseconds or many periods apart, and values."""
    step_s = st.one_of(st.floats(1e-6, 1e-3), st.floats(0.1, longest_step_s))
    steps = draw(st.lists(step_s, min_size=1, max_size=40))
    values = draw(st.lists(st.floats(-50, 50), min_size=len(steps) + 1, max_size=len(steps) + 1))
    return np.concatenate(([0.0], np.cumsum(steps))), np.array(values)


def value(rows: Rows, step: Resample) -> Rows:
    even = resample(rows[0], {"x": rows[1]}, step)
    return even.time_s, even.column("x")


def test_rows_on_the_grid_pass_unchanged_and_stand_at_the_end_of_the_second_that_they_held() -> None:
    time_s, x = value((np.arange(6.0), np.array([1.0, -2.0, 3.5, 0.0, 7.0, 9.0])), Resample())
    assert time_s.tolist() == [1, 2, 3, 4, 5]
    assert x.tolist() == [1, -2, 3.5, 0, 7]


def test_going_up_holds() -> None:
    _, x = value((np.array([0.0, 4.0, 8.0]), np.array([1.0, 5.0, 9.0])), Resample())
    assert x.tolist() == [1, 1, 1, 1, 5, 5, 5, 5]


def test_going_down_averages_by_time() -> None:
    time_s = np.array([0.0, 0.5, 0.75, 1.0, 1.1, 2.0])
    _, x = value((time_s, np.array([2.0, 4.0, 8.0, 10.0, 0.0, 99.0])), Resample())
    assert x == pytest.approx([2 * 0.5 + 4 * 0.25 + 8 * 0.25, 10 * 0.1])


def test_thousands_of_rows_within_milliseconds_weigh_what_they_last() -> None:
    block = 5 + 0.26e-6 * np.arange(7675)
    time_s = np.concatenate([np.arange(5.0), block, np.arange(6.0, 11.0)])
    values = np.concatenate([np.full(5, 1.0), np.full(7675, 1e6), np.full(5, 1.0)])
    values[5 + 7674] = 1.0  # the last of the block holds to second 6
    _, x = value((time_s, values), Resample())
    lasting_s = block[-1] - block[0]
    assert x[5] == pytest.approx(1.0 + lasting_s * (1e6 - 1), rel=1e-6)
    assert np.delete(x, 5) == pytest.approx(np.ones(9))


def test_a_rounded_last_time_costs_no_row() -> None:
    time_s = np.cumsum(np.full(31, 0.1)) - 0.1
    assert len(value((time_s, time_s), Resample(period_s=0.1))[0]) == 30


@given(rows(), st.floats(0.05, 30))
def test_the_integral_is_kept(rows: Rows, period_s: float) -> None:
    time_s, x = value(rows, Resample(period_s=period_s, max_gap_s=100))
    if len(time_s):
        edges = np.concatenate(([0.0], rows[0][1:].clip(max=time_s[-1])))
        held = float(np.sum(rows[1][:-1] * np.diff(edges)))
        assert x.sum() * period_s == pytest.approx(held, abs=50 * period_s * 2e-6 + 1e-8)


@given(rows(), st.floats(0.05, 30))
def test_every_value_lies_between_those_that_it_is_made_of(rows: Rows, period_s: float) -> None:
    _, x = value(rows, Resample(period_s=period_s, max_gap_s=100))
    assert np.all(x >= rows[1].min() - 1e-9)
    assert np.all(x <= rows[1].max() + 1e-9)


@given(rows(), st.floats(0.05, 30), st.data())
def test_rows_at_or_after_t_change_no_bit_up_to_t(rows: Rows, period_s: float, data: st.DataObject) -> None:
    time_s, values = rows
    cut = data.draw(st.integers(1, len(time_s) - 1))
    later_s = data.draw(st.floats(0, 5))
    changed_time = np.concatenate([time_s[:cut], time_s[cut:] + later_s])
    changed = np.concatenate([values[:cut], values[cut:] * -3 + 7])
    step = Resample(period_s=period_s, max_gap_s=30)
    grid, before = value(rows, step)
    _, after = value((changed_time, changed), step)
    same = min(int(np.sum(grid <= time_s[cut])), len(after))
    assert before[:same].tobytes() == after[:same].tobytes()


@given(rows(), st.floats(0.05, 30), st.floats(-1e3, 1e3))
def test_a_constant_stays_constant_to_the_last_bit(rows: Rows, period_s: float, constant: float) -> None:
    _, x = value((rows[0], np.full(len(rows[0]), constant)), Resample(period_s=period_s, max_gap_s=100))
    assert np.all(x == constant)


@given(rows(), st.floats(0.05, 30), st.data())
def test_where_nothing_changes_the_value_is_kept_to_the_last_bit(
    rows: Rows, period_s: float, data: st.DataObject
) -> None:
    time_s, values = rows
    first = data.draw(st.integers(0, len(values) - 1))
    last = data.draw(st.integers(first, len(values) - 1))
    resting = values.copy()
    resting[first : last + 1] = 0.0
    grid, x = value((time_s, resting), Resample(period_s=period_s, max_gap_s=100))
    from_s, until_s = time_s[first], time_s[last + 1] if last + 1 < len(time_s) else np.inf
    edges = np.concatenate(([0.0], grid))
    inside = (edges[:-1] >= from_s) & (edges[1:] <= until_s)
    assert np.all(x[inside] == 0.0)


@pytest.mark.parametrize("period_s", [0.05, 1.0, 2000.0])
def test_long_files_are_what_the_definition_says(period_s: float) -> None:
    random = np.random.default_rng(3)
    time_s = np.concatenate(([0.0], np.cumsum(random.uniform(0.01, 0.3, 99_999))))
    values = random.normal(3, 1, 100_000)
    grid, x = value((time_s, values), Resample(period_s=period_s, max_gap_s=100))
    integral = np.concatenate(([0.0], np.cumsum(values[:-1] * np.diff(time_s))))
    edges = np.concatenate(([0.0], grid))
    # the integral of what is held is a line between rows
    assert x == pytest.approx(np.diff(np.interp(edges, time_s, integral)) / np.diff(edges), abs=1e-8)


def test_a_rest_is_no_current_across_many_rows() -> None:
    time_s = np.arange(100_000) * 0.1
    current_A = np.where(np.arange(100_000) % 1000 < 500, np.sin(time_s) * 3.3, 0.0)
    for period_s in (0.1, 0.3, 1.0, 7.0):
        _, x = value((time_s, current_A), Resample(period_s=period_s))
        assert np.sum(x == 0.0) > 0.4 * len(x)
        assert not np.any((np.abs(x) < 1e-12) & (x != 0.0))


@given(rows(longest_step_s=60.0), st.floats(0.5, 5), st.floats(1, 30))
@settings(max_examples=200)
def test_gaps_are_never_bridged(rows: Rows, period_s: float, max_gap_s: float) -> None:
    even = resample(rows[0], {"x": rows[1]}, Resample(period_s=period_s, max_gap_s=max_gap_s))
    expected_start = 0
    for segment in even.segments:
        assert segment.start == expected_start
        assert segment.scored_from == segment.start
        assert segment.stop > segment.start
        expected_start = segment.stop
        times = even.time_s[segment.start : segment.stop]
        assert np.diff(times) == pytest.approx(period_s)
        inside = rows[0][(rows[0] >= times[0] - period_s - 1e-9) & (rows[0] <= times[-1])]
        assert np.all(np.diff(inside) <= max_gap_s)
    assert expected_start == len(even.time_s)


def test_a_gap_splits_and_each_part_has_its_own_grid() -> None:
    time_s = np.array([0.0, 1, 2, 3, 200.5, 201.5, 202.5])
    even = resample(time_s, {"x": np.arange(7.0)}, Resample(max_gap_s=60))
    assert even.time_s.tolist() == [1, 2, 3, 201.5, 202.5]
    assert even.column("x").tolist() == [0, 1, 2, 4, 5]
    assert [(segment.start, segment.stop) for segment in even.segments] == [(0, 3), (3, 5)]
