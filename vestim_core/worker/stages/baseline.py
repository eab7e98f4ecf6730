"""Baseline: what the models have to beat, fitted on the training files and tested like every model. Needs no torch.

For voltage the equivalent circuit, with a check of the SOC labels by it; for SOC a Kalman filter on the circuit, and
coulomb counting beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vestim_core.data.prepared import PreparedSet
from vestim_core.evaluation.alignment import align, label_check
from vestim_core.evaluation.report import Predictor, evaluate, headlines, overall, write_results
from vestim_core.models.circuit import Circuit
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.models.coulomb import CoulombCounter, capacity_Ah
from vestim_core.models.ekf import KalmanFilter
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState
from vestim_core.system import write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.prepared import open_set

MAX_TOLD_LABELS = 100


def run(attempt: Attempt) -> AttemptState:
    """Leaves `result/circuit.json`, metrics and predictions; for voltage `labels.json`, for SOC `ekf.json` and
    `coulomb/`."""
    prepared, testing = open_set(attempt), attempt.task.testing
    circuit = fit_circuit(
        prepared.of("train"),
        prepared.period_s,
        elements=testing.circuit_elements,
        temperature=testing.circuit_temperature,
        hysteretic=testing.circuit_hysteresis,
    )
    write_json(attempt.result / "circuit.json", circuit.to_json())
    for doubt in circuit.doubts:
        attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "text": doubt})
    found = (_soc if attempt.task.signals.target == "soc" else _voltage)(attempt, prepared, circuit)
    attempt.journal.event(EventKind.RESULT, {**found, "parameters": circuit.parameters, "circuit": circuit.to_json()})
    return AttemptState.FINISHED


def _voltage(attempt: Attempt, prepared: PreparedSet, circuit: Circuit) -> dict[str, Any]:
    period_s = prepared.period_s
    metrics = _tested(attempt, prepared, "", "circuit", lambda file: circuit.predict(file, period_s))
    aligned = [found for file in prepared.files if (found := align(circuit, file, period_s))]
    labels = label_check(aligned)
    write_json(attempt.result / "labels.json", labels)
    told = {name: labels[name] for name in ("sentence", "rmse_mV", "aligned_rmse_mV")}
    return {**headlines(metrics), "labels": labels["files"][:MAX_TOLD_LABELS], "label_check": told}


def _soc(attempt: Attempt, prepared: PreparedSet, circuit: Circuit) -> dict[str, Any]:
    period_s, training = prepared.period_s, prepared.of("train")
    capacity = capacity_Ah(training, period_s)
    of_circuit = overall(evaluate(lambda file: circuit.predict(file, period_s), training, "voltage_V"))
    voltage_error_V = float(np.nan_to_num(of_circuit["train"]["rmse_mV"])) / 1e3
    kalman, counter = KalmanFilter(circuit, capacity, voltage_error_V), CoulombCounter(circuit, capacity)
    write_json(attempt.result / "ekf.json", kalman.to_json())
    metrics = _tested(attempt, prepared, "", "ekf", lambda file: kalman.predict(file, period_s))
    counted = _tested(attempt, prepared, "coulomb", "coulomb", lambda file: counter.predict(file, period_s))
    return {**headlines(metrics), "coulomb": {"overall": counted["overall"]}, "capacity_Ah": capacity}


def _tested(attempt: Attempt, prepared: PreparedSet, folder: str, kind: str, predictor: Predictor) -> dict[str, Any]:
    return write_results(
        attempt.result / folder,
        predictor,
        [*prepared.of("validation"), *prepared.of("test")],
        target=attempt.task.signals.target,
        model={"kind": kind},
        csv=attempt.task.testing.predictions_csv,
    )
