"""Network: what every trainable model is, whatever its kind."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from vestim_core.spec.model import NetworkModel

State = tuple[Tensor, ...]
"""What a network carries from row to row: tensors with the batch on their second axis; empty without memory."""


class Network(nn.Module):
    """Maps scaled features to the scaled target, row by row, from the present row and its carried state alone.

    Limits of the output are part of the network and lie among its weights, in scaled units, so that training, testing
    and every export cut alike. output_filter: what is to be done to the predictions after that; `predict` does it.
    """

    limits: Tensor

    def __init__(self, spec: NetworkModel) -> None:
        super().__init__()
        self.output_filter = spec.output_filter
        self._limited = spec.output_min is not None or spec.output_max is not None
        if self._limited:
            self.register_buffer("limits", torch.tensor([-math.inf, math.inf]))

    def set_limits(self, low: float, high: float) -> None:
        """Cut predictions to `low`..`high`, in scaled units; infinite where there is no limit."""
        if self._limited:
            self.limits.copy_(torch.tensor([low, high]))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predictions (B, T) of features `x` (B, T, F) and the state after the last row. `state` None: at rest."""
        y, after = self.predict_scaled(x, state)
        return (torch.clamp(y, self.limits[0], self.limits[1]) if self._limited else y), after

    @abstractmethod
    def predict_scaled(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """The same before limits."""
