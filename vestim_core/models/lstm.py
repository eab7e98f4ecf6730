"""LSTM: one layer per size, one linear output."""

from __future__ import annotations

from torch import Tensor, nn

from vestim_core.models.network import State
from vestim_core.models.recurrent import Recurrent
from vestim_core.spec.model import LstmModel


class Lstm(Recurrent):
    """A long short-term memory network (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000).

    Forget gates are initialized open (bias 1, Jozefowicz et al. 2015).
    """

    gates = 4
    tensors_per_layer = 2

    def __init__(self, spec: LstmModel, features: int) -> None:
        super().__init__(spec, spec.sizes, features)

    def layer(self, inputs: int, size: int) -> nn.Module:
        """See `Recurrent.layer`."""
        return nn.LSTM(inputs, size, batch_first=True)

    def layer_state(self, state: State) -> tuple[Tensor, Tensor]:
        """Output and cell state."""
        return state[0], state[1]

    def initialize_bias(self, name: str, bias: Tensor, size: int) -> None:
        """Open the forget gates."""
        if name.startswith("bias_ih"):
            bias[size : 2 * size] = 1.0  # torch's order of gates: input, forget, cell, output
