"""Metrics against their formulas, pooled over files as if those were one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestim_core.evaluation.metrics import ErrorSums, errors, pooled

values = st.lists(
    st.tuples(st.floats(-5, 5, allow_subnormal=False), st.floats(-5, 5, allow_subnormal=False)), min_size=2, max_size=60
)


@given(pairs=values)
@settings(deadline=None)
def test_they_are_the_formulas(pairs: list[tuple[float, float]]) -> None:
    target, predicted = np.array(pairs).T
    found, error = errors(target, predicted, "voltage_V"), predicted - target
    assert found["rmse_mV"] == pytest.approx(1e3 * np.sqrt(np.mean(error**2)))
    assert found["mae_mV"] == pytest.approx(1e3 * np.mean(np.abs(error)))
    assert found["max_mV"] == pytest.approx(1e3 * np.max(np.abs(error)))
    ranked = np.sort(np.abs(error))
    for share in (95, 99):
        below, part = divmod(share / 100 * (len(ranked) - 1), 1)
        above = min(int(below) + 1, len(ranked) - 1)
        expected = (1 - part) * ranked[int(below)] + part * ranked[above]
        assert found[f"p{share}_mV"] == pytest.approx(1e3 * expected, abs=1e-9)
    assert found["bias_mV"] == pytest.approx(1e3 * (sum(predicted) - sum(target)) / len(target), abs=1e-9)
    spread = np.sum((target - target.mean()) ** 2)
    if spread > 1e-9:
        assert found["r2"] == pytest.approx(1 - np.sum(error**2) / spread)


@given(pairs=values, cut=st.integers(0, 60))
@settings(deadline=None)
def test_pooling_parts_is_the_whole(pairs: list[tuple[float, float]], cut: int) -> None:
    target, predicted = np.array(pairs).T
    parts = pooled([ErrorSums.of(target[:cut], predicted[:cut]), ErrorSums.of(target[cut:], predicted[cut:])])
    whole = ErrorSums.of(target, predicted)
    assert parts.rows == whole.rows
    for name in ("squares", "absolute", "largest", "mean", "spread"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-9)


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
    found = errors(np.array([1.0, 2.0]), np.array([1.5, 2.5]), target)
    assert list(found)[: len(keys)] == keys
    assert found[keys[0]] == pytest.approx(rmse)


def test_what_is_undefined_is_none_and_nan_is_not_hidden() -> None:
    assert errors(np.ones(3), np.ones(3), "soc")["r2"] is None
    assert set(errors(np.zeros(0), np.zeros(0), "soc").values()) == {None}
    broken = pooled([ErrorSums.of(np.ones(2), np.array([1.0, np.nan])), ErrorSums.of(np.ones(2), np.ones(2))])
    assert np.isnan(broken.metrics("voltage_V")["max_mV"])
    assert np.isnan(broken.metrics("voltage_V")["rmse_mV"])
