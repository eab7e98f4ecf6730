"""Average weights: what is validated and left, by its formula, without a trace in the training itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.synthetic import TINY, small_set, trial
from tests.training.test_training import bits, run
from vestim_core.evaluation.inference import predict
from vestim_core.evaluation.report import evaluate, overall
from vestim_core.models.registry import build_model
from vestim_core.spec.model import FnnModel
from vestim_core.training.averaging import WeightAverage


def test_the_average_looks_back_over_a_tenth_until_its_decay_is_reached() -> None:
    network = build_model(FnnModel(sizes=[3]), 2)
    average, weights = WeightAverage(network, 0.8), list(network.parameters())
    expected = [tensor.detach().clone() for tensor in weights]
    for update in range(1, 60):
        with torch.no_grad():
            for tensor in weights:
                tensor.add_(torch.randn_like(tensor))
        average.updated()
        keep = min(0.8, update / (update + 9))
        expected = [keep * mean + (1 - keep) * tensor.detach() for mean, tensor in zip(expected, weights, strict=True)]
        for mean, wanted in zip(average.module.parameters(), expected, strict=True):
            torch.testing.assert_close(mean.detach(), wanted)
    average.restart()
    assert all(torch.equal(mean, now) for mean, now in zip(average.module.parameters(), weights, strict=True))


@pytest.mark.parametrize("kind", list(TINY))
def test_averaging_changes_what_is_kept_and_nothing_of_the_training(tmp_path: Path, kind: str) -> None:
    prepared = small_set()
    plain = run(trial(kind, training={"learning_rate": 0.1}), prepared, tmp_path / "plain")
    averaged = run(trial(kind, training={"learning_rate": 0.1, "ema_decay": 0.9}), prepared, tmp_path / "averaged")
    for one, other in zip(plain.history, averaged.history, strict=True):
        assert one["train_rmse_mV"] == other["train_rmse_mV"]
        assert one["validation_rmse_mV"] != other["validation_rmse_mV"]
    assert bits(plain) != bits(averaged)
    module = averaged.module
    assert module is not None
    results = evaluate(lambda file: predict(module, file, prepared.pipeline), prepared.of("validation"), "voltage_V")
    assert overall(results)["validation"]["rmse_mV"] == averaged.best["rmse_mV"]


def test_exploiting_goes_on_from_the_average(tmp_path: Path) -> None:
    """With steps too small to move, a round validates what was best, which is the average."""
    still = {"epochs": 1, "learning_rate": 1e-30, "final_learning_rate": 1e-30}
    settings = trial("lstm", training={"learning_rate": 0.1, "ema_decay": 0.9, "exploit": still})
    outcome = run(settings, small_set(), tmp_path)
    assert outcome.history[-1]["validation_rmse_mV"] == outcome.best["rmse_mV"]
    assert outcome.best_epoch <= settings.training.max_epochs < outcome.epochs
