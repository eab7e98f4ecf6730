"""Learning-rate schedules. They count steps and epochs, never seconds, so that a resumed training follows the same."""

from __future__ import annotations

import math

from vestim_core.spec.training import Constant, Cosine, Plateau, StepDecay, TrainingBase


class Schedule:
    """Gives the learning rate of every step. All that it remembers is `state`, plain numbers."""

    def __init__(self, training: TrainingBase, steps_per_epoch: int) -> None:
        self._spec = training.schedule
        self._start = training.learning_rate
        self._steps_per_epoch = steps_per_epoch
        self._steps = training.max_epochs * steps_per_epoch
        self.state: dict[str, int] = {"reductions": 0, "waited_epochs": 0}

    def rate(self, step: int) -> float:
        """Learning rate of step `step`, counted from 0 over the whole training."""
        match self._spec:
            case Constant():
                return self._start
            case Cosine(final_learning_rate=final):
                return final + (self._start - final) * 0.5 * (1.0 + math.cos(math.pi * step / self._steps))
            case StepDecay(factor=factor, every_epochs=every):
                return self._start * factor ** (step // (every * self._steps_per_epoch))
            case Plateau(factor=factor):
                return self._start * factor ** self.state["reductions"]

    def epoch_ended(self, improved: bool) -> None:
        """Tell whether the epoch's validation error was the best so far."""
        if isinstance(self._spec, Plateau):
            self.state["waited_epochs"] = 0 if improved else self.state["waited_epochs"] + 1
            if self.state["waited_epochs"] >= self._spec.patience_epochs:
                self.state = {"reductions": self.state["reductions"] + 1, "waited_epochs": 0}
