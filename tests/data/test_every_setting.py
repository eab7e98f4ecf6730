"""Every setting has an effect: changing any field of any step changes the prepared data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.data.step_chains import STEP_KINDS, irregular_table, steps_of
from vestim_core.data.pipeline import Pipeline, resample_table, run_steps
from vestim_core.spec.preparation import Step
from vestim_core.spec.signals import SignalsSpec

SIGNALS = SignalsSpec(features=["soc", "current_A"], target="voltage_V")
SURROUNDING_STEPS: list[dict[str, Any]] = [
    {"step": "resample", "period_s": 1.0, "max_gap_s": 60.0},
    {"step": "normalize", "method": "z-score"},
]
FIELD_VALUES: dict[str, dict[str, tuple[Any, Any]]] = {
    "resample": {"period_s": (1.0, 2.0), "max_gap_s": (60.0, 1000.0), "method": ("mean", "linear")},
    "butterworth": {
        "column": ("current_A", "voltage_V"),
        "output": ("x", "y"),
        "cutoff_Hz": (0.05, 0.06),
        "order": (2, 3),
        "start": ("steady", "zero"),
    },
    "ema": {"column": ("current_A", "voltage_V"), "output": ("x", "y"), "tau_s": (10.0, 11.0)},
    "moving_average": {"column": ("current_A", "voltage_V"), "output": ("x", "y"), "window_s": (10.0, 12.0)},
    "savitzky_golay": {
        "column": ("current_A", "voltage_V"),
        "output": ("x", "y"),
        "window_s": (10.0, 12.0),
        "polynomial": (2, 3),
    },
    "formula": {"output": ("x", "y"), "formula": ("soc + noise(0, 1)", "soc - noise(0, 1)"), "seed": (0, 1)},
    "coulomb_soc": {
        "column": ("current_A", "temperature_degC"),
        "output": ("x", "y"),
        "capacity_Ah": (2.0, 3.0),
        "initial_soc": (0.5, 0.6),
        "start_column": ("", "soc"),
        "efficiency": (1.0, 0.99),
    },
    "augment": {
        "column": ("current_A", "soc"),
        "offset": (0.1, 0.2),
        "gain_percent": (1.0, 2.0),
        "noise": (0.1, 0.2),
        "noise_shape": ("gaussian", "uniform"),
        "quantum": (0.001, 0.1),
        "seed": (0, 1),
    },
    "pre_roll": {"duration_s": (5.0, 6.0), "rows": ("rest", "first")},
    "normalize": {"method": ("z-score", "min-max")},
}
STEP_FIELDS = [
    pytest.param(kind.model_fields["step"].default, name, id=f"{kind.__name__}.{name}")
    for kind in STEP_KINDS
    for name in kind.model_fields
    if name != "step"
]


def prepare_with(step: dict[str, Any]) -> dict[str, Any]:
    """All arrays of a training file, and the columns fitted on it."""
    resample, normalize = SURROUNDING_STEPS
    if step["step"] == "resample":
        documents = [step, normalize]
    elif step["step"] == "normalize":
        documents = [resample, step]
    else:
        documents = [resample, step, normalize]
    steps: list[Step] = steps_of.validate_python(documents)
    table = irregular_table(80, 3)
    rows, _ = run_steps(steps, resample_table(steps, table), table, is_training=True)
    arrays = Pipeline.fit(steps, SIGNALS, [table]).scale(rows)
    values = dict(zip(arrays.columns, arrays.physical.T, strict=True))
    return {"features": arrays.features, "target": arrays.target, "time_s": arrays.time_s, **values}


@pytest.mark.parametrize(("kind", "field"), STEP_FIELDS)
def test_changing_a_field_changes_the_prepared_data(kind: str, field: str) -> None:
    defaults = {name: values[0] for name, values in FIELD_VALUES[kind].items()}
    original_data = prepare_with({"step": kind, **defaults})
    repeated_data = prepare_with({"step": kind, **defaults})
    changed_data = prepare_with({"step": kind, **defaults, field: FIELD_VALUES[kind][field][1]})
    assert _are_equal(original_data, repeated_data)
    assert not _are_equal(original_data, changed_data)


def _are_equal(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return list(first) == list(second) and all(np.array_equal(first[name], second[name]) for name in first)
