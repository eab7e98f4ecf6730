"""What testing costs and how good the baselines are: inference, metrics, robustness, circuit and filter.

CPU time of this process, medians; inference against one `nn.LSTM` call and against a loop over the rows.
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

from tests.benchmarks.figure import Figure
from tests.benchmarks.memory import highest_B
from tests.training.real import real_set
from tests.training.synthetic import small_set, trial
from vestim_core.data.prepared import PreparedFile, PreparedSet, Segment
from vestim_core.evaluation.disturbances import BATTERY, robustness
from vestim_core.evaluation.inference import predict
from vestim_core.evaluation.report import evaluate, examine, metrics_document, overall
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.models.coulomb import capacity_Ah
from vestim_core.models.ekf import KalmanFilter
from vestim_core.models.lstm import Lstm
from vestim_core.models.registry import build_model
from vestim_core.spec.preparation import CoulombSoc, Ema, Normalise, PreRoll, Resample, Step
from vestim_core.spec.signals import SignalsSpec

ROWS = 33_000
LOOP_ROWS = 2_000
MANY_ROWS = 5_000_000
ROUNDS = 7
_STEPS: list[Step] = [
    Resample(),
    Ema(column="current_A", output="slow", tau_s=30),
    CoulombSoc(output="counted", capacity_Ah=5.0),
    PreRoll(),
    Normalise(),
]
_SHARED = Path(__file__).resolve().parents[3] / "shared"


def run() -> list[Figure]:
    """All figures of testing."""
    torch.set_num_threads(1)
    return [*_inference(), _memory(), *_metrics_and_battery(), *_baselines()]


def _cpu_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    runs = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        runs.append(time.process_time() - start)
    return median(runs)


def _case() -> tuple[PreparedSet, PreparedFile, Lstm]:
    prepared = small_set(ROWS)
    network = build_model(trial("lstm", model={"sizes": [32]}).model, 3).eval()
    assert isinstance(network, Lstm)
    return prepared, prepared.files[0], network


def _inference() -> list[Figure]:
    prepared, file, network = _case()
    layer, x = network.layers[0], torch.tensor(file.features)[None]

    def bare() -> None:
        with torch.inference_mode():
            layer(x)

    def loop(rows: int) -> np.ndarray:
        found, state = np.empty(rows, np.float32), None
        with torch.inference_mode():
            for row in range(rows):
                y, state = network(x[:, row : row + 1], state)
                found[row] = y.item()
        return prepared.pipeline.inverse_target(found)

    ours_s, bare_s = _cpu_s(lambda: predict(network, file, prepared.pipeline)), _cpu_s(bare)
    loop_s = _cpu_s(lambda: loop(LOOP_ROWS), rounds=3) / LOOP_ROWS * len(file.time_s)
    apart_V = float(np.abs(predict(network, file, prepared.pipeline)[:LOOP_ROWS] - loop(LOOP_ROWS)).max())
    return [
        Figure("inference over one nn.LSTM call", "<= 1.2x", f"{ours_s / bare_s:.2f}x", ours_s <= 1.2 * bare_s),
        Figure("a loop over rows over inference", ">= 60x", f"{loop_s / ours_s:.0f}x", loop_s >= 60 * ours_s),
        Figure("its difference from that loop", "<= 1e-6 V", f"{apart_V:.1e} V", apart_V <= 1e-6),
    ]


def _memory() -> Figure:
    command = [sys.executable, "-c", "from tests.benchmarks.testing import grown_B; print(*grown_B())"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    grown, predictions = map(int, answer.split())
    limit = 4 * predictions
    name = f"memory for predicting {MANY_ROWS:,} rows, features apart"
    return Figure(name, f"<= {limit / 1e6:.0f} MB", f"{grown / 1e6:.0f} MB", grown <= limit)


def grown_B() -> tuple[int, int]:
    """By how many bytes this process at its greatest grows while a long file is predicted; bytes of predictions."""
    prepared, file, network = _case()
    features = np.zeros((MANY_ROWS, file.features.shape[1]), np.float32)
    long = replace(file, features=features, segments=(Segment(0, MANY_ROWS, 100),))
    predict(network, file, prepared.pipeline)
    before_B = highest_B()
    found = predict(network, long, prepared.pipeline)
    return highest_B() - before_B, found.nbytes


def _metrics_and_battery() -> list[Figure]:
    prepared, file, network = _case()

    def predictor(one: PreparedFile) -> np.ndarray:
        return predict(network, one, prepared.pipeline)

    predicted = predictor(file)
    made = small_set(ROWS, steps=_STEPS, signals=SignalsSpec(features=["counted", "slow", "temperature_degC"]))
    made_file = made.files[0]

    def of_made(one: PreparedFile) -> np.ndarray:
        return predict(network, one, made.pipeline)

    metrics_s = _cpu_s(lambda: metrics_document({}, "voltage_V", [examine(file, predicted, "voltage_V")]))
    test_s = _cpu_s(lambda: examine(file, predictor(file), "voltage_V"))
    cases = [case for case in BATTERY if not case.name.startswith("voltage")]
    battery_s = _cpu_s(lambda: robustness(predictor, [file], prepared.pipeline, cases), rounds=3)
    share = battery_s / test_s
    made_s = _cpu_s(lambda: robustness(of_made, [made_file], made.pipeline, cases), rounds=3)
    made_share = made_s / _cpu_s(lambda: examine(made_file, of_made(made_file), "voltage_V"))
    return [
        Figure(f"all metrics, bins, worst of {ROWS:,} rows", "<= 0.1 s", f"{metrics_s:.3f} s", metrics_s <= 0.1),
        Figure(f"robustness, {len(cases)} cases, over one test", "<= 14x", f"{share:.1f}x", share <= 14),
        Figure("the same with filtered and counted inputs", "<= 14x", f"{made_share:.1f}x", made_share <= 14),
    ]


def _baselines() -> list[Figure]:
    """Fitted on the drives 10, 12, 14 and 16, tested on 18; then each drive by a circuit of the four others."""
    names = ("circuit fitted on four drives, RMSE of file 18", "Kalman filter on it, MAE of SOC of file 18")
    if not (_SHARED / "data" / "tesla_m80").is_dir():
        return [Figure(name, "measured", f"not measured: {_SHARED} is absent", False) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        prepared = real_set(_SHARED, Path(folder))
        drives = prepared.of("train")
        fit_s = _cpu_s(lambda: fit_circuit(drives, 1.0), rounds=3)
        circuit = fit_circuit(drives, 1.0)
        validation = prepared.of("validation")
        rmse_mV = float(evaluate(lambda f: circuit.predict(f, 1.0), validation, "voltage_V")[0].to_json()["rmse_mV"])
        fitted = evaluate(lambda f: circuit.predict(f, 1.0), drives, "voltage_V")
        error_V = float(overall(fitted)["train"]["rmse_mV"]) / 1e3
        kalman = KalmanFilter(circuit, capacity_Ah(drives, 1.0), error_V)
        mae = float(evaluate(lambda f: kalman.predict(f, 1.0), validation, "soc")[0].to_json()["mae_percent"])
        left_out_mV = [_left_out_mV(number, prepared.files) for number in range(len(prepared.files))]
    each = ", ".join(f"{value:.1f}" for value in left_out_mV)
    mean_mV = sum(left_out_mV) / len(left_out_mV)
    return [
        Figure(
            "each of five drives by a circuit of the others, mean RMSE",
            "<= 8 mV",
            f"{mean_mV:.1f} mV ({each})",
            mean_mV <= 8.0,
        ),
        Figure(names[0], "<= 12 mV", f"{rmse_mV:.1f} mV", rmse_mV <= 12.0),
        Figure("fitting that circuit", "<= 4 s CPU", f"{fit_s:.2f} s", fit_s <= 4.0),
        Figure(names[1], "<= 0.65 %", f"{mae:.2f} %", mae <= 0.65),
    ]


def _left_out_mV(number: int, drives: Sequence[PreparedFile]) -> float:
    """RMSE of one drive by the circuit that is fitted on all others."""
    circuit = fit_circuit([file for at, file in enumerate(drives) if at != number], 1.0)
    return float(
        evaluate(lambda file: circuit.predict(file, 1.0), [drives[number]], "voltage_V")[0].to_json()["rmse_mV"]
    )
