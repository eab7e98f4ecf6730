"""Batches: the interface between training methods and the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Input, target and masks of one update, on the training's device.

    x: (B, T, F) scaled features. y: (B, T) scaled target. count: rows in the loss; with 0 only the hidden state
    advances. loss_mask: (B, T) 1.0 where a row is in the loss, else 0.0; None when all rows are. carry_mask: (B, 1) 0.0
    where a sequence starts at rest, 1.0 where it carries its state on; None when all start at rest. last_only: only the
    last row of each sequence is predicted; y is then (B, 1).
    """

    x: Tensor
    y: Tensor
    count: int
    loss_mask: Tensor | None = None
    carry_mask: Tensor | None = None
    last_only: bool = False


class Batches(Protocol):
    """An unlimited, seeded sequence of batches whose position can be saved and restored at any batch."""

    per_epoch: int

    def batch(self, index: int) -> Batch:
        """Batch `index` (from 0) of the current epoch; to be called in order."""

    def state(self, index: int) -> dict[str, Any]:
        """Tensors and numbers that determine the batches from `index` on."""

    def load(self, state: dict[str, Any], index: int) -> None:
        """Restore the position before batch `index` from `state`."""
