"""Shuffled epochs: what methods share that put an epoch in a new random order and can take it up again at any batch.

What is kept is the generator as it was before the present epoch's shuffling: drawing again from there gives that order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch


class Shuffled(ABC):
    """`begin` is to be called with every batch's index before the order is used."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._before = generator.get_state()  # of the present epoch's shuffling

    @abstractmethod
    def shuffle(self) -> None:
        """Draw the order of an epoch from `_generator`."""

    def begin(self, index: int) -> None:
        """Shuffle where an epoch begins."""
        if index == 0:
            self._shuffle_anew()

    def state(self, index: int) -> dict[str, Any]:
        """See `Batches.state`."""
        return {"generator": self._before if index else self._generator.get_state()}

    def load(self, state: dict[str, Any], index: int) -> None:
        """See `Batches.load`."""
        self._generator.set_state(state["generator"])
        if index:
            self._shuffle_anew()

    def _shuffle_anew(self) -> None:
        self._before = self._generator.get_state()
        self.shuffle()
