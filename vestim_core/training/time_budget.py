"""Convert a time budget into epochs, once, early in a training; the estimate is stored with the task.

Learning-rate schedules count steps, so a budget in seconds has to become steps first. The estimate is part of the task,
not of the process that measured it, because a resumed training must take the same path.
"""

from __future__ import annotations

from dataclasses import dataclass

MEASURED_PART = 0.05
"""Share of the budget to measure before estimating; arbitrary, small enough to leave the schedule room to follow."""
MEASURED_AT_MOST_S = 5.0
"""Seconds of updates that always suffice to estimate, however long the budget is; arbitrary."""
MEASURED_STEPS = 10
"""Fewest updates to measure, so that one slow update does not decide; arbitrary."""
HARD_STOP = 1.5
"""A training ends after this multiple of its budget, however many epochs remain; arbitrary margin over the estimate."""


@dataclass(frozen=True, slots=True)
class EpochBudget:
    """Number of epochs that a time budget allows; the schedule uses it from step `from_step` on.

    The fields are stored in task.json under these names.
    """

    epochs: int
    from_step: int


def can_estimate(steps: int, elapsed_s: float, budget_s: float) -> bool:
    """True when enough steps and a sufficient part of the budget were measured."""
    return steps >= MEASURED_STEPS and elapsed_s >= min(MEASURED_PART * budget_s, MEASURED_AT_MOST_S)


def estimate_epochs(
    budget_s: float, max_epochs: int, steps_per_epoch: int, step: int, elapsed_s: float, validation_s: float
) -> EpochBudget:
    """Estimate the epochs from `elapsed_s`, spent on the first `step` steps without any validation."""
    epoch_s = elapsed_s / step * steps_per_epoch + validation_s
    epochs = max(1, min(max_epochs, round(budget_s / epoch_s)))
    return EpochBudget(epochs, step)
