"""Recurrent networks: one layer per size, one linear output, and a state of every layer carried from row to row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from vestim_core.models.network import Network, State
from vestim_core.spec.model import NetworkModel


class Recurrent(Network):
    """Layers of one kind, each a module of its own, so that every layer has its own size. Measured on CPU, this is as
    fast as one call for all layers.

    Recurrent weights are initialized orthogonal, gate by gate, so that gradients reach far back from the first step on
    (Saxe et al. 2014).
    """

    gates: int
    tensors_per_layer: int
    """Number of tensors in the state of one layer."""

    def __init__(self, spec: NetworkModel, sizes: Sequence[int], features: int) -> None:
        super().__init__(spec)
        widths = [features, *sizes]
        self.layers = nn.ModuleList(self.layer(inputs, size) for inputs, size in pairwise(widths))
        if spec.layer_norm:
            self.norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.has_layer_norm = spec.layer_norm
        self.dropout = nn.Dropout(spec.dropout)
        self.head = nn.Linear(widths[-1], 1)
        for layer in self.layers:
            self._initialize(layer)

    @abstractmethod
    def layer(self, inputs: int, size: int) -> nn.Module:
        """Create a layer that maps (B, T, inputs) and a state to (B, T, size) and the next state."""

    @abstractmethod
    def layer_state(self, state: State) -> Any:
        """The state of one layer, in the form that the layer takes."""

    def initialize_bias(self, name: str, bias: Tensor, size: int) -> None:
        """Set the biases of a layer of that size, which are zero beforehand."""

    def predict_scaled(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """See `Network`. The state is that of the first layer, then of the second, ..., each tensor (1, B, size)."""
        next_state: list[Tensor] = []
        count = self.tensors_per_layer
        for index, layer in enumerate(self.layers):
            previous = None if state is None else self.layer_state(state[index * count : (index + 1) * count])
            x, layer_state = layer(x, previous)
            next_state += [layer_state] if isinstance(layer_state, Tensor) else layer_state
            if self.has_layer_norm:
                x = self.norms[index](x)
            x = self.dropout(x)
        return self.head(x).squeeze(-1), tuple(next_state)

    def _initialize(self, layer: nn.Module) -> None:
        with torch.no_grad():
            for name, weights in layer.named_parameters():
                size = weights.shape[0] // self.gates
                if name.startswith("weight_ih"):
                    nn.init.xavier_uniform_(weights)
                elif name.startswith("weight_hh"):
                    for gate in range(self.gates):
                        nn.init.orthogonal_(weights[gate * size : (gate + 1) * size])
                else:
                    nn.init.zeros_(weights)
                    self.initialize_bias(name, weights, size)
