"""Numbers as text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_gui.display_numbers import (
    NO_VALUE,
    format_count,
    format_duration,
    format_metric,
    format_number,
    format_quantity,
    format_size,
)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("rmse_mV", 4.1234, "4.12 mV"),
        ("best_validation_rmse_mV", 12.0, "12.0 mV"),
        ("rmse_percent", 0.9196, "0.920 %"),
        ("rmse_degC", 1.5, "1.50 °C"),
        ("r2", 0.99951, "1.00"),
        ("rmse_mV", 9.9996, "10.0 mV"),
        ("rmse_mV", 1234.6, "1230 mV"),
        ("rmse_mV", math.nan, NO_VALUE),
        ("rmse_mV", None, NO_VALUE),
        ("rmse_mV", 0, "0 mV"),
    ],
)
def test_a_metric_has_three_digits_and_its_unit(name: str, value: object, text: str) -> None:
    assert format_metric(name, value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (-3, "0.0 s"),
        (42.2, "42 s"),
        (59.7, "1 min 0 s"),
        (130, "2 min 10 s"),
        (3599.6, "1 h 0 min"),
        (11100, "3 h 5 min"),
        (187_200, "2 d 4 h"),
        (math.inf, NO_VALUE),
    ],
)
def test_a_duration_as_text(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_three_digits_are_close_and_never_an_exponent(value: float) -> None:
    text = format_number(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=6e-3)


def test_counts_and_sizes() -> None:
    assert (
        format_count(4769),
        format_quantity(1, "job"),
        format_quantity(1200, "job"),
        format_quantity(2, "query", "queries"),
    ) == (
        "4,769",
        "1 job",
        "1,200 jobs",
        "2 queries",
    )
    assert (format_size(312), format_size(18_600), format_size(999_600), format_size(4.1e9)) == (
        "312 B",
        "18.6 KB",
        "1.00 MB",
        "4.10 GB",
    )
