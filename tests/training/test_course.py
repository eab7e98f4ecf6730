"""The course of a training: exploiting what a search found, and a budget of time."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.training.synthetic import Intents, Recorder, small_set, trial
from tests.training.test_training import bits, run
from vestim_core.data.prepared import PreparedSet
from vestim_core.training import loop
from vestim_core.training.budget import Plan, plan, time_to_plan
from vestim_core.training.outcome import Outcome


@pytest.fixture(scope="module")
def prepared() -> PreparedSet:
    return small_set()


def test_rounds_of_exploiting_start_from_the_best_and_keep_what_is_better(
    tmp_path: Path, prepared: PreparedSet
) -> None:
    wild = {"max_epochs": 6, "learning_rate": 0.3, "schedule": "constant"}
    search = run(trial("fnn", training=wild), prepared, tmp_path / "search")
    gentle = {"epochs": 3, "rounds": 2, "learning_rate": 1e-4, "final_learning_rate": 1e-6}
    both = run(trial("fnn", training={**wild, "exploit": gentle}), prepared, tmp_path / "both")
    assert both.epochs == search.epochs + 6
    assert [line["max_epochs"] for line in both.history] == [12] * 12
    assert both.best["rmse_mV"] <= search.best["rmse_mV"]
    first, second = both.history[6], both.history[9]
    assert first["learning_rate"] < 1e-4 and second["learning_rate"] == first["learning_rate"]
    assert first["validation_rmse_mV"] == pytest.approx(search.best["rmse_mV"], rel=0.2)


def test_exploiting_follows_when_patience_has_run_out(tmp_path: Path, prepared: PreparedSet) -> None:
    settings = {
        "max_epochs": 500,
        "patience": 3,
        "learning_rate": 0.5,
        "schedule": "constant",
        "exploit": {"epochs": 2},
    }
    outcome = run(trial("fnn", training=settings), prepared, tmp_path)
    began = next(line["epoch"] for line in outcome.history if line["patience_left"] == 0)
    assert outcome.epochs == began + 2 < 500


def test_a_budget_becomes_epochs_that_a_resumed_training_follows(
    tmp_path: Path, prepared: PreparedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that gains a millisecond at each look: four for an epoch's batches and one for its validation."""
    looks = count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: 1e-3 * next(looks)))
    settings = trial("fnn", training={"max_epochs": 100_000, "time_budget_s": 1.0, "patience": 100_000})
    plans: list[Plan] = []

    def go(folder: str, intent: Intents, planned: Plan | None = None) -> Outcome:
        return loop.train(
            settings,
            prepared,
            tmp_path / folder,
            device="cpu",
            threads=1,
            report=Recorder(),
            intent=intent,
            planned=planned,
            keep_plan=plans.append,
        )

    whole = go("whole", Intents())
    (found,) = plans
    assert whole.end == "finished" and whole.elapsed_s == pytest.approx(1.0, rel=0.05)
    assert whole.epochs == found.epochs == whole.history[-1]["max_epochs"] == 200
    assert whole.history[-1]["learning_rate"] < 2e-4, "the schedule ends with the budget"
    go("parts", Intents(400), found)
    again = go("parts", Intents(), found)
    assert len(plans) == 1
    assert bits(again) == bits(whole)


def test_a_plan_is_the_budget_over_what_an_epoch_takes() -> None:
    assert not time_to_plan(9, 100.0, 10.0) and not time_to_plan(10, 0.4, 10.0) and time_to_plan(10, 0.5, 10.0)
    assert time_to_plan(10, 5.0, 10_000.0)
    assert plan(100.0, 500, 20, step=10, elapsed_s=1.0, validation_s=0.5) == Plan(40, 10)
    assert plan(0.1, 500, 20, 10, 1.0, 0.5).epochs == 1 and plan(1e9, 500, 20, 10, 1.0, 0.5).epochs == 500


def test_a_training_ends_when_its_budget_is_far_exceeded(tmp_path: Path, prepared: PreparedSet) -> None:
    outcome = run(trial("lstm", training={"max_epochs": 50, "time_budget_s": 1e-6}), prepared, tmp_path)
    assert (outcome.end, outcome.epochs) == ("finished", 1) and outcome.module is not None


def test_what_cannot_be_is_said(tmp_path: Path, prepared: PreparedSet) -> None:
    report = Recorder()
    settings = trial("fnn", model={"output_max": 3.5}, training={"max_epochs": 1, "mixed_precision": True})
    run(settings, prepared, tmp_path, report)
    said = [data["text"] for kind, data in report.events if kind == "message"]
    assert any("needs a GPU" in text for text in said)
    assert any("a.csv" in text and "output_max" in text for text in said)
