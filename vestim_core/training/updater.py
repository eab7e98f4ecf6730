"""Update a network's weights from one batch, in full or mixed precision, guarded against NaN and infinity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vestim_core.models.network import Network, State
from vestim_core.spec.training import TrainingBase
from vestim_core.training.batches import Batch
from vestim_core.training.losses import Loss
from vestim_core.training.optimizers import build_optimizer
from vestim_core.training.weight_average import WeightAverage

MAX_PART_ROWS = 50_000
"""Rows of windows whose gradients are computed at once. A network keeps kilobytes for each row: in two parts, 200
windows of 400 rows through an LSTM of 18 and 18 need 140 MB less, for 7 % more time."""
_EARLIER_OPTIMIZER_KEY = "optimiser"  # in checkpoints before schema 3


class BatchLosses(NamedTuple):
    """Means over the rows of a batch that count: the loss, and the squared error, both in the scale of the target."""

    loss: float
    square: float


class Updater:
    """Owns a network, its optimizer and the hidden state that its sequences carry from batch to batch."""

    def __init__(self, module: Network, training: TrainingBase, device: str, target_unit_per_step: float) -> None:
        """target_unit_per_step: size of one step of the scaled target in the target's unit."""
        self.module = module
        self._training = training
        self._parameters = list(module.parameters())
        self._optimizer = build_optimizer(training, self._parameters)
        self._loss = Loss(training, target_unit_per_step)
        self._average = WeightAverage(module, training.ema_decay) if training.ema_decay else None
        self._carried_state: State = ()
        # Half precision has too few bits for gradients unless they are scaled up; only GPUs benefit from it.
        uses_half = training.mixed_precision and device == "cuda"
        self._scaler = torch.amp.GradScaler(device) if uses_half else None
        self._autocast: AbstractContextManager[Any] = (
            torch.autocast(device, torch.float16) if uses_half else nullcontext()
        )

    def update(self, batch: Batch, learning_rate: float) -> BatchLosses:
        """Take one step with `learning_rate`; return the losses on the rows that count, before the step.

        A loss or gradient that is NaN or infinite is returned as it is, and the weights stay.
        """
        state = None if batch.carry_mask is None else tuple(tensor * batch.carry_mask for tensor in self._carried_state)
        if not batch.count:
            with torch.no_grad():
                _, self._carried_state = self.module(batch.x, state)
            return BatchLosses(0.0, 0.0)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        for weights in self._parameters:  # as zero_grad does, which spends 25 us more on profiling records
            weights.grad = None
        loss = square = 0.0
        for part in _split(batch):
            mean, mean_square = self._means(part, state)
            loss_value = float(mean.item())
            if not math.isfinite(loss_value):
                return BatchLosses(loss_value, loss_value)
            share = part.count / batch.count
            loss += share * loss_value
            square += share * (loss_value if mean_square is mean else float(mean_square.item()))
            self._backward(mean if part is batch else share * mean)
        if not self._step():
            return BatchLosses(math.nan, math.nan)
        if self._average is not None:
            self._average.update()
        return BatchLosses(loss, square)

    @property
    def evaluated_module(self) -> Network:
        """The network to validate and save: with its average weights where there are such, else as it is."""
        return self.module if self._average is None else self._average.module

    def restart_from(self, weights: dict[str, Tensor]) -> None:
        """Replace the network's weights and reset optimizer and average."""
        self.module.load_state_dict(weights)
        self._optimizer = build_optimizer(self._training, self._parameters)
        if self._average is not None:
            self._average.restart()

    def state(self) -> dict[str, Any]:
        """Optimizer, weights, average and hidden state as tensors and numbers for a checkpoint."""
        return {
            "module": self.module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": {} if self._average is None else self._average.state(),
            "carried": list(self._carried_state),
            "scaler": {} if self._scaler is None else self._scaler.state_dict(),
        }

    def load(self, state: dict[str, Any], device: str) -> None:
        """Restore everything from `state`."""
        self.module.load_state_dict(state["module"])
        self._optimizer.load_state_dict(state["optimizer" if "optimizer" in state else _EARLIER_OPTIMIZER_KEY])
        if self._average is not None:
            self._average.load(state["average"])
        self._carried_state = tuple(tensor.to(device) for tensor in state["carried"])
        if self._scaler is not None and state.get("scaler"):
            self._scaler.load_state_dict(state["scaler"])

    def _means(self, batch: Batch, state: State | None) -> tuple[Tensor, Tensor]:
        with self._autocast:
            predicted, final_state = self.module(batch.x, state)
        self._carried_state = tuple(tensor.detach().float() for tensor in final_state)
        return self._loss.means((predicted[:, -1:] if batch.last_only else predicted).float(), batch)

    def _backward(self, mean: Tensor) -> None:
        (mean if self._scaler is None else self._scaler.scale(mean)).backward()

    def _step(self) -> bool:
        """Move the weights; False when the gradient is NaN or infinite."""
        if self._scaler is None:
            max_norm = self._training.gradient_clip
            norm = nn.utils.get_total_norm([weights.grad for weights in self._parameters if weights.grad is not None])
            norm_value = float(norm)
            if not math.isfinite(norm_value):
                return False
            if norm_value > max_norm:
                nn.utils.clip_grads_with_norm_(self._parameters, max_norm, norm)
            self._optimizer.step()
            return True
        self._scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self._parameters, self._training.gradient_clip)
        self._scaler.step(self._optimizer)  # skips a step whose gradient overflowed, and scales less from then on
        self._scaler.update()
        return True


def _split(batch: Batch) -> Iterator[Batch]:
    """Split a batch of many windows into parts; a GPU has the memory and is faster with all at once."""
    count = math.ceil(batch.x.shape[0] * batch.x.shape[1] / MAX_PART_ROWS)
    if not batch.last_only or count == 1 or batch.x.is_cuda:
        yield batch
        return
    for x, y in zip(batch.x.chunk(count), batch.y.chunk(count), strict=True):
        yield Batch(x=x, y=y, count=y.numel(), last_only=True)
