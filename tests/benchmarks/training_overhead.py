"""Overhead of the training loop: CPU time relative to a bare PyTorch loop for each method, and relative to a
DataLoader.

Both loops run the same batches, updates and validations from the same weights and must end with identical bits. Runs
alternate and the median ratio counts. The bare loop gets the row numbers of every batch and selects those rows.
Vestim's loop also draws them, reports every epoch as a JSON line to a file, writes checkpoints, checks for NaN and
polls the user's intent.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.benchmarks.measurement import Measurement
from tests.training.synthetic import FILES, drive, prepare, trial
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.models.network_registry import build_model
from vestim_core.spec.job import Trial
from vestim_core.spec.states import Intent
from vestim_core.training.batches import Batch
from vestim_core.training.loop import train
from vestim_core.training.reproducible import reproducible
from vestim_core.training.training_methods import build_batches

LIMIT = 1.03  # product promise: at most 3 % above the bare loop
ROUNDS = 7  # repetitions per median; arbitrary odd number
LOADER_LIMIT = 6.0  # product promise: rows per second relative to a DataLoader
TRIALS = {
    "LSTM 32, streams": trial(
        "lstm",
        model={"sizes": [32]},
        training={
            "max_epochs": 2,
            "batch_size": 64,
            "sequence_length": 50,
            "sequences_per_draw": 24,
            "draws_per_epoch": 6,
            "burn_in_steps": 100,
            "schedule": "constant",
        },
    ),
    "LSTM 18-18, windows": trial(
        "windows",
        model={"sizes": [18, 18]},
        training={
            "max_epochs": 2,
            "lookback": 100,
            "batch_size": 200,
            "stride_steps": 10,
            "schedule": "constant",
        },
    ),
    "FNN 64-32, rows": trial(
        "fnn",
        model={"sizes": [64, 32]},
        training={"max_epochs": 10, "batch_size": 1024, "schedule": "constant"},
    ),
}
LOADER_TRIAL = trial(
    "fnn", model={"sizes": [90, 45]}, training={"max_epochs": 1, "batch_size": 4096, "schedule": "constant"}
)


class FileReporter:
    """A reporter that costs as little as a worker's journal."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")

    def event(self, kind: str, data: dict[str, Any]) -> None:
        self._file.write(json.dumps({"kind": str(kind), "data": data}) + "\n")
        self._file.flush()

    def progress(self, data: dict[str, Any]) -> None:
        json.dumps(data)


def run() -> list[Measurement]:
    """One measurement per method, and one against a DataLoader."""
    prepared = prepare({name: drive(name, 30_000, seed) for seed, name in enumerate(FILES, 1)}, FILES)
    measurements = [_measure_method(name, settings, prepared) for name, settings in TRIALS.items()]
    return [*measurements, _measure_against_loader(prepared)]


def _measure_method(name: str, settings: Trial, prepared: PreparedSet) -> Measurement:
    epochs = draw_batches(settings, prepared)
    ratios = []
    run_vestim_loop(settings, prepared)  # warms up lazy imports and allocations
    for _ in range(ROUNDS):
        bare_s, bare_weights = run_bare_loop(settings, prepared, epochs)
        vestim_s, vestim_weights = run_vestim_loop(settings, prepared)
        assert bare_weights == vestim_weights, "the two loops did not do the same work"
        ratios.append(vestim_s / bare_s)
    ratio = median(ratios)
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    return Measurement(
        f"training CPU time over a bare loop, {name}",
        f"<= {LIMIT:.2f}",
        f"{ratio:.3f} ({spread}, {ROUNDS} rounds)",
        ratio <= LIMIT,
    )


def draw_batches(settings: Trial, prepared: PreparedSet) -> list[list[Batch]]:
    """All batches of the training, drawn beforehand; y holds row numbers over all training files."""
    files, first_row = [], 0
    for file in prepared.files_of_role("train"):
        row_numbers = np.arange(first_row, first_row + len(file.target), dtype=np.float32)  # exact below 2^24
        files.append(replace(file, target=row_numbers))
        first_row += len(row_numbers)
    batches = build_batches(settings, files, "cpu")
    return [[batches.batch(index) for index in range(batches.per_epoch)] for _ in range(settings.training.max_epochs)]


def run_vestim_loop(settings: Trial, prepared: PreparedSet) -> tuple[float, list[list[float]]]:
    """CPU time and final weights of a training with Vestim's loop."""
    with tempfile.TemporaryDirectory() as folder:
        report = FileReporter(Path(folder) / "events.jsonl")
        start = time.process_time()
        outcome = train(
            settings, prepared, Path(folder), device="cpu", threads=1, reporter=report, intent=lambda: Intent.RUN
        )
        cpu_s = time.process_time() - start
    assert outcome.module is not None
    return cpu_s, [weights.flatten().tolist() for weights in outcome.module.parameters()]


