"""The predecessor's course of a training: its progress file in either form, else the losses in its summary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from vestim_core.jobs.legacy.files import table_rows

MAX_EPOCHS = 100_000
_COLUMNS = {
    "epoch": ("epoch", "Epoch"),
    "train": ("train_loss_norm", "Train Loss"),
    "validation": ("val_loss_norm", "Val Loss"),
    "learning_rate": ("learning_rate", "Learning Rate"),
    "elapsed_s": ("elapsed_time_sec", "Elapsed Time"),
    "time_s": ("time_per_epoch_sec", "Train Time Per Epoch"),
}


@dataclass(frozen=True)
class Epoch:
    """One epoch; losses are mean squared errors in the scale that was trained in. None: not told."""

    number: int
    train: float | None
    validation: float | None
    learning_rate: float | None = None
    elapsed_s: float | None = None
    time_s: float | None = None


def read_progress(text: str) -> list[Epoch]:
    """The epochs of a `training_progress.csv`, each once; a last line that breaks off is left out."""
    rows = (row for row in table_rows(text) if not (row and row[0].startswith("#")))
    header = next(rows, [])
    epochs: dict[int, Epoch] = {}
    for row in islice(rows, MAX_EPOCHS):
        told = dict(zip(header, row, strict=False))
        values = {name: _number(told, known) for name, known in _COLUMNS.items()}
        number = whole(values.pop("epoch"))
        if number is not None and number >= 1:
            epochs[number] = Epoch(number, **values)
    return [epochs[number] for number in sorted(epochs)]


def from_summary(history: Any) -> list[Epoch]:
    """The epochs in a summary's `training_history`."""
    found = []
    for row in history[:MAX_EPOCHS] if isinstance(history, list) else []:
        number = whole(row.get("epoch")) if isinstance(row, dict) else None
        if number is not None and number >= 1:
            losses = finite(row.get("train_loss_normalized")), finite(row.get("validation_loss_normalized"))
            found.append(Epoch(number, *losses))
    return found


def from_losses(history: Any) -> list[Epoch]:
    """The epochs in a registry's `train_losses` and `val_losses`."""
    if not isinstance(history, dict):
        return []
    train, validation = (list(history.get(name) or [])[:MAX_EPOCHS] for name in ("train_losses", "val_losses"))
    return [
        Epoch(number + 1, finite(loss), finite(validation[number]) if number < len(validation) else None)
        for number, loss in enumerate(train)
    ]


def epoch_lines(epochs: Iterable[Epoch], suffix: str, factor: float, max_epochs: int) -> list[dict[str, Any]]:
    """The epochs as a worker tells them: root mean squared errors, in the metric's unit.

    factor: from the scale that was trained in to that unit. suffix: of the metrics' names.
    """
    lines: list[dict[str, Any]] = []
    best: float | None = None
    best_epoch = 0
    for epoch in epochs:
        train, validation = _error(epoch.train, factor), _error(epoch.validation, factor)
        if validation is not None and (best is None or validation < best):
            best, best_epoch = validation, epoch.number
        told = {
            "epoch": epoch.number,
            f"train_rmse{suffix}": train,
            f"validation_rmse{suffix}": validation,
            f"best_validation_rmse{suffix}": best,
            "best_epoch": best_epoch,
            "learning_rate": epoch.learning_rate,
            "time_s": epoch.time_s,
            "elapsed_s": epoch.elapsed_s,
        }
        lines.append({name: value for name, value in told.items() if value is not None} | {"max_epochs": max_epochs})
    return lines


def _error(loss: float | None, factor: float) -> float | None:
    error = math.sqrt(loss) * factor if loss is not None and loss >= 0 else None
    return error if error is None or math.isfinite(error) else None


def _number(row: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        if isinstance(row.get(name), str):
            return finite(row[name])
    return None


def finite(value: Any) -> float | None:
    """The number that a number or a text is; None for none, and for what is not finite."""
    try:
        number = float(value) if not isinstance(value, bool) and isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def whole(value: Any) -> int | None:
    """The whole number that a number or a text is; None for any other, and for one that a float does not hold."""
    number = finite(value)
    return int(number) if number is not None and number == int(number) and abs(number) < 1 << 53 else None
