"""Loss functions. A new kind is one branch here and one class in the spec."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vestim_core.spec.training import Huber, TrainingBase
from vestim_core.training.batches import Batch


class Loss:
    """Loss over the rows of a batch that count, in the scale of the target.

    Huber (1964): e^2 up to a threshold d, 2 d |e| - d^2 above. Where labels drift from file to file, the network then
    learns what most files say, not their mean, which one odd file moves.
    """

    def __init__(self, training: TrainingBase, target_unit_per_step: float) -> None:
        """target_unit_per_step: size of one step of the scaled target in the target's unit."""
        spec = training.loss
        self._threshold = spec.threshold / target_unit_per_step if isinstance(spec, Huber) else None

    def means(self, predicted: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Mean loss and mean squared error, which is for reports; one tensor where they are the same."""
        if self._threshold is None:
            mean = _mean_square(predicted, batch)
            return mean, mean
        with torch.no_grad():
            square = _mean_square(predicted, batch)
        errors = nn.functional.huber_loss(predicted, batch.y, reduction="none", delta=self._threshold)
        if batch.loss_mask is None:
            return 2.0 * errors.mean(), square
        return 2.0 * (errors * batch.loss_mask).sum() / batch.count, square


def _mean_square(predicted: Tensor, batch: Batch) -> Tensor:
    if batch.loss_mask is None:
        return nn.functional.mse_loss(predicted, batch.y)
    return ((predicted - batch.y).square() * batch.loss_mask).sum() / batch.count
