"""Losses follow their formula on the rows that count, while reports stay root mean squares in the target's unit."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.synthetic import Recorder, small_set, trial
from tests.training.test_training import run
from vestim_core.spec.training import Huber, MeanSquaredError, RowsTraining
from vestim_core.training.batches import Batch
from vestim_core.training.losses import Loss


@pytest.mark.parametrize("has_mask", [False, True])
def test_errors_count_squared_below_the_threshold_and_in_proportion_above(has_mask: bool) -> None:
    """A threshold of 5 mV is 0.02 where one step of the scaled target is 0.25 V."""
    errors = torch.tensor([[0.01, -0.02, 0.05, -1.0]])
    huber = torch.tensor([[0.01**2, 0.02**2, 2 * 0.02 * 0.05 - 0.02**2, 2 * 0.02 * 1.0 - 0.02**2]])
    scored = torch.tensor([[1.0, 1.0, 0.0, 1.0]]) if has_mask else None
    counts = torch.ones(1, 4) if scored is None else scored
    batch = Batch(torch.zeros(1, 4, 1), torch.ones(1, 4), int(counts.sum()), scored)
    for loss, row_losses in ((Huber(threshold=0.005), huber), (MeanSquaredError(), errors.square())):
        mean, square = Loss(RowsTraining(loss=loss), target_unit_per_step=0.25).means(1 + errors, batch)
        assert mean.item() == pytest.approx(float((row_losses * counts).sum() / counts.sum()), rel=1e-4)
        assert square.item() == pytest.approx(float((errors.square() * counts).sum() / counts.sum()), rel=1e-4)


@pytest.mark.parametrize("kind", ["lstm", "windows", "fnn"])
def test_a_threshold_beyond_all_errors_trains_as_the_mean_square_does(tmp_path: Path, kind: str) -> None:
    prepared = small_set()
    square = run(trial(kind), prepared, tmp_path / "square")
    huber = run(trial(kind, training={"loss": {"kind": "huber", "threshold": 1e3}}), prepared, tmp_path / "huber")
    for square_epoch, huber_epoch in zip(square.history, huber.history, strict=True):
        assert square_epoch["validation_rmse_mV"] == pytest.approx(huber_epoch["validation_rmse_mV"], rel=1e-3)


def test_reports_give_the_root_mean_square_whatever_the_loss(tmp_path: Path) -> None:
    prepared, reports = small_set(), {}
    for loss in ("mse", "huber"):
        recorder = Recorder()
        run(trial("fnn", training={"loss": loss, "max_epochs": 1}), prepared, tmp_path / loss, recorder)
        reports[loss] = recorder.reports[0]  # of the first batch, before any update
    assert reports["huber"]["train_rmse_mV"] == pytest.approx(reports["mse"]["train_rmse_mV"])
    assert reports["huber"]["loss"] < reports["mse"]["loss"]
    zero, unit = prepared.pipeline.inverse_target(np.array([0.0, 1.0]))
    scaled = math.sqrt(reports["mse"]["loss"])
    assert reports["mse"]["train_rmse_mV"] == pytest.approx(1e3 * float(unit - zero) * scaled)
