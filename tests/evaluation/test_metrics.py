"""Metrics against their formulas, and pooled over files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestim_core.evaluation.metrics import ErrorSums, error_metrics, pool_sums

values = st.lists(
    st.tuples(st.floats(-5, 5, allow_subnormal=False), st.floats(-5, 5, allow_subnormal=False)), min_size=2, max_size=60
)


@given(pairs=values)
@settings(deadline=None)
def test_metrics_match_their_formulas(pairs: list[tuple[float, float]]) -> None:
    target, predicted = np.array(pairs).T
    metrics, error = error_metrics(target, predicted, "voltage_V"), predicted - target
    assert metrics["rmse_mV"] == pytest.approx(1e3 * np.sqrt(np.mean(error**2)))
    assert metrics["mae_mV"] == pytest.approx(1e3 * np.mean(np.abs(error)))
    assert metrics["max_mV"] == pytest.approx(1e3 * np.max(np.abs(error)))
    ranked = np.sort(np.abs(error))
    for percentile in (95, 99):
        below, part = divmod(percentile / 100 * (len(ranked) - 1), 1)
        above = min(int(below) + 1, len(ranked) - 1)
        expected = (1 - part) * ranked[int(below)] + part * ranked[above]
        assert metrics[f"p{percentile}_mV"] == pytest.approx(1e3 * expected, abs=1e-9)
    assert metrics["bias_mV"] == pytest.approx(1e3 * (sum(predicted) - sum(target)) / len(target), abs=1e-9)
    spread = np.sum((target - target.mean()) ** 2)
    if spread > 1e-9:
        assert metrics["r2"] == pytest.approx(1 - np.sum(error**2) / spread)


@given(pairs=values, cut=st.integers(0, 60))
@settings(deadline=None)
def test_pooled_parts_equal_the_complete_file(pairs: list[tuple[float, float]], cut: int) -> None:
    target, predicted = np.array(pairs).T
    parts = pool_sums([ErrorSums.of(target[:cut], predicted[:cut]), ErrorSums.of(target[cut:], predicted[cut:])])
    total = ErrorSums.of(target, predicted)
    assert parts.rows == total.rows
    for name in ("squares", "absolute", "largest", "mean", "spread"):
        assert getattr(parts, name) == pytest.approx(getattr(total, name), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("target", "keys", "rmse"),
    [
        ("voltage_V", ["rmse_mV", "mae_mV", "max_mV", "r2", "p95_mV", "p99_mV", "bias_mV"], 500.0),
        (
            "soc",
            ["rmse_percent", "mae_percent", "max_percent", "r2", "p95_percent", "p99_percent", "bias_percent"],
            50.0,
        ),
        ("temperature_degC", ["rmse_K", "mae_K", "max_K", "r2", "p95_K", "p99_K", "bias_K"], 0.5),
    ],
)
def test_names_and_units_follow_the_target(target: str, keys: list[str], rmse: float) -> None:
    metrics = error_metrics(np.array([1.0, 2.0]), np.array([1.5, 2.5]), target)
    assert list(metrics)[: len(keys)] == keys
    assert metrics[keys[0]] == pytest.approx(rmse)


def test_undefined_metrics_are_none_and_nan_is_not_hidden() -> None:
    assert error_metrics(np.ones(3), np.ones(3), "soc")["r2"] is None
    assert set(error_metrics(np.zeros(0), np.zeros(0), "soc").values()) == {None}
    broken = pool_sums([ErrorSums.of(np.ones(2), np.array([1.0, np.nan])), ErrorSums.of(np.ones(2), np.ones(2))])
    assert np.isnan(broken.metrics("voltage_V")["max_mV"])
    assert np.isnan(broken.metrics("voltage_V")["rmse_mV"])
