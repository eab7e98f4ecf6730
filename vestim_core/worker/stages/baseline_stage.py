"""Baseline: the models to beat, fitted on the training files and tested like every model. Needs no torch.

For voltage, the equivalent circuit and a check of the SOC labels by it; for SOC, a Kalman filter on the circuit and
coulomb counting.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vestim_core.data.prepared_set import PreparedSet
from vestim_core.evaluation.alignment import align, label_check
from vestim_core.evaluation.evaluation_report import (
    Predictor,
    evaluate,
    metrics_by_role,
    metrics_summary,
    write_results,
)
from vestim_core.models.circuit import Circuit
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.models.coulomb_counter import CoulombCounter, fit_capacity_Ah
from vestim_core.models.ekf import KalmanFilter
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import AttemptState
from vestim_core.system import write_json
from vestim_core.worker.attempt import Attempt
from vestim_core.worker.task_data import open_prepared_set

MAX_EVENT_LABELS = 100  # files in the result event, which has a size limit; all of them are in labels.json


def run(attempt: Attempt) -> AttemptState:
    """Write `result/circuit.json`, metrics and predictions.

    Also `labels.json` for voltage, `ekf.json` and `coulomb/` for SOC.
    """
    prepared, testing = open_prepared_set(attempt), attempt.task.testing
    circuit = fit_circuit(
        prepared.files_of_role("train"),
        prepared.period_s,
        elements=testing.circuit_elements,
        temperature=testing.circuit_temperature,
        hysteretic=testing.circuit_hysteresis,
    )
    write_json(attempt.result_folder / "circuit.json", circuit.to_json())
    for warning in circuit.undetermined_elements:
        attempt.journal.event(EventKind.MESSAGE, {"level": "warning", "message": warning})
    summary = (_soc_baselines if attempt.task.signals.target == "soc" else _voltage_baseline)(
        attempt, prepared, circuit
    )
    attempt.journal.event(EventKind.RESULT, {**summary, "parameters": circuit.parameters, "circuit": circuit.to_json()})
    return AttemptState.FINISHED


def _voltage_baseline(attempt: Attempt, prepared: PreparedSet, circuit: Circuit) -> dict[str, Any]:
    period_s = prepared.period_s
    metrics = _evaluate_on_files(attempt, prepared, "", "circuit", lambda file: circuit.predict(file, period_s))
    alignments = [alignment for file in prepared.files if (alignment := align(circuit, file, period_s))]
    labels = label_check(alignments)
    write_json(attempt.result_folder / "labels.json", labels)
    label_summary = {name: labels[name] for name in ("message", "rmse_mV", "aligned_rmse_mV")}
    return {**metrics_summary(metrics), "labels": labels["files"][:MAX_EVENT_LABELS], "label_check": label_summary}


def _soc_baselines(attempt: Attempt, prepared: PreparedSet, circuit: Circuit) -> dict[str, Any]:
    period_s, training = prepared.period_s, prepared.files_of_role("train")
    capacity = fit_capacity_Ah(training, period_s)
    circuit_metrics = metrics_by_role(evaluate(lambda file: circuit.predict(file, period_s), training, "voltage_V"))
    voltage_error_V = float(np.nan_to_num(circuit_metrics["train"]["rmse_mV"])) / 1e3
    kalman, counter = KalmanFilter(circuit, capacity, voltage_error_V), CoulombCounter(circuit, capacity)
    write_json(attempt.result_folder / "ekf.json", kalman.to_json())
    metrics = _evaluate_on_files(attempt, prepared, "", "ekf", lambda file: kalman.predict(file, period_s))
    counter_metrics = _evaluate_on_files(
        attempt, prepared, "coulomb", "coulomb", lambda file: counter.predict(file, period_s)
    )
    return {**metrics_summary(metrics), "coulomb": {"overall": counter_metrics["overall"]}, "capacity_Ah": capacity}


def _evaluate_on_files(
    attempt: Attempt, prepared: PreparedSet, folder: str, kind: str, predictor: Predictor
) -> dict[str, Any]:
    return write_results(
        attempt.result_folder / folder,
        predictor,
        [*prepared.files_of_role("validation"), *prepared.files_of_role("test")],
        target=attempt.task.signals.target,
        model={"kind": kind},
        csv=attempt.task.testing.predictions_csv,
    )
