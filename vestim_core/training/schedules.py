"""Learning-rate schedules. They count steps and epochs, never seconds, so that a resumed training follows the same."""

from __future__ import annotations

import math

from vestim_core.spec.training import (
    Constant,
    Cosine,
    CosineRestarts,
    OneCycle,
    Plateau,
    StepDecay,
    TrainingBase,
)


class Schedule:
    """Gives the learning rate of every step of the search. All that it remembers is `state`, plain numbers."""

    def __init__(self, training: TrainingBase, steps_per_epoch: int) -> None:
        self._spec = training.schedule
        self._start = training.learning_rate
        self._warm_up = training.warm_up_steps
        self._steps_per_epoch = steps_per_epoch
        self.state: dict[str, int] = {"reductions": 0, "waited_epochs": 0}

    def rate(self, step: int, epochs: int) -> float:
        """Learning rate of step `step`, counted from 0, of a search that has that many epochs."""
        warmed = min(1.0, (step + 1) / self._warm_up) if self._warm_up else 1.0
        return warmed * self._planned(step, epochs * self._steps_per_epoch)

    def epoch_ended(self, improved: bool) -> None:
        """Tell whether the epoch's validation error was the best so far."""
        if isinstance(self._spec, Plateau):
            self.state["waited_epochs"] = 0 if improved else self.state["waited_epochs"] + 1
            if self.state["waited_epochs"] >= self._spec.patience_epochs:
                self.state = {"reductions": self.state["reductions"] + 1, "waited_epochs": 0}

    def _planned(self, step: int, steps: int) -> float:
        start, per_epoch = self._start, self._steps_per_epoch
        match self._spec:
            case Constant():
                return start
            case Cosine(final_learning_rate=final):
                return cosine(start, final, step / steps)
            case CosineRestarts(first_epochs=first, length_factor=factor, final_learning_rate=final):
                return cosine(start, final, _place_in_cycle(step, first * per_epoch, factor))
            case OneCycle(rising_share=rising, start_divisor=divisor, end_divisor=end):
                part = step / steps
                if part < rising:
                    return cosine(start / divisor, start, part / rising)
                return cosine(start, start / divisor / end, (part - rising) / (1 - rising))
            case StepDecay(factor=factor, every_epochs=every):
                return float(start * factor ** (step // (every * per_epoch)))
            case Plateau(factor=factor):
                return float(start * factor ** self.state["reductions"])


def cosine(first: float, last: float, part: float) -> float:
    """From `first` to `last` along half a cosine; part: 0 at the start, 1 at the end."""
    return last + (first - last) * 0.5 * (1.0 + math.cos(math.pi * part))


def _place_in_cycle(step: int, length: int, factor: int) -> float:
    """How much of its cycle has passed at `step`, when each cycle is `factor` times as long as the one before."""
    while step >= length:
        step -= length
        length *= factor
    return step / length
