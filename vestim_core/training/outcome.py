"""Outcome of a training: its end state, best weights and history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vestim_core.models.network import Network
from vestim_core.spec.errors import ErrorCode, VestimError

End = Literal["finished", "paused", "stopped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """Result of a training, however it ended.

    module: the network with the weights of the best epoch, on CPU, ready to predict; None when no epoch was finished.
    best: validation metrics of that epoch, as testing `module` on the validation files gives them.
    history: the data of every epoch's event, in order, without repeats.
    rows_per_s: training rows per second in this attempt, validation time included; None when it trained on none.
    """

    end: End
    module: Network | None
    best_epoch: int
    best: dict[str, float | None]
    epochs: int
    elapsed_s: float
    history: tuple[dict[str, Any], ...]
    rows_per_s: float | None = None

    def summary(self) -> dict[str, Any]:
        """The training's entry in `model.json`."""
        return {
            "end": self.end,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "validation": self.best,
            "elapsed_s": round(self.elapsed_s, 3),
            "rows_per_s": None if self.rows_per_s is None else round(self.rows_per_s, 1),
        }


class TrainingDiverged(VestimError):
    """The loss became NaN or infinite. `outcome` holds the best earlier model, if there is one, to be saved."""

    def __init__(self, message: str, retry_learning_rate: float, outcome: Outcome) -> None:
        super().__init__(
            ErrorCode.FAILED,
            message,
            location="training.learning_rate",
            actions=(f"Retry with {retry_learning_rate:g}",),
        )
        self.outcome = outcome
