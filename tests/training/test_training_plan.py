"""The training plan: rounds that exploit the search's result, and a time budget."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.training.synthetic import Intents, Recorder, small_set, trial
from tests.training.test_training import bits, run
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.training import loop
from vestim_core.training.outcome import Outcome
from vestim_core.training.time_budget import EpochBudget, can_estimate, estimate_epochs


@pytest.fixture(scope="module")
def prepared() -> PreparedSet:
    return small_set()


def test_rounds_of_exploiting_start_from_the_best_weights_and_keep_better_ones(
    tmp_path: Path, prepared: PreparedSet
) -> None:
    high_rate = {"max_epochs": 6, "learning_rate": 0.3, "schedule": "constant"}
    search = run(trial("fnn", training=high_rate), prepared, tmp_path / "search")
    exploit = {"epochs": 3, "rounds": 2, "learning_rate": 1e-4, "final_learning_rate": 1e-6}
    with_exploiting = run(trial("fnn", training={**high_rate, "exploit": exploit}), prepared, tmp_path / "both")
    assert with_exploiting.epochs == search.epochs + 6
    assert [line["max_epochs"] for line in with_exploiting.history] == [12] * 12
    assert with_exploiting.best["rmse_mV"] <= search.best["rmse_mV"]
    first, second = with_exploiting.history[6], with_exploiting.history[9]
    assert first["learning_rate"] < 1e-4 and second["learning_rate"] == first["learning_rate"]
    assert first["validation_rmse_mV"] == pytest.approx(search.best["rmse_mV"], rel=0.2)


def test_exploiting_starts_when_patience_has_run_out(tmp_path: Path, prepared: PreparedSet) -> None:
    settings = {
        "max_epochs": 500,
        "patience": 3,
        "learning_rate": 0.5,
        "schedule": "constant",
        "exploit": {"epochs": 2},
    }
    outcome = run(trial("fnn", training=settings), prepared, tmp_path)
    exploit_start = next(line["epoch"] for line in outcome.history if line["patience_left"] == 0)
    assert outcome.epochs == exploit_start + 2 < 500


@pytest.mark.slow
def test_a_time_budget_becomes_epochs_that_a_resumed_training_follows(
    tmp_path: Path, prepared: PreparedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock advances a millisecond per call: four calls for an epoch's batches and one for its validation."""
    clock_calls = count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: 1e-3 * next(clock_calls)))
    settings = trial("fnn", training={"max_epochs": 100_000, "time_budget_s": 1.0, "patience": 100_000})
    epoch_budgets: list[EpochBudget] = []

    def train_part(folder: str, intent: Intents, earlier_budget: EpochBudget | None = None) -> Outcome:
        return loop.train(
            settings,
            prepared,
            tmp_path / folder,
            device="cpu",
            threads=1,
            reporter=Recorder(),
            intent=intent,
            epoch_budget=earlier_budget,
            save_epoch_budget=epoch_budgets.append,
        )

    uninterrupted_outcome = train_part("whole", Intents())
    (epoch_budget,) = epoch_budgets
    assert uninterrupted_outcome.end == "finished" and uninterrupted_outcome.elapsed_s == pytest.approx(1.0, rel=0.05)
    assert uninterrupted_outcome.epochs == epoch_budget.epochs == uninterrupted_outcome.history[-1]["max_epochs"] == 200
    assert uninterrupted_outcome.history[-1]["learning_rate"] < 2e-4, "the schedule ends with the budget"
    train_part("parts", Intents(400), epoch_budget)
    resumed_outcome = train_part("parts", Intents(), epoch_budget)
    assert len(epoch_budgets) == 1
    assert bits(resumed_outcome) == bits(uninterrupted_outcome)


def test_epochs_are_estimated_from_the_duration_of_an_epoch() -> None:
    assert not can_estimate(9, 100.0, 10.0) and not can_estimate(10, 0.4, 10.0) and can_estimate(10, 0.5, 10.0)
    assert can_estimate(10, 5.0, 10_000.0)
    assert estimate_epochs(100.0, 500, 20, step=10, elapsed_s=1.0, validation_s=0.5) == EpochBudget(40, 10)
    assert (
        estimate_epochs(0.1, 500, 20, 10, 1.0, 0.5).epochs == 1
        and estimate_epochs(1e9, 500, 20, 10, 1.0, 0.5).epochs == 500
    )


def test_a_training_ends_when_its_budget_is_far_exceeded(tmp_path: Path, prepared: PreparedSet) -> None:
    outcome = run(trial("lstm", training={"max_epochs": 50, "time_budget_s": 1e-6}), prepared, tmp_path)
    assert (outcome.end, outcome.epochs) == ("finished", 1) and outcome.module is not None


def test_settings_without_effect_are_warned_of(tmp_path: Path, prepared: PreparedSet) -> None:
    report = Recorder()
    settings = trial("fnn", model={"output_max": 3.5}, training={"max_epochs": 1, "mixed_precision": True})
    run(settings, prepared, tmp_path, report)
    warnings = [data["message"] for kind, data in report.events if kind == "message"]
    assert any("needs a GPU" in text for text in warnings)
    assert any("a.csv" in text and "output_max" in text for text in warnings)
