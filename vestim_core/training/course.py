"""The course of a training: a search, then rounds of exploiting what it found; when each ends, and every step's
learning rate. All of it follows from plain numbers, so that a training that was resumed goes the same way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vestim_core.spec.training import TrainingBase
from vestim_core.training.budget import HARD_STOP, Plan
from vestim_core.training.schedules import Schedule, cosine


@dataclass
class Place:
    """Where a training stands: everything that is not inside a torch object, as plain values."""

    epoch: int = 1
    index: int = 0  # the next batch of that epoch
    round: int = 0  # 0 is the search
    round_began: int = 0  # the first epoch of this round
    squares: float = 0.0  # scaled squared errors of the epoch's batches
    rows: int = 0
    epoch_s: float = 0.0
    updating_s: float = 0.0  # of all epochs, without validation
    elapsed_s: float = 0.0
    best_epoch: int = 0
    best: dict[str, float | None] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


class Course:
    """Answers about any place. plan: what a time budget was turned into; None before that, or without one."""

    def __init__(self, training: TrainingBase, steps_per_epoch: int, plan: Plan | None) -> None:
        self._training = training
        self._per_epoch = steps_per_epoch
        self.schedule = Schedule(training, steps_per_epoch)
        self.plan = plan

    def step(self, at: Place) -> int:
        """Updates before this place."""
        return (at.epoch - 1) * self._per_epoch + at.index

    def rate(self, at: Place) -> float:
        """The learning rate of the next update."""
        exploit = self._training.exploit
        if at.round:
            step = (at.epoch - at.round_began) * self._per_epoch + at.index
            return cosine(exploit.learning_rate, exploit.final_learning_rate, step / (exploit.epochs * self._per_epoch))
        step = self.step(at)
        planned = self.plan is not None and step >= self.plan.from_step
        return self.schedule.rate(step, self._search_epochs() if planned else self._training.max_epochs)

    def epochs(self) -> int:
        """Epochs in all, when none is cut short."""
        return self._search_epochs() + self._training.exploit.rounds * self._training.exploit.epochs

    def epochs_left(self, at: Place) -> int:
        """Epochs until this part ends by itself; at most the patience that is left in the search."""
        if at.round:
            return at.round_began + self._training.exploit.epochs - at.epoch
        return min(self._search_epochs() + 1 - at.epoch, self.patience_left(at))

    def patience_left(self, at: Place) -> int:
        """Epochs without improvement that the search would still bear."""
        return self._training.patience - (at.epoch - 1 - at.best_epoch)

    def part_over(self, at: Place) -> bool:
        """Whether the search, or the round, has ended."""
        return self.epochs_left(at) <= 0 or self.out_of_time(at)

    def begin_round(self, at: Place) -> bool:
        """Go on to the next round of exploiting the best weights; False when there is none."""
        exploit = self._training.exploit
        if not exploit.epochs or at.round >= exploit.rounds or not at.best_epoch or self.out_of_time(at):
            return False
        at.round, at.round_began = at.round + 1, at.epoch
        return True

    def out_of_time(self, at: Place) -> bool:
        """Whether the time budget is so far exceeded that the training ends at once."""
        budget_s = self._training.time_budget_s
        return budget_s is not None and at.elapsed_s >= HARD_STOP * budget_s

    def _search_epochs(self) -> int:
        return self._training.max_epochs if self.plan is None else self.plan.epochs
