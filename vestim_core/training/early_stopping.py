"""Early stopping: the search ends after `patience` epochs without a better validation error."""

from __future__ import annotations

from vestim_core.training.trainer_state import TrainerState


class EarlyStopping:
    """Counts epochs since the best one; keeps no state of its own, so a resumed training stops at the same epoch."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def remaining_epochs(self, state: TrainerState) -> int:
        """Epochs without improvement that the search may still run."""
        return self._patience - (state.epoch - 1 - state.best_epoch)
