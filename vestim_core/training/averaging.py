"""A moving average of a network's weights: what a training that has one validates and leaves.

Every update throws the weights to and fro; their average moves little between two validations. So the epoch with the
smallest validation error is the one with the better network, not the one with the luckier last update.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch

from vestim_core.models.network import Network


class WeightAverage:
    """Exponential moving average of the weights of a network (Polyak and Juditsky 1992, with forgetting).

    The n-th update keeps min(decay, n / (n + 9)) of the average: until its decay is reached it looks back over about
    the last tenth of all updates, so that it never drags the first weights along.
    """

    def __init__(self, module: Network, decay: float) -> None:
        self.module = deepcopy(module)
        self._decay = decay
        self._updates = 0
        self._pairs = list(zip(self.module.parameters(), module.parameters(), strict=True))

    def updated(self) -> None:
        """Take in the weights as they are after an update."""
        self._updates += 1
        share = 1.0 - min(self._decay, self._updates / (self._updates + 9))
        with torch.no_grad():
            for mean, weights in self._pairs:
                mean.lerp_(weights, share)

    def restart(self) -> None:
        """Begin anew with the weights as they are."""
        self._updates = 0
        with torch.no_grad():
            for mean, weights in self._pairs:
                mean.copy_(weights)

    def state(self) -> dict[str, Any]:
        """Tensors and numbers from which everything follows."""
        return {"module": self.module.state_dict(), "updates": self._updates}

    def load(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.module.load_state_dict(state["module"])
        self._updates = state["updates"]
