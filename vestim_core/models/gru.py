"""GRU: one layer per size, one linear output."""

from __future__ import annotations

from torch import Tensor, nn

from vestim_core.models.network import State
from vestim_core.models.recurrent import Recurrent
from vestim_core.spec.model import GruModel


class Gru(Recurrent):
    """A network of gated recurrent units (Cho et al. 2014, with the reset gate after the product, as in torch).

    Update gates are initialized to keep the state (bias 1), the counterpart of the open forget gate of an LSTM.
    """

    gates = 3
    tensors_per_layer = 1

    def __init__(self, spec: GruModel, features: int) -> None:
        super().__init__(spec, spec.sizes, features)

    def layer(self, inputs: int, size: int) -> nn.Module:
        """See `Recurrent.layer`."""
        return nn.GRU(inputs, size, batch_first=True)

    def layer_state(self, state: State) -> Tensor:
        """The output, which is the state of a GRU layer."""
        return state[0]

    def initialize_bias(self, name: str, bias: Tensor, size: int) -> None:
        """Let the update gates keep the state."""
        if name.startswith("bias_ih"):
            bias[size : 2 * size] = 1.0  # torch's order of gates: reset, update, new
