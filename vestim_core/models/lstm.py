"""LSTM: one layer per size, one linear output."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from vestim_core.models.network import Network, State
from vestim_core.spec.model import LstmModel


class Lstm(Network):
    """A long short-term memory network (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000).

    Each layer is an `nn.LSTM` of its own, so that every size is real; measured on CPU that is as fast as one call for
    all layers. Recurrent weights start orthogonal and forget gates open (bias 1, Jozefowicz et al. 2015), so that
    gradients reach far back from the first step on.
    """

    def __init__(self, spec: LstmModel, features: int) -> None:
        super().__init__()
        widths = [features, *spec.sizes]
        self.layers = nn.ModuleList(nn.LSTM(inputs, size, batch_first=True) for inputs, size in pairwise(widths))
        self.dropout = nn.Dropout(spec.dropout)
        self.head = nn.Linear(widths[-1], 1)
        for layer in self.layers:
            _initialise(layer)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """See `Network.forward`; the state is (h, c) of the first layer, then of the second, ..., each (1, B, size)."""
        after: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            before = None if state is None else (state[2 * number], state[2 * number + 1])
            x, carried = layer(x, before)
            after += carried
            x = self.dropout(x)
        return self.head(x).squeeze(-1), tuple(after)


def _initialise(layer: nn.Module) -> None:
    with torch.no_grad():
        for name, weights in layer.named_parameters():
            size = weights.shape[0] // 4
            if name.startswith("weight_ih"):
                nn.init.xavier_uniform_(weights)
            elif name.startswith("weight_hh"):
                for gate in range(4):
                    nn.init.orthogonal_(weights[gate * size : (gate + 1) * size])
            else:
                nn.init.zeros_(weights)
                if name.startswith("bias_ih"):
                    weights[size : 2 * size] = 1.0  # gates stand in torch's order: input, forget, cell, output
