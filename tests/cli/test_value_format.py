"""Formatting of numbers, durations and units."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.cli.value_format import find_metric, format_duration, format_number
from vestim_core.spec.display_format import metric_unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.345, "12.3"),
        (0.0012345, "0.00123"),
        (9.996, "10.0"),
        (1234.5, "1230"),
        (-7.5, "-7.50"),
        (0, "0"),
        (0.99951, "1.00"),
        (None, "-"),
        (math.nan, "-"),
        (math.inf, "-"),
    ],
)
def test_three_significant_digits(value: float | None, text: str) -> None:
    assert format_number(value) == text


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_rounding_error_is_below_half_of_the_last_digit(value: float) -> None:
    assert abs(float(format_number(value)) - value) <= 0.0051 * value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (42.4, "42 s"), (59.7, "1 min 0 s"), (130, "2 min 10 s"), (11_100, "3 h 5 min"), (math.nan, "-")],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_units_are_read_from_the_names_of_metrics() -> None:
    names = ["rmse_mV", "train_rmse_K", "mae_percent", "r2", "rmse", "train_rmse"]
    assert [metric_unit(name) for name in names] == ["mV", "K", "%", "", "", ""]
    assert find_metric({"rmse_K": 1.5, "r2": 0.9}, "rmse") == ("rmse_K", 1.5)
    assert find_metric({}, "rmse") == ("rmse", None)
