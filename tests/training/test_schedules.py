"""Learning rates at the steps where they must be known."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vestim_core.spec.training import RowsTraining
from vestim_core.training.schedules import Schedule


def _schedule(schedule: dict[str, object], max_epochs: int = 10) -> Schedule:
    spec = RowsTraining.model_validate({"learning_rate": 0.1, "max_epochs": max_epochs, "schedule": schedule})
    return Schedule(spec, steps_per_epoch=20)


def test_constant() -> None:
    schedule = _schedule({"kind": "constant"})
    assert {schedule.rate(step) for step in range(200)} == {0.1}


def test_cosine_falls_with_every_step_to_its_end() -> None:
    schedule = _schedule({"kind": "cosine", "final_learning_rate": 0.02})
    rates = [schedule.rate(step) for step in range(201)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0.06)
    assert rates[200] == pytest.approx(0.02)
    assert all(later < earlier for earlier, later in pairwise(rates))


def test_step() -> None:
    schedule = _schedule({"kind": "step", "factor": 0.5, "every_epochs": 3})
    assert [schedule.rate(step) for step in (0, 59, 60, 119, 120)] == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025])


def test_plateau_waits_for_its_patience() -> None:
    schedule = _schedule({"kind": "plateau", "factor": 0.5, "patience_epochs": 2})
    rates = []
    for improved in (True, False, True, False, False, False, True, False, False):
        schedule.epoch_ended(improved)
        rates.append(schedule.rate(0))
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025])
