"""What the training loop costs beside the mathematics: its CPU time over that of a bare PyTorch loop, one for each
method; and over that of rows from a DataLoader.

Both do the same batches, the same updates and the same validations, from the same weights, so that they must end with
the same bits; runs alternate, and the median of the ratios counts. The bare loop is given the row numbers of every
batch and picks those rows. Ours also draws them, reports every epoch as a JSON line to a file, writes checkpoints,
watches for NaN and asks for the user's intent.
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

from tests.benchmarks.figure import Figure
from tests.training.synthetic import FILES, drive, prepare, trial
from vestim_core.data.prepared import PreparedSet
from vestim_core.models.registry import build_model
from vestim_core.spec.job import Trial
from vestim_core.spec.states import Intent
from vestim_core.training.batches import Batch
from vestim_core.training.loop import train
from vestim_core.training.methods import build_batches
from vestim_core.training.reproducible import reproducible

LIMIT = 1.03
ROUNDS = 7
LOADER_LIMIT = 6.0
TRIALS = {
    "LSTM 32, streams": trial(
        "lstm",
        model={"sizes": [32]},
        training={
            "max_epochs": 2,
            "streams": 64,
            "chunk_steps": 50,
            "chunks_per_stream": 24,
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
            "lookback_steps": 100,
            "batch_windows": 200,
            "stride_steps": 10,
            "schedule": "constant",
        },
    ),
    "FNN 64-32, rows": trial(
        "fnn",
        model={"sizes": [64, 32]},
        training={"max_epochs": 10, "batch_rows": 1024, "schedule": "constant"},
    ),
}
FROM_LOADER = trial(
    "fnn", model={"sizes": [90, 45]}, training={"max_epochs": 1, "batch_rows": 4096, "schedule": "constant"}
)


class _ToFile:
    """A reporter as cheap as a worker's journal."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")

    def event(self, kind: str, data: dict[str, Any]) -> None:
        self._file.write(json.dumps({"kind": str(kind), "data": data}) + "\n")
        self._file.flush()

    def progress(self, data: dict[str, Any]) -> None:
        json.dumps(data)


def run() -> list[Figure]:
    """One figure a method, and one against a DataLoader."""
    prepared = prepare({name: drive(name, 30_000, seed) for seed, name in enumerate(FILES, 1)}, FILES)
    figures = [_figure(name, settings, prepared) for name, settings in TRIALS.items()]
    return [*figures, _against_a_loader(prepared)]


def _figure(name: str, settings: Trial, prepared: PreparedSet) -> Figure:
    epochs = every_batch(settings, prepared)
    ratios = []
    ours(settings, prepared)  # loads what a first training loads
    for _ in range(ROUNDS):
        bare_s, bare_weights = bare(settings, prepared, epochs)
        ours_s, our_weights = ours(settings, prepared)
        assert bare_weights == our_weights, "the two loops did not do the same work"
        ratios.append(ours_s / bare_s)
    measured = median(ratios)
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    return Figure(
        f"training CPU time over a bare loop, {name}",
        f"<= {LIMIT:.2f}",
        f"{measured:.3f} ({spread}, {ROUNDS} rounds)",
        measured <= LIMIT,
    )


def every_batch(settings: Trial, prepared: PreparedSet) -> list[list[Batch]]:
    """Every batch of the training, drawn beforehand; its y are row numbers in all training files together."""
    files, before = [], 0
    for file in prepared.of("train"):
        numbers = np.arange(before, before + len(file.target), dtype=np.float32)  # exact below 2^24
        files.append(replace(file, target=numbers))
        before += len(numbers)
    batches = build_batches(settings, files, "cpu")
    return [[batches.batch(index) for index in range(batches.per_epoch)] for _ in range(settings.training.max_epochs)]


def ours(settings: Trial, prepared: PreparedSet) -> tuple[float, list[list[float]]]:
    with tempfile.TemporaryDirectory() as folder:
        report = _ToFile(Path(folder) / "events.jsonl")
        start = time.process_time()
        outcome = train(
            settings, prepared, Path(folder), device="cpu", threads=1, report=report, intent=lambda: Intent.RUN
        )
        spent = time.process_time() - start
    assert outcome.module is not None
    return spent, [weights.flatten().tolist() for weights in outcome.module.parameters()]


