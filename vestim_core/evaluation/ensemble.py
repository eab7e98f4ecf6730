"""Several models of one target as one: the mean of their predictions, and how far they disagree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vestim_core.data.prepared import PreparedFile
from vestim_core.evaluation.metrics import Array
from vestim_core.evaluation.report import Predictor
from vestim_core.spec.errors import wrong_input


class Ensemble:
    """The repetitions of a training, which differ in their seeds alone, so that one prepared file serves all."""

    def __init__(self, members: Sequence[Predictor]) -> None:
        if len(members) < 2:
            raise wrong_input("An ensemble needs at least two models: train with more repetitions.")
        self._members = tuple(members)

    def predict(self, file: PreparedFile) -> Array:
        """(n,) mean of the members' predictions, in the target's unit."""
        return self.predict_with_spread(file)[0]

    def predict_with_spread(self, file: PreparedFile) -> tuple[Array, Array]:
        """Mean and standard deviation (n - 1) of the members' predictions, (n,) each, in the target's unit."""
        predicted = np.stack([member(file) for member in self._members])
        return predicted.mean(axis=0), predicted.std(axis=0, ddof=1)
