"""SOC baselines: the Kalman filter converges on a synthetic cell from a wrong start; coulomb counting."""

import numpy as np
import pytest

from tests.training.synthetic import drive, prepare, small_set
from vestim_core.data.table import Table
from vestim_core.evaluation.alignment import align
from vestim_core.models.circuit import Circuit
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.models.coulomb_counter import CoulombCounter, fit_capacity_Ah
from vestim_core.models.ekf import KalmanFilter
from vestim_core.spec.errors import VestimError


@pytest.fixture(scope="module")
def cell() -> tuple[Circuit, Table]:
    """The circuit of a cell of 2 Ah, and another drive of it."""
    prepared = prepare({"a.csv": drive("a.csv", 6000, 1, capacity_Ah=2.0)}, {"a.csv": "train"})
    assert fit_capacity_Ah(prepared.files, 1.0) == pytest.approx(2.0, rel=0.01)
    return fit_circuit(prepared.files, 1.0), drive("b.csv", 4000, 2, capacity_Ah=2.0)


@pytest.mark.parametrize("soc_error", [-0.1, 0.1])
def test_the_filter_converges_from_ten_percent_wrong(cell: tuple[Circuit, Table], soc_error: float) -> None:
    circuit, table = cell
    current_A, voltage_V, soc = (table.columns[name] for name in ("current_A", "voltage_V", "soc"))
    noisy_V = voltage_V + np.random.default_rng(0).normal(0, 0.002, len(soc))
    estimate = KalmanFilter(circuit, 2.0, 0.005).estimate(current_A, noisy_V, 1.0, start_soc=soc[0] + soc_error)
    assert abs(estimate[0] - soc[0]) > 0.01
    assert np.max(np.abs(estimate - soc)[1200:]) < 0.02
    assert np.mean(np.abs(estimate - soc)[1200:]) < 0.01


def test_the_filter_never_looks_ahead(cell: tuple[Circuit, Table]) -> None:
    circuit, table = cell
    current_A, voltage_V = table.columns["current_A"], table.columns["voltage_V"].copy()
    reference = KalmanFilter(circuit, 2.0, 0.005).estimate(current_A, voltage_V, 1.0)
    voltage_V[2000:] += 0.1
    changed = KalmanFilter(circuit, 2.0, 0.005).estimate(current_A, voltage_V, 1.0)
    assert np.array_equal(reference[:2000], changed[:2000])
    assert not np.array_equal(reference, changed)


def test_counting_starts_from_the_rested_voltage_in_each_segment() -> None:
    prepared = small_set(2000)
    circuit = fit_circuit(prepared.files_of_role("train"), 1.0)
    counter = CoulombCounter(circuit, fit_capacity_Ah(prepared.files_of_role("train"), 1.0))
    counted = counter.count(np.full(3600, 1.0), 1.0, 0.25)
    assert counted[-1] == pytest.approx(0.25 + 1 / counter.capacity_Ah)
    estimate = counter.predict(prepared.files[1], 1.0)
    assert estimate.shape == prepared.files[1].time_s.shape and np.isfinite(estimate).all()


def test_labels_without_a_capacity_are_refused() -> None:
    table = drive("a.csv", 500, 1)
    columns = {**table.columns, "soc": np.full(500, 0.5) + 1e-3 * np.linspace(1, 0, 500) ** 2}
    columns["current_A"] = np.abs(columns["current_A"])
    prepared = prepare({"a.csv": Table(table.path, "a.csv", "0", columns)}, {"a.csv": "train"})
    with pytest.raises(VestimError, match="SOC does not follow the current"):
        fit_capacity_Ah(prepared.files, 1.0)


def test_the_label_check_recovers_scale_and_shift() -> None:
    prepared = small_set(3000)
    circuit = fit_circuit(prepared.files_of_role("train"), 1.0)
    table = drive("c.csv", 1200, 3)
    wrong_columns = {**table.columns, "soc": (table.columns["soc"] - 0.01) / 1.02}
    shifted = prepare({"c.csv": Table(table.path, "c.csv", "0", wrong_columns)}, {"c.csv": "train"}).files[0]
    alignment = align(circuit, shifted, 1.0)
    assert alignment is not None
    assert (alignment.scale, alignment.shift) == (pytest.approx(1.02, abs=0.005), pytest.approx(0.01, abs=0.003))
    assert alignment.rmse_mV > 5 * alignment.aligned_rmse_mV
