"""A time budget as a number of epochs: measured once, early in a training, written down, and followed ever after.

Schedules count steps, so a budget in seconds has to become steps before it can shape anything; and since a resumed
training must go the same way, what was measured is part of its task, not of the process that measured it.
"""

from __future__ import annotations

from dataclasses import dataclass

MEASURED_PART = 0.05
MEASURED_AT_MOST_S = 5.0
MEASURED_STEPS = 10
HARD_STOP = 1.5
"""A training ends when this many times its budget has passed, whatever it still had to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many epochs in all, as far as the schedule is concerned from step `from_step` on."""

    epochs: int
    from_step: int


def time_to_plan(steps: int, elapsed_s: float, budget_s: float) -> bool:
    """Whether enough was measured: some steps, and a small part of the budget."""
    return steps >= MEASURED_STEPS and elapsed_s >= min(MEASURED_PART * budget_s, MEASURED_AT_MOST_S)


def plan(
    budget_s: float, max_epochs: int, steps_per_epoch: int, step: int, elapsed_s: float, validation_s: float
) -> Plan:
    """The plan of a training that took `elapsed_s` for its first `step` steps, none of it in validation."""
    epoch_s = elapsed_s / step * steps_per_epoch + validation_s
    epochs = max(1, min(max_epochs, round(budget_s / epoch_s)))
    return Plan(epochs, step)
