"""Learning rates of every schedule at the steps with known values."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vestim_core.spec.training import RowsTraining
from vestim_core.training.schedules import Schedule

EPOCHS = 10  # of 20 steps; arbitrary


class _Rates:
    """Learning rates of one schedule over `EPOCHS` epochs of 20 steps."""

    def __init__(self, schedule: dict[str, object], **other_settings: object) -> None:
        parameters = {"learning_rate": 0.1, "schedule": schedule, **other_settings}
        self.schedule = Schedule(RowsTraining.model_validate(parameters), steps_per_epoch=20)

    def learning_rate(self, step: int) -> float:
        return self.schedule.learning_rate(step, EPOCHS)


def _schedule(schedule: dict[str, object], **other_settings: object) -> _Rates:
    return _Rates(schedule, **other_settings)


def test_constant() -> None:
    schedule = _schedule({"kind": "constant"})
    assert {schedule.learning_rate(step) for step in range(200)} == {0.1}


def test_cosine_falls_with_every_step_to_its_end() -> None:
    schedule = _schedule({"kind": "cosine", "final_learning_rate": 0.02})
    rates = [schedule.learning_rate(step) for step in range(201)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0.06)
    assert rates[200] == pytest.approx(0.02)
    assert all(next_rate < rate for rate, next_rate in pairwise(rates))


def test_step() -> None:
    schedule = _schedule({"kind": "step", "factor": 0.5, "every_epochs": 3})
    assert [schedule.learning_rate(step) for step in (0, 59, 60, 119, 120)] == pytest.approx(
        [0.1, 0.1, 0.05, 0.05, 0.025]
    )


def test_plateau_waits_for_its_patience() -> None:
    schedule = _schedule({"kind": "plateau", "factor": 0.5, "patience_epochs": 2})
    rates = []
    for has_improved in (True, False, True, False, False, False, True, False, False):
        schedule.schedule.end_epoch(has_improved)
        rates.append(schedule.learning_rate(0))
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025])


def test_cosines_with_restarts_grow_longer() -> None:
    rates = _schedule({"kind": "cosine-restarts", "first_epochs": 2, "length_factor": 2, "final_learning_rate": 0.02})
    sampled_rates = [rates.learning_rate(step) for step in (0, 20, 39, 40, 80, 119, 120, 200)]
    assert sampled_rates[0] == sampled_rates[3] == sampled_rates[6] == pytest.approx(0.1)
    assert sampled_rates[1] == sampled_rates[4] == sampled_rates[7] == pytest.approx(0.06)
    assert sampled_rates[2] == pytest.approx(0.02, abs=1e-3) and sampled_rates[5] == pytest.approx(0.02, abs=1e-3)


def test_one_cycle_rises_and_falls() -> None:
    schedule = _schedule({"kind": "one-cycle", "rising_share": 0.25, "start_divisor": 10.0, "end_divisor": 100.0})
    rates = [schedule.learning_rate(step) for step in range(201)]
    assert rates[0] == pytest.approx(0.01) and rates[50] == pytest.approx(0.1) == max(rates)
    assert rates[200] == pytest.approx(0.0001)
    assert all(next_rate > rate for rate, next_rate in pairwise(rates[:51]))
    assert all(next_rate < rate for rate, next_rate in pairwise(rates[50:]))


def test_warm_up_rises_to_the_schedule() -> None:
    rates = _schedule({"kind": "constant"}, warm_up_steps=4)
    assert [rates.learning_rate(step) for step in range(6)] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1])
