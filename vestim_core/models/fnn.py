"""FNN: hidden layers with an activation, one linear output, no memory."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from vestim_core.models.network import Network, State
from vestim_core.spec.model import FnnModel

_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "tanh": nn.Tanh}


class Fnn(Network):
    """A feed-forward network: the prediction of a row depends on that row alone."""

    def __init__(self, spec: FnnModel, features: int) -> None:
        super().__init__(spec)
        layers: list[nn.Module] = []
        for inputs, size in pairwise([features, *spec.sizes]):
            norm = [nn.LayerNorm(size)] if spec.layer_norm else []
            layers += [nn.Linear(inputs, size), *norm, _ACTIVATIONS[spec.activation](), nn.Dropout(spec.dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(spec.sizes[-1], 1))

    def predict_scaled(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """See `Network`. The state is empty."""
        return self.layers(x.flatten(0, 1)).view(x.shape[:2]), ()
