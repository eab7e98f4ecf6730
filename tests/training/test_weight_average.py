"""Average weights: validated and kept according to the formula, without any effect on the training itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.synthetic import TINY, small_set, trial
from tests.training.test_training import bits, run
from vestim_core.evaluation.evaluation_report import evaluate, metrics_by_role
from vestim_core.evaluation.inference import predict
from vestim_core.models.network_registry import build_model
from vestim_core.spec.model import FnnModel
from vestim_core.training.weight_average import WeightAverage


def test_the_average_covers_a_tenth_of_the_updates_until_its_decay_is_reached() -> None:
    network = build_model(FnnModel(sizes=[3]), 2)
    average, weights = WeightAverage(network, 0.8), list(network.parameters())
    expected = [tensor.detach().clone() for tensor in weights]
    for update in range(1, 60):
        with torch.no_grad():
            for tensor in weights:
                tensor.add_(torch.randn_like(tensor))
        average.update()
        kept_share = min(0.8, update / (update + 9))
        expected = [
            kept_share * mean + (1 - kept_share) * tensor.detach()
            for mean, tensor in zip(expected, weights, strict=True)
        ]
        for mean, expected_mean in zip(average.module.parameters(), expected, strict=True):
            torch.testing.assert_close(mean.detach(), expected_mean)
    average.restart()
    assert all(torch.equal(mean, current) for mean, current in zip(average.module.parameters(), weights, strict=True))


@pytest.mark.parametrize("kind", list(TINY))
def test_averaging_changes_the_result_but_not_the_training(tmp_path: Path, kind: str) -> None:
    prepared = small_set()
    plain_outcome = run(trial(kind, training={"learning_rate": 0.1}), prepared, tmp_path / "plain")
    averaged_outcome = run(
        trial(kind, training={"learning_rate": 0.1, "ema_decay": 0.9}), prepared, tmp_path / "averaged"
    )
    for plain_epoch, averaged_epoch in zip(plain_outcome.history, averaged_outcome.history, strict=True):
        assert plain_epoch["train_rmse_mV"] == averaged_epoch["train_rmse_mV"]
        assert plain_epoch["validation_rmse_mV"] != averaged_epoch["validation_rmse_mV"]
    assert bits(plain_outcome) != bits(averaged_outcome)
    module = averaged_outcome.module
    assert module is not None
    results = evaluate(
        lambda file: predict(module, file, prepared.pipeline), prepared.files_of_role("validation"), "voltage_V"
    )
    assert metrics_by_role(results)["validation"]["rmse_mV"] == averaged_outcome.best["rmse_mV"]


def test_exploiting_starts_from_the_average(tmp_path: Path) -> None:
    """With steps too small to move, a round validates the best weights, which are the average."""
    tiny_steps = {"epochs": 1, "learning_rate": 1e-30, "final_learning_rate": 1e-30}
    settings = trial("lstm", training={"learning_rate": 0.1, "ema_decay": 0.9, "exploit": tiny_steps})
    outcome = run(settings, small_set(), tmp_path)
    assert outcome.history[-1]["validation_rmse_mV"] == outcome.best["rmse_mV"]
    assert outcome.best_epoch <= settings.training.max_epochs < outcome.epochs
