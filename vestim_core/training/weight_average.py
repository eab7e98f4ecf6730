"""Moving average of a network's weights, validated and kept in place of the raw weights.

Single updates scatter the weights; their average moves little between two validations. The epoch with the smallest
validation error is then the one with the better network, not the one with the luckier last update.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch

from vestim_core.models.network import Network


class WeightAverage:
    """Exponential moving average of a network's weights (Polyak and Juditsky 1992, with forgetting).

    The n-th update keeps min(decay, n / (n + 9)) of the average. Until `decay` is reached, the average covers about the
    last tenth of all updates, so the first weights are soon forgotten.
    """

    def __init__(self, module: Network, decay: float) -> None:
        self.module = deepcopy(module)
        self._decay = decay
        self._updates = 0
        self._pairs = list(zip(self.module.parameters(), module.parameters(), strict=True))

    def update(self) -> None:
        """Add the weights as they are after an update."""
        self._updates += 1
        share = 1.0 - min(self._decay, self._updates / (self._updates + 9))
        with torch.no_grad():
            for mean, weights in self._pairs:
                mean.lerp_(weights, share)

    def restart(self) -> None:
        """Forget all updates and start from the current weights."""
        self._updates = 0
        with torch.no_grad():
            for mean, weights in self._pairs:
                mean.copy_(weights)

    def state(self) -> dict[str, Any]:
        """The average as tensors and numbers for a checkpoint."""
        return {"module": self.module.state_dict(), "updates": self._updates}

    def load(self, state: dict[str, Any]) -> None:
        """Restore the average from `state`."""
        self.module.load_state_dict(state["module"])
        self._updates = state["updates"]
