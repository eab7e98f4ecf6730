"""Epochs of a legacy training: from its progress file in either form, else from the losses in its summary or the
registry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from vestim_core.jobs.legacy.legacy_folder import table_rows

MAX_EPOCHS = 100_000  # arbitrary: bounds time and memory for a damaged file
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
    """One epoch; losses are mean squared errors on the scale of training. None: not recorded."""

    index: int
    train: float | None
    validation: float | None
    learning_rate: float | None = None
    elapsed_s: float | None = None
    time_s: float | None = None


def epochs_from_progress_file(text: str) -> list[Epoch]:
    """Epochs of a `training_progress.csv`, each once; an incomplete last line is ignored."""
    rows = (row for row in table_rows(text) if not (row and row[0].startswith("#")))
    header = next(rows, [])
    epochs: dict[int, Epoch] = {}
    for row in islice(rows, MAX_EPOCHS):
        values_by_column = dict(zip(header, row, strict=False))
        values = {name: _read_number(values_by_column, columns) for name, columns in _COLUMNS.items()}
        index = whole_number(values.pop("epoch"))
        if index is not None and index >= 1:
            epochs[index] = Epoch(index, **values)
    return [epochs[index] for index in sorted(epochs)]


def epochs_from_summary(history: Any) -> list[Epoch]:
    """Epochs of a summary's `training_history`."""
    epochs = []
    for row in history[:MAX_EPOCHS] if isinstance(history, list) else []:
        index = whole_number(row.get("epoch")) if isinstance(row, dict) else None
        if index is not None and index >= 1:
            losses = finite_float(row.get("train_loss_normalized")), finite_float(row.get("validation_loss_normalized"))
            epochs.append(Epoch(index, *losses))
    return epochs


def epochs_from_losses(history: Any) -> list[Epoch]:
    """Epochs of a registry's `train_losses` and `val_losses`."""
    if not isinstance(history, dict):
        return []
    train, validation = (list(history.get(name) or [])[:MAX_EPOCHS] for name in ("train_losses", "val_losses"))
    return [
        Epoch(index + 1, finite_float(loss), finite_float(validation[index]) if index < len(validation) else None)
        for index, loss in enumerate(train)
    ]


def epoch_lines(epochs: Iterable[Epoch], suffix: str, factor: float, max_epochs: int) -> list[dict[str, Any]]:
    """Epochs as a worker reports them: root mean square errors in the metric's unit.

    factor: from the scale of training to that unit. suffix: of the metrics' names.
    """
    lines: list[dict[str, Any]] = []
    best: float | None = None
    best_epoch = 0
    for epoch in epochs:
        train, validation = _error(epoch.train, factor), _error(epoch.validation, factor)
        if validation is not None and (best is None or validation < best):
            best, best_epoch = validation, epoch.index
        values = {
            "epoch": epoch.index,
            f"train_rmse{suffix}": train,
            f"validation_rmse{suffix}": validation,
            f"best_validation_rmse{suffix}": best,
            "best_epoch": best_epoch,
            "learning_rate": epoch.learning_rate,
            "time_s": epoch.time_s,
            "elapsed_s": epoch.elapsed_s,
        }
        lines.append({name: value for name, value in values.items() if value is not None} | {"max_epochs": max_epochs})
    return lines


def _error(loss: float | None, factor: float) -> float | None:
    error = math.sqrt(loss) * factor if loss is not None and loss >= 0 else None
    return error if error is None or math.isfinite(error) else None


def _read_number(row: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        if isinstance(row.get(name), str):
            return finite_float(row[name])
    return None


def finite_float(value: Any) -> float | None:
    """The value as a float; None if it is no number or not finite."""
    try:
        parsed = float(value) if not isinstance(value, bool) and isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) else None


def whole_number(value: Any) -> int | None:
    """The value as an integer; None if it is no whole number or too large for a float to hold exactly."""
    parsed = finite_float(value)
    return int(parsed) if parsed is not None and parsed == int(parsed) and abs(parsed) < 1 << 53 else None
