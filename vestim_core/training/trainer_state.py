"""Position and results of a training as plain values, stored in every checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class TrainerState:
    """Everything about a running training that no torch object holds.

    A checkpoint stores the fields under these names (key "progress"); renaming one makes old checkpoints unreadable.
    """

    epoch: int = 1
    index: int = 0  # next batch of the epoch
    round: int = 0  # 0 is the search, 1 and up are rounds of exploitation
    round_began: int = 0  # first epoch of this round
    squares: float = 0.0  # sum of scaled squared errors over the epoch's batches
    rows: int = 0  # rows in `squares`
    epoch_s: float = 0.0
    updating_s: float = 0.0  # over all epochs, without validation
    elapsed_s: float = 0.0
    best_epoch: int = 0
    best: dict[str, float | None] = field(default_factory=dict)  # validation metrics of the best epoch
    history: list[dict[str, Any]] = field(default_factory=list)
