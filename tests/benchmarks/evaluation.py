"""Cost of evaluation and accuracy of the baselines: inference, metrics, robustness, circuit and Kalman filter.

Times are medians of this process's CPU time; inference is compared with one `nn.LSTM` call and with a loop over rows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

from tests.benchmarks.measurement import Measurement
from tests.benchmarks.memory import peak_memory_B
from tests.training.real import real_set
from tests.training.synthetic import small_set, trial
from vestim_core.data.prepared_set import PreparedFile, PreparedSet, Segment
from vestim_core.evaluation.disturbances import STANDARD_DISTURBANCES, robustness
from vestim_core.evaluation.evaluation_report import evaluate, examine, metrics_by_role, metrics_document
from vestim_core.evaluation.inference import predict
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.models.coulomb_counter import fit_capacity_Ah
from vestim_core.models.ekf import KalmanFilter
from vestim_core.models.lstm import Lstm
from vestim_core.models.network_registry import build_model
from vestim_core.spec.preparation import CoulombSoc, Ema, Normalize, PreRoll, Resample, Step
from vestim_core.spec.signals import SignalsSpec

ROWS = 33_000  # length of a real drive file
LOOP_ROWS = 2_000  # a loop over rows is slow; its time is scaled to the whole file
MANY_ROWS = 5_000_000  # predictions large against the fixed memory of the process
ROUNDS = 7  # repetitions per median; arbitrary odd number
_STEPS: list[Step] = [
    Resample(),
    Ema(column="current_A", output="slow", tau_s=30),
    CoulombSoc(output="counted", capacity_Ah=5.0),
    PreRoll(),
    Normalize(),
]
# absent in a checkout without the shared folder
_SHARED = Path(__file__).resolve().parents[3] / "shared"


def run() -> list[Measurement]:
    """All measurements of evaluation."""
    torch.set_num_threads(1)
    return [*_measure_inference(), _measure_memory(), *_measure_metrics_and_robustness(), *_measure_baselines()]


def _cpu_s(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    runs_s = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        runs_s.append(time.process_time() - start)
    return median(runs_s)


def _inference_case() -> tuple[PreparedSet, PreparedFile, Lstm]:
    prepared = small_set(ROWS)
    network = build_model(trial("lstm", model={"sizes": [32]}).model, 3).eval()
    assert isinstance(network, Lstm)
    return prepared, prepared.files[0], network


def _measure_inference() -> list[Measurement]:
    prepared, file, network = _inference_case()
    layer, x = network.layers[0], torch.tensor(file.features)[None]

    def call_layer() -> None:
        with torch.inference_mode():
            layer(x)

    def predict_by_row(rows: int) -> np.ndarray:
        scaled_predictions, state = np.empty(rows, np.float32), None
        with torch.inference_mode():
            for row in range(rows):
                output, state = network(x[:, row : row + 1], state)
                scaled_predictions[row] = output.item()
        return prepared.pipeline.inverse_target(scaled_predictions)

    predict_s, layer_s = _cpu_s(lambda: predict(network, file, prepared.pipeline)), _cpu_s(call_layer)
    loop_s = _cpu_s(lambda: predict_by_row(LOOP_ROWS), rounds=3) / LOOP_ROWS * len(file.time_s)
    difference_V = float(
        np.abs(predict(network, file, prepared.pipeline)[:LOOP_ROWS] - predict_by_row(LOOP_ROWS)).max()
    )
    return [
        Measurement(
            "inference over one nn.LSTM call", "<= 1.2x", f"{predict_s / layer_s:.2f}x", predict_s <= 1.2 * layer_s
        ),
        Measurement(
            "a loop over rows over inference", ">= 60x", f"{loop_s / predict_s:.0f}x", loop_s >= 60 * predict_s
        ),
        Measurement("its difference from that loop", "<= 1e-6 V", f"{difference_V:.1e} V", difference_V <= 1e-6),
    ]


def _measure_memory() -> Measurement:
    command = [
        sys.executable,
        "-c",
        "from tests.benchmarks.evaluation import memory_growth_B; print(*memory_growth_B())",
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    growth_B, predictions_B = map(int, answer.split())
    limit_B = 4 * predictions_B
    name = f"memory for predicting {MANY_ROWS:,} rows, features apart"
    return Measurement(name, f"<= {limit_B / 1e6:.0f} MB", f"{growth_B / 1e6:.0f} MB", growth_B <= limit_B)


def memory_growth_B() -> tuple[int, int]:
    """Growth of peak memory while a long file is predicted, and size of its predictions, in bytes."""
    prepared, file, network = _inference_case()
    features = np.zeros((MANY_ROWS, file.features.shape[1]), np.float32)
    long_file = replace(file, features=features, segments=(Segment(0, MANY_ROWS, 100),))
    predict(network, file, prepared.pipeline)
    peak_before_B = peak_memory_B()
    predictions = predict(network, long_file, prepared.pipeline)
    return peak_memory_B() - peak_before_B, predictions.nbytes


def _measure_metrics_and_robustness() -> list[Measurement]:
    prepared, file, network = _inference_case()

    def predictor(input_file: PreparedFile) -> np.ndarray:
        return predict(network, input_file, prepared.pipeline)

    predictions = predictor(file)
    filtered_set = small_set(ROWS, steps=_STEPS, signals=SignalsSpec(features=["counted", "slow", "temperature_degC"]))
    filtered_file = filtered_set.files[0]

    def predict_filtered(input_file: PreparedFile) -> np.ndarray:
        return predict(network, input_file, filtered_set.pipeline)

    metrics_s = _cpu_s(lambda: metrics_document({}, "voltage_V", [examine(file, predictions, "voltage_V")]))
    test_s = _cpu_s(lambda: examine(file, predictor(file), "voltage_V"))
    cases = [case for case in STANDARD_DISTURBANCES if not case.name.startswith("voltage")]
    robustness_s = _cpu_s(lambda: robustness(predictor, [file], prepared.pipeline, cases), rounds=3)
    ratio = robustness_s / test_s
    filtered_s = _cpu_s(lambda: robustness(predict_filtered, [filtered_file], filtered_set.pipeline, cases), rounds=3)
    filtered_ratio = filtered_s / _cpu_s(lambda: examine(filtered_file, predict_filtered(filtered_file), "voltage_V"))
    return [
        Measurement(f"all metrics, bins, worst of {ROWS:,} rows", "<= 0.1 s", f"{metrics_s:.3f} s", metrics_s <= 0.1),
        Measurement(f"robustness, {len(cases)} cases, over one test", "<= 14x", f"{ratio:.1f}x", ratio <= 14),
        Measurement(
            "the same with filtered and counted inputs", "<= 14x", f"{filtered_ratio:.1f}x", filtered_ratio <= 14
        ),
    ]


def _measure_baselines() -> list[Measurement]:
    """Fit on drives 10, 12, 14 and 16 and test on 18; then test each drive with a circuit of the four others."""
    names = ("circuit fitted on four drives, RMSE of file 18", "Kalman filter on it, MAE of SOC of file 18")
    if not (_SHARED / "data" / "tesla_m80").is_dir():
        return [Measurement(name, "measured", f"not measured: {_SHARED} is absent", False) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        prepared = real_set(_SHARED, Path(folder))
        drives = prepared.files_of_role("train")
        fit_s = _cpu_s(lambda: fit_circuit(drives, 1.0), rounds=3)
        circuit = fit_circuit(drives, 1.0)
        validation = prepared.files_of_role("validation")
        rmse_mV = float(
            evaluate(lambda file: circuit.predict(file, 1.0), validation, "voltage_V")[0].to_json()["rmse_mV"]
        )
        fitted = evaluate(lambda file: circuit.predict(file, 1.0), drives, "voltage_V")
        error_V = float(metrics_by_role(fitted)["train"]["rmse_mV"]) / 1e3
        kalman = KalmanFilter(circuit, fit_capacity_Ah(drives, 1.0), error_V)
        mae = float(evaluate(lambda file: kalman.predict(file, 1.0), validation, "soc")[0].to_json()["mae_percent"])
        left_out_mV = [_left_out_rmse_mV(index, prepared.files) for index in range(len(prepared.files))]
    values_text = ", ".join(f"{value:.1f}" for value in left_out_mV)
    mean_mV = sum(left_out_mV) / len(left_out_mV)
    return [
        Measurement(
            "each of five drives by a circuit of the others, mean RMSE",
            "<= 8 mV",
            f"{mean_mV:.1f} mV ({values_text})",
            mean_mV <= 8.0,
        ),
        Measurement(names[0], "<= 12 mV", f"{rmse_mV:.1f} mV", rmse_mV <= 12.0),
        Measurement("fitting that circuit", "<= 4 s CPU", f"{fit_s:.2f} s", fit_s <= 4.0),
        Measurement(names[1], "<= 0.65 %", f"{mae:.2f} %", mae <= 0.65),
    ]


def _left_out_rmse_mV(left_out: int, drives: Sequence[PreparedFile]) -> float:
    """RMSE of one drive with the circuit fitted to all others."""
    circuit = fit_circuit([file for index, file in enumerate(drives) if index != left_out], 1.0)
    return float(
        evaluate(lambda file: circuit.predict(file, 1.0), [drives[left_out]], "voltage_V")[0].to_json()["rmse_mV"]
    )
