"""Shuffled epochs: shared by methods that draw a new random order each epoch and can resume at any batch.

The stored state is the generator before the current epoch's shuffle; drawing from it again gives the same order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch


class ShuffledBatches(ABC):
    """Owns the generator. Subclasses call `begin` with every batch index before they use the order."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._epoch_start_state = generator.get_state()  # before the current epoch's shuffle

    @abstractmethod
    def shuffle(self) -> None:
        """Draw the order of an epoch from `_generator`."""

    def begin(self, index: int) -> None:
        """Shuffle at the first batch of an epoch."""
        if index == 0:
            self._start_epoch()

    def state(self, index: int) -> dict[str, Any]:
        """See `Batches.state`."""
        return {"generator": self._epoch_start_state if index else self._generator.get_state()}

    def load(self, state: dict[str, Any], index: int) -> None:
        """See `Batches.load`."""
        self._generator.set_state(state["generator"])
        if index:
            self._start_epoch()

    def _start_epoch(self) -> None:
        self._epoch_start_state = self._generator.get_state()
        self.shuffle()
