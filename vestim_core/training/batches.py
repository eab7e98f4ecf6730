"""Batches: what every method of training hands to the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """What one step of the loop learns from, on the training's device.

    x: (B, T, F) scaled features. y: (B, T) scaled target. count: rows in the loss; with 0 only the state moves on.
    scored: (B, T) 1.0 where a row counts, else 0.0; None when all do.
    kept: (B, 1) 0.0 where a sequence starts at rest, 1.0 where it carries its state on; None when all start at rest.
    last_only: the last row of each sequence alone is predicted; then y is (B, 1).
    """

    x: Tensor
    y: Tensor
    count: int
    scored: Tensor | None = None
    kept: Tensor | None = None
    last_only: bool = False


class Batches(Protocol):
    """An endless, seeded order of batches that can be written down and taken up again at any batch."""

    per_epoch: int

    def batch(self, index: int) -> Batch:
        """Batch `index` (from 0) of the present epoch; to be asked for in order."""

    def state(self, index: int) -> dict[str, Any]:
        """Tensors and numbers from which the batches from `index` on follow."""

    def load(self, state: dict[str, Any], index: int) -> None:
        """Go on where `state` was taken, before batch `index`."""
