"""One update of a network's weights from one batch, in full or mixed precision, guarded against NaN and infinity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vestim_core.models.network import Network, State
from vestim_core.spec.training import TrainingBase
from vestim_core.training.averaging import WeightAverage
from vestim_core.training.batches import Batch
from vestim_core.training.losses import Loss
from vestim_core.training.optimisers import build_optimiser

PART_ROWS = 50_000
"""Rows of windows whose gradients are computed at once. What a network keeps of each row takes kilobytes: in two parts,
200 windows of 400 rows through an LSTM of 18 and 18 need 140 MB less, for 7 % more time."""


class Losses(NamedTuple):
    """Means over the scaled rows of a batch that count: of what is made small, and of the squared error."""

    loss: float
    square: float


class Updater:
    """A network with its optimiser, and the state that its sequences carry from batch to batch."""

    def __init__(self, module: Network, training: TrainingBase, device: str, target_step: float) -> None:
        """target_step: what one step of the scaled target is in its unit."""
        self.module = module
        self._training = training
        self._parameters = list(module.parameters())
        self._optimiser = build_optimiser(training, self._parameters)
        self._loss = Loss(training, target_step)
        self._average = WeightAverage(module, training.ema_decay) if training.ema_decay else None
        self._carried: State = ()
        # Half precision has too few bits for gradients unless they are scaled up; only GPUs gain by it.
        half = training.mixed_precision and device == "cuda"
        self._scaler = torch.amp.GradScaler(device) if half else None
        self._autocast: AbstractContextManager[Any] = torch.autocast(device, torch.float16) if half else nullcontext()

    def update(self, batch: Batch, rate: float) -> Losses:
        """One step with that learning rate; what was lost on the rows that count, before it.

        A loss or gradient that is no number is given back as it is, and the weights stay.
        """
        state = None if batch.kept is None else tuple(tensor * batch.kept for tensor in self._carried)
        if not batch.count:
            with torch.no_grad():
                _, self._carried = self.module(batch.x, state)
            return Losses(0.0, 0.0)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        for weights in self._parameters:  # as zero_grad does, which takes 25 us more for records of it
            weights.grad = None
        loss = square = 0.0
        for part in _parts(batch):
            mean, mean_square = self._means(part, state)
            found = float(mean.item())
            if not math.isfinite(found):
                return Losses(found, found)
            share = part.count / batch.count
            loss += share * found
            square += share * (found if mean_square is mean else float(mean_square.item()))
            self._backward(mean if part is batch else share * mean)
        if not self._descend():
            return Losses(math.nan, math.nan)
        if self._average is not None:
            self._average.updated()
        return Losses(loss, square)

    @property
    def judged(self) -> Network:
        """What is validated and kept: the network with its average weights where there are such, else as it is."""
        return self.module if self._average is None else self._average.module

    def go_on_from(self, weights: dict[str, Tensor]) -> None:
        """Replace the network's weights, and forget what optimiser and average have gathered."""
        self.module.load_state_dict(weights)
        self._optimiser = build_optimiser(self._training, self._parameters)
        if self._average is not None:
            self._average.restart()

    def state(self) -> dict[str, Any]:
        """Tensors and numbers from which everything follows."""
        return {
            "module": self.module.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "average": {} if self._average is None else self._average.state(),
            "carried": list(self._carried),
            "scaler": {} if self._scaler is None else self._scaler.state_dict(),
        }

    def load(self, state: dict[str, Any], device: str) -> None:
        """Go on where `state` was taken."""
        self.module.load_state_dict(state["module"])
        self._optimiser.load_state_dict(state["optimiser"])
        if self._average is not None:
            self._average.load(state["average"])
        self._carried = tuple(tensor.to(device) for tensor in state["carried"])
        if self._scaler is not None and state.get("scaler"):
            self._scaler.load_state_dict(state["scaler"])

    def _means(self, batch: Batch, state: State | None) -> tuple[Tensor, Tensor]:
        with self._autocast:
            predicted, after = self.module(batch.x, state)
        self._carried = tuple(tensor.detach().float() for tensor in after)
        return self._loss.means((predicted[:, -1:] if batch.last_only else predicted).float(), batch)

    def _backward(self, mean: Tensor) -> None:
        (mean if self._scaler is None else self._scaler.scale(mean)).backward()

    def _descend(self) -> bool:
        """Move the weights; False when the gradient is no number."""
        if self._scaler is None:
            limit = self._training.gradient_clip
            norm = nn.utils.get_total_norm([weights.grad for weights in self._parameters if weights.grad is not None])
            length = float(norm)
            if not math.isfinite(length):
                return False
            if length > limit:
                nn.utils.clip_grads_with_norm_(self._parameters, limit, norm)
            self._optimiser.step()
            return True
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._parameters, self._training.gradient_clip)
        self._scaler.step(self._optimiser)  # leaves a step out whose gradient overflowed, and scales less from then on
        self._scaler.update()
        return True


def _parts(batch: Batch) -> Iterator[Batch]:
    """`batch`, in parts when it is one of many windows; a GPU has the room and is faster with all at once."""
    count = math.ceil(batch.x.shape[0] * batch.x.shape[1] / PART_ROWS)
    if not batch.last_only or count == 1 or batch.x.is_cuda:
        yield batch
        return
    for x, y in zip(batch.x.chunk(count), batch.y.chunk(count), strict=True):
        yield Batch(x=x, y=y, count=y.numel(), last_only=True)
