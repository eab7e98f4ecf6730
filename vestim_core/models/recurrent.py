"""Recurrent networks: one layer per size, one linear output, and the state of every layer carried from row to row."""

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
    """Layers of one kind, each a module of its own, so that every size is real; measured on CPU that is as fast as one
    call for all layers.

    Recurrent weights start orthogonal, gate by gate, so that gradients reach far back from the first step on (Saxe et
    al. 2014).
    """

    gates: int
    tensors_per_layer: int
    """How many tensors the state of one layer has."""

    def __init__(self, spec: NetworkModel, sizes: Sequence[int], features: int) -> None:
        super().__init__(spec)
        widths = [features, *sizes]
        self.layers = nn.ModuleList(self.layer(inputs, size) for inputs, size in pairwise(widths))
        if spec.layer_norm:
            self.norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.normed = spec.layer_norm
        self.dropout = nn.Dropout(spec.dropout)
        self.head = nn.Linear(widths[-1], 1)
        for layer in self.layers:
            self._initialise(layer)

    @abstractmethod
    def layer(self, inputs: int, size: int) -> nn.Module:
        """A layer that maps (B, T, inputs) and a state to (B, T, size) and the state after."""

    @abstractmethod
    def carried(self, state: State) -> Any:
        """The state of one layer, as the layer takes it."""

    def initialise_bias(self, name: str, bias: Tensor, size: int) -> None:
        """Set the biases of a layer of that size, which are zero so far."""

    def predict_scaled(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """See `Network`; the state is that of the first layer, then of the second, ..., each tensor (1, B, size)."""
        after: list[Tensor] = []
        each = self.tensors_per_layer
        for number, layer in enumerate(self.layers):
            before = None if state is None else self.carried(state[number * each : (number + 1) * each])
            x, carried = layer(x, before)
            after += [carried] if isinstance(carried, Tensor) else carried
            if self.normed:
                x = self.norms[number](x)
            x = self.dropout(x)
        return self.head(x).squeeze(-1), tuple(after)

    def _initialise(self, layer: nn.Module) -> None:
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
                    self.initialise_bias(name, weights, size)