def bare(settings: Trial, prepared: PreparedSet, epochs: list[list[Batch]]) -> tuple[float, list[list[float]]]:
    """What one would write by hand for these batches: no reports, no checkpoints, no checks."""
    features = torch.from_numpy(np.concatenate([file.features for file in prepared.of("train")]))
    target = torch.from_numpy(np.concatenate([file.target for file in prepared.of("train")]))
    numbered = [[(batch.y.long(), batch) for batch in batches] for batches in epochs]
    with reproducible("cpu", 1, settings.seed):
        start = time.process_time()
        module = build_model(settings.model, len(settings.signals.features))
        parameters = list(module.parameters())
        optimiser = torch.optim.Adam(parameters, lr=settings.training.learning_rate, fused=True)
        best, best_weights = float("inf"), module.state_dict()
        state: tuple[torch.Tensor, ...] | None = None
        lookback = getattr(settings.training, "lookback_steps", 1)
        windows = features.unfold(0, lookback, 1)
        for batches in numbered:
            module.train()
            for rows, batch in batches:
                y = target[rows]
                x = windows[rows[:, 0] - (lookback - 1)].transpose(1, 2) if batch.last_only else features[rows]
                state = None if state is None or batch.kept is None else tuple(part * batch.kept for part in state)
                if not batch.count:
                    with torch.no_grad():
                        _, state = module(x, state)
                    continue
                predicted, after = module(x, state)
                state = tuple(tensor.detach() for tensor in after)
                if batch.last_only:
                    predicted = predicted[:, -1:]
                if batch.scored is None:
                    loss = nn.functional.mse_loss(predicted, y)
                else:
                    loss = ((predicted - y).square() * batch.scored).sum() / batch.count
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, settings.training.gradient_clip)
                optimiser.step()
            error = _validate(module, prepared)
            if error < best:
                best, best_weights = error, {name: tensor.clone() for name, tensor in module.state_dict().items()}
        spent = time.process_time() - start
    module.load_state_dict(best_weights)
    return spent, [weights.flatten().tolist() for weights in module.parameters()]


def _against_a_loader(prepared: PreparedSet) -> Figure:
    ratios = []
    for _ in range(ROUNDS):
        ours_s, _ = ours(FROM_LOADER, prepared)
        ratios.append(_with_a_loader(FROM_LOADER, prepared) / ours_s)
    measured = median(ratios)
    return Figure(
        "rows a second, FNN 90-45, batch 4096, over a DataLoader's",
        f">= {LOADER_LIMIT:g}",
        f"{measured:.1f} ({min(ratios):.1f} to {max(ratios):.1f}, {ROUNDS} rounds)",
        measured >= LOADER_LIMIT,
    )


def _with_a_loader(settings: Trial, prepared: PreparedSet) -> float:
    """CPU time of the same epochs as `_ours`, with rows from torch's own DataLoader."""
    features = torch.from_numpy(np.concatenate([file.features for file in prepared.of("train")]))
    target = torch.from_numpy(np.concatenate([file.target for file in prepared.of("train")]))
    with reproducible("cpu", 1, settings.seed):
        start = time.process_time()
        module = build_model(settings.model, len(settings.signals.features))
        optimiser = torch.optim.Adam(module.parameters(), lr=settings.training.learning_rate)
        rows = torch.utils.data.TensorDataset(features, target)
        loader = torch.utils.data.DataLoader(rows, batch_size=4096, shuffle=True)
        for _ in range(settings.training.max_epochs):
            for x, y in loader:
                predicted, _ = module(x[None])
                loss = nn.functional.mse_loss(predicted[0], y)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            _validate(module, prepared)
        return time.process_time() - start


def _validate(module: nn.Module, prepared: PreparedSet) -> float:
    module.eval()
    squares, rows = 0.0, 0
    with torch.inference_mode():
        for file in prepared.of("validation"):
            for segment in file.segments:
                scaled, _ = module(torch.tensor(file.features[segment.start : segment.stop])[None])
                voltage_V = prepared.pipeline.inverse_target(scaled[0].numpy())
                skip = segment.scored_from - segment.start
                error = voltage_V[skip:] - file.column("voltage_V")[segment.scored]
                squares, rows = squares + float(np.sum(error * error)), rows + len(error)
    return squares / rows


if __name__ == "__main__":
    for figure in run():
        print(figure)
