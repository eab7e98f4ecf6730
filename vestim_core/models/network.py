"""Network: the base class of every trainable model."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from vestim_core.spec.model import NetworkModel

State = tuple[Tensor, ...]
"""State that a network carries from row to row: tensors with the batch on the second axis; empty without memory."""


class Network(nn.Module):
    """Maps scaled features to the scaled target, row by row, from the present row and the carried state alone.

    The limits of the output are stored among the weights, in scaled units, so that training, testing and every export
    clamp in the same way. output_filter: applied to the clamped predictions by `predict`.
    """

    limits: Tensor

    def __init__(self, spec: NetworkModel) -> None:
        super().__init__()
        self.output_filter = spec.output_filter
        self._has_limits = spec.output_min is not None or spec.output_max is not None
        if self._has_limits:
            self.register_buffer("limits", torch.tensor([-math.inf, math.inf]))

    def set_limits(self, low: float, high: float) -> None:
        """Clamp predictions to `low`..`high`, in scaled units; infinite where there is no limit."""
        if self._has_limits:
            self.limits.copy_(torch.tensor([low, high]))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predictions (B, T) of features `x` (B, T, F), and the state after the last row. `state` None: at rest."""
        y, next_state = self.predict_scaled(x, state)
        return (torch.clamp(y, self.limits[0], self.limits[1]) if self._has_limits else y), next_state

    @abstractmethod
    def predict_scaled(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Predictions and state of `forward` before the limits."""