def run_bare_loop(settings: Trial, prepared: PreparedSet, epochs: list[list[Batch]]) -> tuple[float, list[list[float]]]:
    """A hand-written loop over these batches: no reports, no checkpoints, no checks."""
    features = torch.from_numpy(np.concatenate([file.features for file in prepared.files_of_role("train")]))
    target = torch.from_numpy(np.concatenate([file.target for file in prepared.files_of_role("train")]))
    rows_and_batches = [[(batch.y.long(), batch) for batch in batches] for batches in epochs]
    with reproducible("cpu", 1, settings.seed):
        start = time.process_time()
        module = build_model(settings.model, len(settings.signals.features))
        parameters = list(module.parameters())
        optimizer = torch.optim.Adam(parameters, lr=settings.training.learning_rate, fused=True)
        best_error, best_weights = float("inf"), module.state_dict()
        state: tuple[torch.Tensor, ...] | None = None
        lookback = getattr(settings.training, "lookback", 1)
        windows = features.unfold(0, lookback, 1)
        for batches in rows_and_batches:
            module.train()
            for rows, batch in batches:
                y = target[rows]
                x = windows[rows[:, 0] - (lookback - 1)].transpose(1, 2) if batch.last_only else features[rows]
                state = (
                    None
                    if state is None or batch.carry_mask is None
                    else tuple(part * batch.carry_mask for part in state)
                )
                if not batch.count:
                    with torch.no_grad():
                        _, state = module(x, state)
                    continue
                predicted, next_state = module(x, state)
                state = tuple(tensor.detach() for tensor in next_state)
                if batch.last_only:
                    predicted = predicted[:, -1:]
                if batch.loss_mask is None:
                    loss = nn.functional.mse_loss(predicted, y)
                else:
                    loss = ((predicted - y).square() * batch.loss_mask).sum() / batch.count
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, settings.training.gradient_clip)
                optimizer.step()
            error = _validation_error(module, prepared)
            if error < best_error:
                best_error, best_weights = error, {name: tensor.clone() for name, tensor in module.state_dict().items()}
        cpu_s = time.process_time() - start
    module.load_state_dict(best_weights)
    return cpu_s, [weights.flatten().tolist() for weights in module.parameters()]


def _measure_against_loader(prepared: PreparedSet) -> Measurement:
    ratios = []
    for _ in range(ROUNDS):
        vestim_s, _ = run_vestim_loop(LOADER_TRIAL, prepared)
        ratios.append(_run_loader_loop(LOADER_TRIAL, prepared) / vestim_s)
    ratio = median(ratios)
    return Measurement(
        "rows a second, FNN 90-45, batch 4096, over a DataLoader's",
        f">= {LOADER_LIMIT:g}",
        f"{ratio:.1f} ({min(ratios):.1f} to {max(ratios):.1f}, {ROUNDS} rounds)",
        ratio >= LOADER_LIMIT,
    )


def _run_loader_loop(settings: Trial, prepared: PreparedSet) -> float:
    """CPU time of the same epochs with rows from PyTorch's DataLoader."""
    features = torch.from_numpy(np.concatenate([file.features for file in prepared.files_of_role("train")]))
    target = torch.from_numpy(np.concatenate([file.target for file in prepared.files_of_role("train")]))
    with reproducible("cpu", 1, settings.seed):
        start = time.process_time()
        module = build_model(settings.model, len(settings.signals.features))
        optimizer = torch.optim.Adam(module.parameters(), lr=settings.training.learning_rate)
        rows = torch.utils.data.TensorDataset(features, target)
        loader = torch.utils.data.DataLoader(rows, batch_size=4096, shuffle=True)
        for _ in range(settings.training.max_epochs):
            for x, y in loader:
                predicted, _ = module(x[None])
                loss = nn.functional.mse_loss(predicted[0], y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            _validation_error(module, prepared)
        return time.process_time() - start


def _validation_error(module: nn.Module, prepared: PreparedSet) -> float:
    module.eval()
    squared_error, rows = 0.0, 0
    with torch.inference_mode():
        for file in prepared.files_of_role("validation"):
            for segment in file.segments:
                scaled, _ = module(torch.tensor(file.features[segment.start : segment.stop])[None])
                voltage_V = prepared.pipeline.inverse_target(scaled[0].numpy())
                skip = segment.scored_from - segment.start
                error = voltage_V[skip:] - file.column("voltage_V")[segment.scored_rows]
                squared_error, rows = squared_error + float(np.sum(error * error)), rows + len(error)
    return squared_error / rows


if __name__ == "__main__":
    for measurement in run():
        print(measurement)
