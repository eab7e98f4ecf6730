"""The demo's LSTM beats the equivalent circuit by more than 20 % on the held-out cycle, whatever the seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.synthetic import Recorder
from vestim_core.data.demo import write_demo
from vestim_core.data.prepare_data import prepare
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.evaluation.evaluation_report import Predictor, evaluate, metrics_by_role
from vestim_core.evaluation.inference import predict
from vestim_core.models.circuit_fit import fit_circuit
from vestim_core.spec.job import JobSpec, Trial, validate_job
from vestim_core.spec.states import Intent
from vestim_core.training.loop import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[JobSpec, PreparedSet]:
    folder = tmp_path_factory.mktemp("demo")
    job = validate_job(write_demo(folder / "files"))
    trial = job.trials()[0]
    prepared = prepare(
        job.data,
        trial.signals,
        trial.preparation,
        folder / "cache",
        on_progress=lambda phase, state, fraction, message: None,
        on_finding=lambda finding: None,
        is_canceled=lambda: False,
    )
    return job, prepared


def _with_half_the_epochs(trial: Trial, seed: int) -> Trial:
    training = trial.training.model_copy(update={"max_epochs": trial.training.max_epochs // 2, "seed": seed})
    return trial.model_copy(update={"training": training, "seed": seed})


def _rmse_mV(predictor: Predictor, prepared: PreparedSet) -> float:
    return float(metrics_by_role(evaluate(predictor, prepared.files_of_role("test"), "voltage_V"))["test"]["rmse_mV"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_lstm_beats_the_circuit_even_when_trained_half_as_long(
    demo: tuple[JobSpec, PreparedSet], tmp_path: Path, seed: int
) -> None:
    job, prepared = demo
    lstm = next(trial for trial in job.trials() if trial.model.kind == "lstm")
    circuit = fit_circuit(prepared.files_of_role("train"), prepared.period_s)
    circuit_mV = _rmse_mV(lambda file: circuit.predict(file, prepared.period_s), prepared)
    outcome = train(
        _with_half_the_epochs(lstm, seed),
        prepared,
        tmp_path,
        device="cpu",
        threads=1,
        reporter=Recorder(),
        intent=lambda: Intent.RUN,
    )
    lstm_mV = _rmse_mV(lambda file: predict(outcome.module, file, prepared.pipeline), prepared)
    assert 5.0 < circuit_mV < 60.0  # a baseline worth beating
    assert lstm_mV < 0.8 * circuit_mV, f"seed {seed}: LSTM {lstm_mV:.1f} mV, circuit {circuit_mV:.1f} mV"
