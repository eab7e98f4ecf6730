"""Network: what every trainable model is, whatever its kind."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

State = tuple[Tensor, ...]
"""What a network carries from row to row: tensors with the batch on their second axis; empty without memory."""


class Network(nn.Module):
    """Maps scaled features to the scaled target, row by row, from the present row and its carried state alone."""

    @abstractmethod
    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predictions (B, T) of features `x` (B, T, F) and the state after the last row. `state` None: at rest."""
