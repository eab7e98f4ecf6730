"""The equivalent circuit recovers a known cell, never looks ahead, and is fitted on drives."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.real import real_set
from tests.training.synthetic import R0_OHM, R1_OHM, TAU_S, drive, prepare, small_set
from vestim_core.data.table import Table
from vestim_core.evaluation.evaluation_report import evaluate, metrics_by_role
from vestim_core.models.circuit import Circuit, hysteresis, lag
from vestim_core.models.circuit_fit import fit_circuit, is_drive
from vestim_core.spec.errors import VestimError
from vestim_core.spec.signals import SignalsSpec


def test_a_known_circuit_is_recovered() -> None:
    prepared = small_set(3000)
    circuit = fit_circuit(prepared.files_of_role("train"), prepared.period_s)
    assert circuit.R0_ohm == pytest.approx([R0_OHM] * 11, rel=0.02)
    assert circuit.R_ohm[0] == pytest.approx([R1_OHM] * 11, rel=0.25)
    assert np.mean(circuit.R_ohm[0]) == pytest.approx(R1_OHM, rel=0.05)
    assert circuit.tau_s == pytest.approx((TAU_S,), rel=0.1)
    results = evaluate(lambda file: circuit.predict(file, prepared.period_s), prepared.files, "voltage_V")
    assert metrics_by_role(results)["validation"]["rmse_mV"] < 1.0


def test_the_step_response_matches_its_formula() -> None:
    circuit = _circuit(R0_ohm=(0.02,), R_ohm=((0.01,),))
    time_s = 0.5 * np.arange(1, 101)
    voltage_V = circuit.simulate(np.full(100, 0.5), np.full(100, 2.0), 0.5)
    np.testing.assert_allclose(voltage_V, 3.5 + 0.04 + 0.02 * (1 - np.exp(-time_s / 20)), rtol=1e-12)


def _circuit(
    R0_ohm: tuple[float, ...], R_ohm: tuple[tuple[float, ...]], knots_soc: tuple[float, ...] = (0.5,)
) -> Circuit:
    """One RC of 20 s on a straight OCV."""
    return Circuit((0.0, 1.0), (3.0, 4.0), resistance_soc=knots_soc, R0_ohm=R0_ohm, R_ohm=R_ohm, tau_s=(20.0,))


def test_resistances_that_depend_on_soc_are_recovered() -> None:
    """Linear between the knots, constant beyond; a cell with more resistance when empty is fitted as such."""
    circuit = _circuit((0.01, 0.03), ((0.02, 0.0),), knots_soc=(0.2, 0.8))
    tables_ohm = circuit.resistances_ohm(np.array([0.0, 0.2, 0.5, 0.8, 1.0]))
    np.testing.assert_allclose(tables_ohm, [[0.01, 0.01, 0.02, 0.03, 0.03], [0.02, 0.02, 0.01, 0, 0]])
    table = drive("cell.csv", 6000, 3, capacity_Ah=2.0)
    columns, current_A = dict(table.columns), table.columns["current_A"]
    extra_ohm = 0.02 * (1 - columns["soc"])
    columns["voltage_V"] = columns["voltage_V"] + extra_ohm * (current_A + lag(current_A, TAU_S, 1.0))
    prepared = prepare({"cell.csv": Table(table.path, "cell.csv", "0", columns)}, {"cell.csv": "train"})
    fitted = fit_circuit(prepared.files, 1.0)
    soc = np.linspace(fitted.soc[0], fitted.soc[-1], 30)
    R0_ohm, R1_ohm = fitted.resistances_ohm(soc)
    np.testing.assert_allclose(R0_ohm, R0_OHM + 0.02 * (1 - soc), rtol=0.02)
    np.testing.assert_allclose(R1_ohm, R1_OHM + 0.02 * (1 - soc), rtol=0.1)


def test_the_circuit_never_looks_ahead_and_survives_json() -> None:
    circuit = fit_circuit(small_set().files_of_role("train"), 1.0)
    soc, current_A = np.linspace(0.9, 0.5, 200), np.sin(np.arange(200.0))
    changed_A = current_A.copy()
    changed_A[120:] = 9.0
    reference, changed = circuit.simulate(soc, current_A, 1.0), circuit.simulate(soc, changed_A, 1.0)
    assert np.array_equal(reference[:120], changed[:120])
    restored = Circuit.from_json(json.loads(json.dumps(circuit.to_json())))
    assert restored == circuit
    assert np.array_equal(restored.simulate(soc, current_A, 1.0), reference)


def test_circuits_of_earlier_versions_are_read() -> None:
    """They had one resistance for every SOC; the first version had a single RC element without a list."""
    document = {"soc": [0.0, 1.0], "ocv_V": [3.0, 4.0], "R0_ohm": 0.02}
    second_version = Circuit.from_json({**document, "R_ohm": [0.01], "tau_s": [20.0], "doubts": ["R1?"]})
    assert replace(second_version, undetermined_elements=()) == Circuit.from_json(
        {**document, "R1_ohm": 0.01, "tau_s": 20.0}
    )
    soc, current_A = np.linspace(0.2, 0.7, 50), np.sin(np.arange(50.0))
    current_version = _circuit(R0_ohm=(0.02,), R_ohm=((0.01,),))
    assert np.array_equal(second_version.simulate(soc, current_A, 1.0), current_version.simulate(soc, current_A, 1.0))
    assert second_version.parameters == 2 + 1 + 2


def test_ocv_rises_where_there_are_no_rows() -> None:
    table = drive("a.csv", 2000, 1)
    is_kept = (table.columns["soc"] < 0.4) | (table.columns["soc"] > 0.6)
    columns = {name: values[is_kept] for name, values in table.columns.items()}
    prepared = prepare({"a.csv": Table(table.path, table.name, table.sha256, columns)}, {"a.csv": "train"})
    assert np.all(np.diff(fit_circuit(prepared.files, 1.0).ocv_V) >= 0)


def _charge(name: str, rows: int) -> Table:
    """A charge at constant current, then a decay, with a voltage that drives never show (hysteresis)."""
    current_A = np.concatenate([np.full(rows // 2, 1.5), 1.5 * np.exp(-np.arange(rows - rows // 2) / 400)])
    soc = np.clip(0.1 + np.cumsum(current_A) / 3600 / 1.0, 0, 1)
    columns = drive(name, rows, 9).columns
    voltage_V = 3.5 + 0.8 * soc
    return Table(Path(name), name, "f" * 64, {**columns, "current_A": current_A, "soc": soc, "voltage_V": voltage_V})


def test_charges_are_left_out_where_there_are_drives() -> None:
    tables = {"a.csv": drive("a.csv", 2000, 1), "charge.csv": _charge("charge.csv", 4000)}
    prepared = prepare(tables, {"a.csv": "train", "charge.csv": "train"})
    assert [is_drive(file, 1.0) for file in prepared.files] == [True, False]
    assert fit_circuit(prepared.files, 1.0) == fit_circuit(prepared.files[:1], 1.0)
    assert min(fit_circuit(prepared.files[1:], 1.0).R0_ohm) >= 0  # only charges: they are used


def test_a_missing_column_is_named() -> None:
    table = drive("a.csv", 300, 1)
    columns = {name: values for name, values in table.columns.items() if name != "soc"}
    signals = SignalsSpec(features=["current_A"], target="voltage_V")
    prepared = prepare({"a.csv": Table(table.path, "a.csv", "0", columns)}, {"a.csv": "train"}, signals=signals)
    with pytest.raises(VestimError, match=r"a\.csv has no column soc.*testing\.baseline = false"):
        fit_circuit(prepared.files, 1.0)


@pytest.mark.slow
def test_the_baseline_needs_no_torch() -> None:
    code = (
        "import sys, vestim_core.models.circuit, vestim_core.models.ekf, vestim_core.evaluation.alignment, "
        "vestim_core.evaluation.evaluation_report, vestim_core.data.prepared_set, "
        "vestim_core.training; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _cell(rows: int = 6000, *, slow_ohm: float = 0.0, per_K: float = 0.0, hysteresis_V: float = 0.0) -> Table:
    """A drive of the synthetic cell with a second lag of 120 s, R0 by temperature, and hysteresis."""
    table = drive("cell.csv", rows, 3, capacity_Ah=2.0)
    columns, current_A = dict(table.columns), table.columns["current_A"]
    columns["temperature_degC"] = 25 + 10 * np.sin(np.arange(rows) / 700)
    columns["voltage_V"] = (
        columns["voltage_V"]
        + slow_ohm * lag(current_A, 120.0, 1.0)
        + per_K * (columns["temperature_degC"] - 25) * current_A
        + hysteresis_V * hysteresis(current_A, 1.0)
    )
    return Table(table.path, table.name, table.sha256, columns)


def test_temperature_and_hysteresis_are_recovered_on_request() -> None:
    prepared = prepare({"cell.csv": _cell(slow_ohm=0.01, per_K=-2e-4, hysteresis_V=0.008)}, {"cell.csv": "train"})
    circuit = fit_circuit(prepared.files, 1.0, elements=2, temperature=True, hysteretic=True)
    assert np.mean(circuit.R0_ohm) == pytest.approx(R0_OHM, rel=0.05)
    assert np.mean(circuit.R_ohm, axis=1) == pytest.approx((R1_OHM, 0.01), rel=0.2)
    assert circuit.tau_s == pytest.approx((TAU_S, 120.0), rel=0.25)
    assert circuit.R0_ohm_per_K == pytest.approx(-2e-4, rel=0.1)
    assert circuit.hysteresis_V == pytest.approx(0.008, rel=0.2)
    assert circuit.parameters == len(circuit.soc) + 3 * len(circuit.resistance_soc) + 2 + 2
    results = evaluate(lambda file: circuit.predict(file, 1.0), prepared.files, "voltage_V")
    assert metrics_by_role(results)["train"]["rmse_mV"] < 1.0


def test_an_undetermined_element_is_reported() -> None:
    prepared = prepare({"cell.csv": _cell(3000)}, {"cell.csv": "train"})  # one lag only
    assert fit_circuit(prepared.files, 1.0).undetermined_elements == ()
    sentences = fit_circuit(prepared.files, 1.0, elements=3).undetermined_elements
    assert sentences and all("use fewer RC elements" in sentence for sentence in sentences)


@pytest.mark.slow
def test_real_drives(shared: Path, tmp_path: Path) -> None:
    """One RC on the shared data (11.3 mV); most of it is the drift of the SOC labels from file to file."""
    prepared = real_set(shared, tmp_path)
    circuit = fit_circuit(prepared.files_of_role("train"), prepared.period_s)
    results = evaluate(
        lambda file: circuit.predict(file, prepared.period_s), prepared.files_of_role("validation"), "voltage_V"
    )
    rmse_mV = results[0].to_json()["rmse_mV"]
    assert 4.0 < rmse_mV < 12.0, f"RMSE on file 18 is {rmse_mV:.1f} mV"
