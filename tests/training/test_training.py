"""The training loop: the trained model is the tested one, every setting has an effect, nothing is left to chance."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.synthetic import TINY, Intents, Recorder, drive, prepare, small_set, trial
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.evaluation.evaluation_report import evaluate, metrics_by_role
from vestim_core.evaluation.inference import predict
from vestim_core.models.model_files import load_model, save_model
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import Trial
from vestim_core.spec.model import FnnModel, GruModel, LstmModel
from vestim_core.spec.preparation import Normalize, Resample
from vestim_core.spec.states import Intent
from vestim_core.spec.training import RowsTraining, TbpttTraining, WindowsTraining
from vestim_core.training.history_csv import write_history
from vestim_core.training.loop import train
from vestim_core.training.outcome import Outcome, TrainingDiverged
from vestim_core.training.training_methods import build_batches

KINDS = ["lstm", "gru", "windows", "fnn"]


@pytest.fixture(scope="module")
def prepared() -> PreparedSet:
    return small_set()


def run(
    settings: Trial, prepared: PreparedSet, folder: Path, report: Recorder | None = None, intent: Any = None
) -> Outcome:
    return train(
        settings,
        prepared,
        folder,
        device="cpu",
        threads=1,
        reporter=report or Recorder(),
        intent=intent or Intents(),
    )


def bits(outcome: Outcome) -> list[list[float]]:
    assert outcome.module is not None
    return [weights.flatten().tolist() for weights in outcome.module.state_dict().values()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_validation_in_training_equals_testing(tmp_path: Path, prepared: PreparedSet, kind: str) -> None:
    settings, report = trial(kind, training={"max_epochs": 6}), Recorder()
    outcome = run(settings, prepared, tmp_path / "checkpoints", report)
    save_model(tmp_path, outcome.module, settings, prepared.pipeline.to_json(), {"training": outcome.summary()})
    module, document = load_model(tmp_path)
    pipeline = type(prepared.pipeline).from_json(document["preparation"])
    results = evaluate(lambda file: predict(module, file, pipeline), prepared.files_of_role("validation"), "voltage_V")
    test_metrics = metrics_by_role(results)["validation"]
    assert {name: test_metrics[name] for name in outcome.best} == outcome.best
    epoch = next(data for event, data in report.events if event == "epoch" and data["epoch"] == outcome.best_epoch)
    assert epoch["validation_rmse_mV"] == test_metrics["rmse_mV"] == document["training"]["validation"]["rmse_mV"]
    assert epoch["validation_rmse_mV"] == min(line["validation_rmse_mV"] for line in outcome.history)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(tmp_path: Path, prepared: PreparedSet, kind: str) -> None:
    outcome = run(trial(kind, training={"max_epochs": 60, "learning_rate": 0.02}), prepared, tmp_path)
    assert outcome.history[-1]["train_rmse_mV"] < 0.3 * outcome.history[0]["train_rmse_mV"]
    assert outcome.best["r2"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_bits_and_repetitions_differ(tmp_path: Path, prepared: PreparedSet, kind: str) -> None:
    settings = trial(kind, model={"dropout": 0.2})
    torch.manual_seed(123)  # what happened before in the process must not matter
    first = run(settings, prepared, tmp_path / "1")
    second = run(settings, prepared, tmp_path / "2")
    repetition = run(settings.model_copy(update={"seed": settings.seed + 1}), prepared, tmp_path / "3")
    assert bits(first) == bits(second)
    assert bits(first) != bits(repetition)


_NETWORK = {
    "dropout": [0.3],
    "layer_norm": [True],
    "output_min": [3.97],
    "output_max": [3.95],
    "output_filter": [
        {"kind": "ema", "tau_s": 3.0},
        {"kind": "ema", "tau_s": 9.0},
        {"kind": "moving_average", "window_s": 4.0},
        {"kind": "moving_average", "window_s": 9.0},
        {"kind": "savitzky_golay", "window_s": 7.0},
        {"kind": "savitzky_golay", "window_s": 9.0},
        {"kind": "savitzky_golay", "window_s": 9.0, "polynomial": 1},
    ],
}
_RECURRENT = {**_NETWORK, "sizes": [[6], [4, 4], [4, 5]]}
_FNN = {**_NETWORK, "sizes": [[7], [6, 6]], "activation": ["tanh", "gelu"]}
_COMMON: dict[str, list[Any]] = {
    "max_epochs": [5],
    "patience": [1],
    "optimizer": ["adamw", "sgd", "rmsprop", {"kind": "sgd", "momentum": 0.2}],
    "learning_rate": [0.01],
    "weight_decay": [0.1],
    "schedule": [
        "constant",
        {"kind": "cosine", "final_learning_rate": 1e-3},
        {"kind": "step", "every_epochs": 1},
        {"kind": "step", "every_epochs": 2},
        {"kind": "step", "every_epochs": 2, "factor": 0.5},
        {"kind": "plateau", "patience_epochs": 1},
        {"kind": "plateau", "patience_epochs": 1, "factor": 0.2},
        {"kind": "plateau", "patience_epochs": 2},
        "one-cycle",
        {"kind": "one-cycle", "rising_share": 0.5},
        {"kind": "one-cycle", "start_divisor": 5.0},
        {"kind": "one-cycle", "end_divisor": 2.0},
        {"kind": "cosine-restarts", "first_epochs": 2},
        {"kind": "cosine-restarts", "first_epochs": 3},
        {"kind": "cosine-restarts", "first_epochs": 2, "length_factor": 1},
        {"kind": "cosine-restarts", "first_epochs": 2, "final_learning_rate": 0.1},
    ],
    "warm_up_steps": [5, 20],
    "exploit": [
        {"epochs": 2},
        {"epochs": 3},
        {"epochs": 2, "rounds": 2},
        {"epochs": 2, "learning_rate": 1e-2},
        {"epochs": 2, "final_learning_rate": 1e-6},
    ],
    "time_budget_s": [0.001],
    "gradient_clip": [0.01],
    "ema_decay": [0.5, 0.8],
    "loss": ["huber", {"kind": "huber", "threshold": 0.02}],
    "seed": [2],
}
_STREAMS = {
    "batch_size": [5],
    "sequence_length": [10],
    "sequences_per_draw": [5],
    "draws_per_epoch": [2],
    "burn_in_steps": [10],
}
_WINDOWS = {"lookback": [20], "batch_size": [30], "stride_steps": [3]}
_ROWS = {"batch_size": [100]}
_CHANGES = {
    "lstm": {"model": _RECURRENT, "training": {**_COMMON, **_STREAMS}},
    "gru": {"model": _RECURRENT, "training": {**_COMMON, **_STREAMS}},
    "windows": {"model": _RECURRENT, "training": {**_COMMON, **_WINDOWS}},
    "fnn": {"model": _FNN, "training": {**_COMMON, **_ROWS}},
}
# `repetitions` makes trials; `device` and `threads` must not change the numbers; half precision is for GPUs.
_FIELDS_WITHOUT_EFFECT = {"kind", "method", "repetitions", "device", "threads", "mixed_precision"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_reaches_training(tmp_path: Path, prepared: PreparedSet, kind: str) -> None:
    sections = {
        "lstm": (LstmModel, TbpttTraining),
        "gru": (GruModel, TbpttTraining),
        "windows": (LstmModel, WindowsTraining),
        "fnn": (FnnModel, RowsTraining),
    }[kind]
    for section, changes in zip(sections, _CHANGES[kind].values(), strict=True):
        assert set(section.model_fields) - _FIELDS_WITHOUT_EFFECT == set(changes), (
            "a field of the spec that no case here changes"
        )
    # A learning rate that makes the error jump, so that patience and plateaus take effect.
    base_training = {**TINY[kind]["training"], "max_epochs": 12, "learning_rate": 0.3, "weight_decay": 0.01}
    cases: list[dict[str, Any]] = [{}]
    cases += [
        {section: {name: value}}
        for section, changes in _CHANGES[kind].items()
        for name, values in changes.items()
        for value in values
    ]
    outcomes: dict[str, str] = {}
    for case_index, case in enumerate(cases):
        settings = trial(kind, training={**base_training, **case.get("training", {})}, model=case.get("model", {}))
        outcome = run(settings, prepared, tmp_path / str(case_index))
        curve = [line["validation_rmse_mV"] for line in outcome.history]
        earlier_case = outcomes.setdefault(json.dumps(curve), json.dumps(case))
        assert earlier_case == json.dumps(case), f"{case} trains exactly as {earlier_case}"


def test_steps_of_the_preparation_reach_training(tmp_path: Path) -> None:
    tables = {name: drive(name, 300, seed) for seed, name in enumerate(("a", "b"), 1)}
    curves = set()
    for steps in (
        [Resample(), Normalize()],
        [Resample(), Normalize(method="min-max")],
        [Resample(), Normalize(method="none")],
        [Resample(period_s=2), Normalize()],
        [Resample(method="rows"), Normalize()],
    ):
        data = prepare(tables, {"a": "train", "b": "validation"}, steps=steps)
        settings = trial("fnn").model_copy(update={"preparation": steps})
        outcome = run(settings, data, tmp_path / str(len(curves)))
        curves.add(tuple(line["validation_rmse_mV"] for line in outcome.history))
    assert len(curves) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_reports_are_complete(tmp_path: Path, prepared: PreparedSet, kind: str) -> None:
    report = Recorder()
    outcome = run(trial(kind), prepared, tmp_path / "checkpoints", report)
    epochs = [data for event, data in report.events if event == "epoch"]
    assert [data["epoch"] for data in epochs] == [1, 2, 3, 4]
    assert list(outcome.history) == epochs
    expected_fields = "epoch train_rmse_mV validation_rmse_mV validation_mae_mV validation_max_mV validation_r2 "
    expected_fields += (
        "best_validation_rmse_mV best_epoch learning_rate time_s elapsed_s patience_left max_epochs memory_MB"
    )
    for data in epochs:
        assert list(data) == expected_fields.split()
        assert json.loads(json.dumps(data, allow_nan=False)) == data
        assert all(type(value) in (int, float) for value in data.values())
    checkpoints = [data for event, data in report.events if event == "checkpoint"]
    assert checkpoints
    assert (tmp_path / "checkpoints" / checkpoints[-1]["file"]).exists()
    assert checkpoints[-1]["epoch"] == 4
    progress_fields = (
        "epoch max_epochs fraction loss train_rmse_mV learning_rate time_per_epoch_s time_left_s memory_MB"
    )
    assert list(report.reports[0]) == progress_fields.split()
    assert all(type(value) in (int, float) and value >= 0 for value in report.reports[0].values())
    # The first report comes after the first batch: its error is that batch's, in mV.
    zero, unit = prepared.pipeline.inverse_target(np.array([0.0, 1.0]))
    assert report.reports[0]["train_rmse_mV"] == pytest.approx(
        1e3 * (unit - zero) * math.sqrt(report.reports[0]["loss"])
    )
    assert 0 < report.reports[0]["fraction"] <= 1
    write_history(tmp_path / "history.csv", outcome.history)
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == ",".join(expected_fields.split())
    assert len(lines) == 5


def test_patience_ends_a_training_that_no_longer_improves(tmp_path: Path, prepared: PreparedSet) -> None:
    settings = trial("fnn", training={"max_epochs": 500, "patience": 3, "learning_rate": 0.5, "schedule": "constant"})
    outcome = run(settings, prepared, tmp_path)
    assert outcome.end == "finished"
    assert outcome.epochs == outcome.best_epoch + 3 < 500
    assert outcome.history[-1]["patience_left"] == 0


def test_stop_keeps_the_best_and_ends_within_a_batch(tmp_path: Path, prepared: PreparedSet) -> None:
    settings = trial("lstm", training={"max_epochs": 100})
    outcome = run(settings, prepared, tmp_path, intent=Intents(12 * 3 + 5, Intent.STOP))
    assert (outcome.end, outcome.epochs) == ("stopped", 3)
    results = evaluate(
        lambda file: predict(outcome.module, file, prepared.pipeline), prepared.files_of_role("validation"), "voltage_V"
    )
    assert results[0].to_json()["rmse_mV"] == outcome.best["rmse_mV"]
    early_outcome = run(settings, prepared, tmp_path / "early", intent=Intents(2, Intent.STOP))
    assert (early_outcome.end, early_outcome.module, early_outcome.best, early_outcome.epochs) == (
        "stopped",
        None,
        {},
        0,
    )


def test_a_loss_that_is_not_finite_ends_the_training_with_one_sentence(tmp_path: Path, prepared: PreparedSet) -> None:
    diverging = {
        "max_epochs": 200,
        "learning_rate": 10,
        "schedule": "constant",
        "gradient_clip": 1e30,
        "optimizer": "sgd",
    }
    settings = trial("fnn", training={**diverging, "batch_size": 10_000}, model={"activation": "tanh"})
    with pytest.raises(TrainingDiverged) as error_info:
        run(settings, prepared, tmp_path)
    error, outcome = error_info.value, error_info.value.outcome
    assert outcome.best_epoch >= 1
    unit = f"{outcome.best['rmse_mV']:.3g} mV"
    epoch = outcome.epochs + 1
    assert error.message.startswith(f"Training stopped at epoch {epoch}: the loss became ")
    assert error.message.endswith(
        f"The learning rate 10 is probably too high. The best model (epoch {outcome.best_epoch}, {unit}) is kept."
    )
    assert error.actions == ("Retry with 1",)
    assert outcome.module is not None
    assert all(torch.isfinite(weights).all() for weights in outcome.module.parameters())
    assert math.isfinite(outcome.best["rmse_mV"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_that_is_not_finite_ends_the_training_and_moves_no_weight(
    tmp_path: Path, prepared: PreparedSet, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss is finite, its gradient is not, from the second epoch on."""
    settings = trial(kind, training={"ema_decay": 0.5})
    updates = build_batches(settings, prepared.files_of_role("train"), "cpu").per_epoch
    backward, calls = torch.Tensor.backward, 0

    def backward_with_nan(self: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        nonlocal calls
        calls += 1
        backward(self * (math.nan if calls > updates else 1.0), *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "backward", backward_with_nan)
    with pytest.raises(TrainingDiverged, match="the loss became NaN") as error_info:
        run(settings, prepared, tmp_path)
    assert calls == updates + 1 and error_info.value.outcome.best_epoch == 1
    assert all(torch.isfinite(weights).all() for weights in error_info.value.outcome.module.parameters())


def test_files_without_rows_are_refused(tmp_path: Path) -> None:
    data = prepare({"a": drive("a", 100, 1)}, {"a": "train"})
    with pytest.raises(VestimError, match="validation files have no rows"):
        run(trial("fnn"), data, tmp_path)


@pytest.mark.parametrize("target", ["soc", "temperature_degC"])
def test_other_targets_are_reported_in_their_units(tmp_path: Path, target: str) -> None:
    signals = {"features": ["voltage_V", "current_A"], "target": target}
    settings = trial("lstm", signals=signals)
    tables = {name: drive(name, 200, seed) for seed, name in enumerate(("a", "b"), 1)}
    data = prepare(tables, {"a": "train", "b": "validation"}, signals=settings.signals)
    suffix = {"soc": "_percent", "temperature_degC": "_K"}[target]
    outcome = run(settings, data, tmp_path)
    assert {f"train_rmse{suffix}", f"validation_rmse{suffix}", f"best_validation_rmse{suffix}"} <= set(
        outcome.history[0]
    )
