"""Training plan: a search, then rounds that exploit its best weights, and the learning rate of every step.

The plan follows from plain numbers alone, so a resumed training takes the same path.
"""

from __future__ import annotations

from vestim_core.spec.training import TrainingBase
from vestim_core.training.early_stopping import EarlyStopping
from vestim_core.training.schedules import Schedule, cosine
from vestim_core.training.time_budget import HARD_STOP, EpochBudget
from vestim_core.training.trainer_state import TrainerState


class TrainingPlan:
    """Length, phases and learning rate of a training as functions of a `TrainerState`.

    A phase is the search or one round of exploitation.
    epoch_budget: epochs that the time budget allows; None without a budget, or before it was estimated.
    """

    def __init__(self, training: TrainingBase, steps_per_epoch: int, epoch_budget: EpochBudget | None) -> None:
        self._training = training
        self._steps_per_epoch = steps_per_epoch
        self.schedule = Schedule(training, steps_per_epoch)
        self.early_stopping = EarlyStopping(training.patience)
        self.epoch_budget = epoch_budget

    def completed_steps(self, state: TrainerState) -> int:
        """Updates before the next one, over all epochs."""
        return (state.epoch - 1) * self._steps_per_epoch + state.index

    def learning_rate(self, state: TrainerState) -> float:
        """Learning rate of the next update."""
        exploit = self._training.exploit
        if state.round:
            step = (state.epoch - state.round_began) * self._steps_per_epoch + state.index
            part = step / (exploit.epochs * self._steps_per_epoch)
            return cosine(exploit.learning_rate, exploit.final_learning_rate, part)
        step = self.completed_steps(state)
        is_budgeted = self.epoch_budget is not None and step >= self.epoch_budget.from_step
        return self.schedule.learning_rate(step, self._search_epochs() if is_budgeted else self._training.max_epochs)

    def total_epochs(self) -> int:
        """Epochs of the search and all rounds when none is cut short."""
        return self._search_epochs() + self._training.exploit.rounds * self._training.exploit.epochs

    def remaining_epochs(self, state: TrainerState) -> int:
        """Epochs until the phase ends by itself; in the search at most those that early stopping allows."""
        if state.round:
            return state.round_began + self._training.exploit.epochs - state.epoch
        return min(self._search_epochs() + 1 - state.epoch, self.early_stopping.remaining_epochs(state))

    def is_phase_over(self, state: TrainerState) -> bool:
        """True when the search, or the current round, has ended."""
        return self.remaining_epochs(state) <= 0 or self.is_out_of_time(state)

    def start_next_round(self, state: TrainerState) -> bool:
        """Move `state` to the next round of exploiting the best weights; False when there is none."""
        exploit = self._training.exploit
        if not exploit.epochs or state.round >= exploit.rounds or not state.best_epoch or self.is_out_of_time(state):
            return False
        state.round, state.round_began = state.round + 1, state.epoch
        return True

    def is_out_of_time(self, state: TrainerState) -> bool:
        """True when the time budget is exceeded so far that the training ends at once."""
        budget_s = self._training.time_budget_s
        return budget_s is not None and state.elapsed_s >= HARD_STOP * budget_s

    def _search_epochs(self) -> int:
        return self._training.max_epochs if self.epoch_budget is None else self.epoch_budget.epochs
