"""The battery against disturbances made by hand, on a predictor that shows what it reads."""

import numpy as np
import pytest

from tests.training.synthetic import FILES, drive, prepare, small_set
from vestim_core.data.prepared import PreparedFile
from vestim_core.evaluation.disturbances import BATTERY, robustness
from vestim_core.evaluation.report import scored_rows
from vestim_core.spec.errors import VestimError
from vestim_core.spec.preparation import Ema, Normalise, Resample
from vestim_core.spec.signals import SignalsSpec


def test_each_case_costs_what_its_disturbance_does() -> None:
    prepared = small_set()
    scale = prepared.pipeline.feature_scale

    def predictor(file: PreparedFile) -> np.ndarray:
        """The truth, plus 0.1 Ohm times what the current reads too much."""
        read_A = scale.inverse(file.features)[:, 1]
        return np.asarray(file.column("voltage_V") + 0.1 * (read_A - file.column("current_A")))

    found = {record["case"]: record for record in robustness(predictor, prepared.files, prepared.pipeline)}
    assert next(iter(found)) == "undisturbed"
    assert not [name for name in found if name.startswith("voltage")], "the model does not read it"
    rows = [scored_rows(file) for file in prepared.files]
    current_A = np.concatenate([f.column("current_A")[mask] for f, mask in zip(prepared.files, rows, strict=True)])
    assert found["undisturbed"]["rmse_mV"] == pytest.approx(0, abs=1e-3)
    assert found["current +50 mA"]["cost_mV"] == pytest.approx(5.0, abs=1e-3)
    assert found["current +110 mA"]["mae_mV"] == pytest.approx(11.0, abs=1e-3)
    assert found["current gain +2 %"]["rmse_mV"] == pytest.approx(2.0 * np.sqrt(np.mean(current_A**2)), rel=1e-3)
    assert found["current noise 50 mA"]["rmse_mV"] == pytest.approx(5.0, rel=0.1)
    assert found["temperature +5 K"]["cost_mV"] == pytest.approx(0, abs=1e-3)
    assert found["one sample in ten dropped"]["rmse_mV"] > 1.0
    assert found["start in mid-cycle"]["rows"] == pytest.approx(found["undisturbed"]["rows"] / 2, rel=0.02)
    again = robustness(predictor, prepared.files, prepared.pipeline)
    assert again == list(found.values()), "its noise comes from a seed"


def test_a_start_in_mid_cycle_costs_a_model_with_memory_its_memory() -> None:
    prepared = small_set()

    def counter(file: PreparedFile) -> np.ndarray:
        """Off by 1 mV in the first row of each segment, by nothing afterwards."""
        predicted = file.column("voltage_V").copy()
        predicted[[segment.start for segment in file.segments]] += 0.001
        return predicted

    *_, last = robustness(counter, prepared.files[:1], prepared.pipeline, BATTERY[-1:])
    assert last["rmse_mV"] == pytest.approx(1 / np.sqrt(last["rows"])) == last["cost_mV"]


def test_a_feature_that_a_step_makes_is_refused() -> None:
    tables = {name: drive(name, 300, seed) for seed, name in enumerate(FILES, 1)}
    signals = SignalsSpec(features=["slow"], target="voltage_V")
    steps = [Resample(), Ema(column="current_A", output="slow", tau_s=30), Normalise()]
    prepared = prepare(tables, FILES, steps=steps, signals=signals)
    with pytest.raises(VestimError, match="'slow' is made from current_A"):
        robustness(lambda file: file.column("voltage_V"), prepared.files, prepared.pipeline)
