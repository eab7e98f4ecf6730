"""Learning-rate schedules. They count steps and epochs, never seconds, so a resumed training follows the same one."""

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
    """Computes the learning rate of every step of the search. Its only memory is `state`, plain numbers."""

    def __init__(self, training: TrainingBase, steps_per_epoch: int) -> None:
        self._spec = training.schedule
        self._initial_rate = training.learning_rate
        self._warm_up = training.warm_up_steps
        self._steps_per_epoch = steps_per_epoch
        self.state: dict[str, int] = {"reductions": 0, "waited_epochs": 0}

    def learning_rate(self, step: int, epochs: int) -> float:
        """Learning rate of step `step`, counted from 0, of a search that lasts `epochs` epochs."""
        warm_up_factor = min(1.0, (step + 1) / self._warm_up) if self._warm_up else 1.0
        return warm_up_factor * self._scheduled_rate(step, epochs * self._steps_per_epoch)

    def end_epoch(self, has_improved: bool) -> None:
        """Record the end of an epoch. has_improved: its validation error was the best so far."""
        if isinstance(self._spec, Plateau):
            self.state["waited_epochs"] = 0 if has_improved else self.state["waited_epochs"] + 1
            if self.state["waited_epochs"] >= self._spec.patience_epochs:
                self.state = {"reductions": self.state["reductions"] + 1, "waited_epochs": 0}

    def _scheduled_rate(self, step: int, steps: int) -> float:
        start, per_epoch = self._initial_rate, self._steps_per_epoch
        match self._spec:
            case Constant():
                return start
            case Cosine(final_learning_rate=final):
                return cosine(start, final, step / steps)
            case CosineRestarts(first_epochs=first, length_factor=factor, final_learning_rate=final):
                return cosine(start, final, _cycle_fraction(step, first * per_epoch, factor))
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
    """Interpolate from `first` to `last` along half a cosine; part: 0 at the start, 1 at the end."""
    return last + (first - last) * 0.5 * (1.0 + math.cos(math.pi * part))


def _cycle_fraction(step: int, length: int, factor: int) -> float:
    """Passed fraction of the cycle at `step`, when each cycle is `factor` times as long as the previous one."""
    while step >= length:
        step -= length
        length *= factor
    return step / length
