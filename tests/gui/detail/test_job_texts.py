"""Texts of a job's page: cards, problems, settings, events and trust. Pure, from rows and events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.gui.detail.job_script import SPEC, JobScript, finished_job
from tests.gui.fake_link import summary
from vestim_core.spec.job import JobSpec
from vestim_core.spec.model import FnnModel, LstmModel
from vestim_core.spec.states import JobState
from vestim_gui.detail.event_text import event_text
from vestim_gui.detail.job_problem import Remedy, find_job_problem
from vestim_gui.detail.model_size import model_size, model_sizes
from vestim_gui.detail.spec_rows import differences, spec_rows
from vestim_gui.detail.summary_cards import Card, summary_cards
from vestim_gui.detail.trust_sentences import trust_sentences
from vestim_gui.store.job_history import JobHistory

CURRENT_TIME = datetime(2026, 1, 1, 12, 1, 1, tzinfo=UTC)


def history_of(script: JobScript) -> JobHistory:
    history = JobHistory()
    history.apply(script.events)
    return history


def cards_of(script: JobScript, **row: Any) -> tuple[Card, ...]:
    return summary_cards(summary(**row), history_of(script), script.details(), model_sizes(SPEC), CURRENT_TIME)


def test_cards_of_a_finished_job() -> None:
    assert cards_of(finished_job()) == (
        Card("Validation RMSE", "4.00 mV", "best at epoch 30"),
        Card("Baseline circuit", "10.5 mV", "network is 62 % lower, in test 69 % lower"),
        Card("Progress", "100 %", "took 1 min 0 s · 1.0 s/epoch"),
        Card("Model size", "2,809 parameters", "2,616 MAC/step"),
    )


def test_cards_while_one_model_trains() -> None:
    script = JobScript().add_baseline(validation_mV=3.0)
    script.add_task("train_001", "train", "LSTM 24", "running").add_epochs(20)
    script.add_task("test_001", "test", "LSTM 24", "waiting")
    validation, baseline, progress, _ = cards_of(script, state="running", fraction=0.339)
    assert validation == Card("Validation RMSE", "4.50 mV", "best at epoch 20")
    assert baseline == Card("Baseline circuit", "3.00 mV", "network is 50 % higher", "warn")
    assert progress == Card("Progress", "33 %", "at most 40 s left · 1.0 s/epoch")


def test_a_model_is_compared_on_the_test_files_by_its_own_test_only() -> None:
    script = JobScript().add_baseline()
    script.add_task("train_001", "train", "FNN", "done").add_epochs(
        3, "train_001", best_validation_rmse_mV=20.0, time_s=0.2
    )
    script.add_test(1, "FNN", 20.0, 28.5)
    script.add_task("train_002", "train", "LSTM", "running").add_epochs(
        3, "train_002", best_validation_rmse_mV=5.25, time_s=2.0
    )
    assert cards_of(script, state="running")[1].note == "network is 50 % lower"
    script.add_test(2, "LSTM", 5.25, 12.65)
    done = cards_of(script, state="done")
    assert done[1].note == "network is 50 % lower, in test 50 % lower"
    assert done[2].note.endswith("2.0 s/epoch"), "the best model's, as the other cards"


def test_time_left_of_several_models_comes_from_the_finished_fraction() -> None:
    script = JobScript().add_task("train_001", "train", "A", "running").add_epochs(20)
    script.add_task("train_002", "train", "B", "waiting")
    progress = cards_of(script, state="running", fraction=0.25)[2]
    assert progress.note == "about 3 min 0 s left · 1.0 s/epoch"


def test_cards_before_anything_happened() -> None:
    for state in JobState:
        cards = summary_cards(
            summary(state=state.value, started_utc="", ended_utc=""), JobHistory(), None, {}, CURRENT_TIME
        )
        assert [card.value for card in cards[:2]] == ["–", "–"]


def test_cards_of_a_draft_promise_nothing() -> None:
    _, baseline, progress, _ = cards_of(JobScript(), state="draft", started_utc="", ended_utc="")
    assert baseline == Card("Baseline circuit", "–") and progress == Card("Progress", "–", "not started yet")


def test_cards_of_an_error_that_is_no_number() -> None:
    script = JobScript().add_task("train_001", "train", "LSTM 24", "running")
    script.add_epochs(3, best_validation_rmse_mV=None, validation_rmse_mV=float("nan"))
    assert cards_of(script, state="running")[0].value == "–"


@pytest.mark.parametrize(
    ("model", "features", "macs"),
    [(LstmModel(sizes=[24]), 3, 4 * 24 * (3 + 24) + 24), (FnnModel(sizes=[64, 32]), 3, 3 * 64 + 64 * 32 + 32)],
)
def test_multiply_accumulates_are_the_weights_of_the_matrices(model: Any, features: int, macs: int) -> None:
    assert model_size(model, features).macs == macs


DIVERGED = {
    "code": "failed",
    "message": "Training stopped at epoch 24: the loss became NaN. The learning rate 0.05 is probably too high. "
    "The best model (epoch 21, 8.9 mV) is kept.",
    "location": "training.learning_rate",
    "actions": ["Retry with 0.005"],
    "problems": [],
}


def test_a_diverged_training_explains_itself_and_offers_a_retry() -> None:
    script = JobScript().add_task("train_001", "train", "LSTM 24", "failed", DIVERGED)
    problem = find_job_problem(summary(state="failed", error=DIVERGED), script.details(), history_of(script))
    assert problem is not None
    assert problem.headline == "Training stopped at epoch 24: the loss became NaN."
    assert problem.explanation == (
        "The learning rate 0.05 is probably too high. The best model (epoch 21, 8.9 mV) is kept."
    )
    assert [offer.text for offer in problem.offers] == ["Retry with 0.005", "Show log"]
    assert problem.offers[0].document is not None
    assert problem.offers[0].document["training"][0]["learning_rate"] == 0.005
    JobSpec.model_validate(problem.offers[0].document)
    assert problem.offers[1].task_id == "train_001"


def test_an_out_of_memory_error_offers_half_the_batch() -> None:
    error = {"code": "failed", "message": "The process of train_001 was ended by the system because memory ran out."}
    error["actions"] = ["Resume with half the batch", "Run fewer tasks at once"]  # type: ignore[assignment]
    script = JobScript().add_task("train_001", "train", "LSTM 24", "failed", error)
    problem = find_job_problem(summary(state="failed", error=error), script.details(), history_of(script))
    assert problem is not None
    assert [offer.text for offer in problem.offers] == ["Try with half the batch", "Show log"]
    document = problem.offers[0].document
    assert document is not None and document["training"][0]["batch_size"] == 32
    JobSpec.model_validate(document)


def test_a_killed_training_can_be_resumed() -> None:
    error = {"message": "The process of train_001 was ended by signal 9 (SIGKILL).", "actions": []}
    script = JobScript().add_task("train_001", "train", "LSTM 24", "failed", error)
    problem = find_job_problem(summary(state="failed", error=error), script.details(), history_of(script))
    assert problem is not None
    assert [offer.remedy for offer in problem.offers] == [Remedy.RESUME, Remedy.LOG]


def test_a_finished_job_reports_its_failed_tasks_and_a_good_one_nothing() -> None:
    script = finished_job().add_task("train_002", "train", "FNN", "failed", DIVERGED)
    problem = find_job_problem(summary(), script.details(), history_of(script))
    assert problem is not None and problem.kind == "warn"
    assert problem.headline == "1 of 5 tasks failed; the others are done."
    assert find_job_problem(summary(), finished_job().details(), history_of(finished_job())) is None


def test_a_stopped_and_a_paused_job_say_what_is_kept() -> None:
    stopped = find_job_problem(summary(state="stopped"), finished_job().details(), history_of(finished_job()))
    assert stopped is not None and stopped.explanation == "What was trained until then is kept."
    full = summary(state="paused", message="less than 500 MB free. The last save is intact")
    paused = find_job_problem(full, None, JobHistory())
    assert paused is not None and paused.headline == "Paused: less than 500 MB free. The last save is intact."
    assert [offer.text for offer in paused.offers] == ["Resume", "Open folder"]


def test_settings_have_the_titles_and_units_of_the_spec() -> None:
    rows = {row.path: row for row in spec_rows(SPEC)}
    assert rows["training[1].learning_rate"].label == "Learning rate"
    assert rows["training[1].sequence_length"].unit == "rows"
    assert not rows["training[1].sequence_length"].is_explicit and rows["training[1].max_epochs"].is_explicit
    assert rows["model[1].sizes"].section == "LSTM"
    assert {row.group for row in rows.values()} == {"Data", "Signals and preparation", "Model", "Run"}


def test_a_list_of_alternatives_is_shown_as_submitted() -> None:
    grid = {**SPEC, "model": [{"kind": ["lstm", "fnn"], "sizes": [[16], [32]], "dropout": "0, 0.1"}]}
    rows = {row.path: row for row in spec_rows(grid)}
    assert (rows["model[1].sizes"].value, rows["model[1].dropout"].value) == ("[16], [32]", "0, 0.1")
    assert rows["model[1].sizes"].section == "LSTM, FNN"


def test_a_document_that_is_not_valid_is_shown_all_the_same() -> None:
    assert "surprise" in {row.label for row in spec_rows({"model": [{"kind": "lstm", "surprise": 1}]})}


def test_only_differences_are_listed() -> None:
    other_spec = {**SPEC, "training": [{**SPEC["training"][0], "learning_rate": 0.01, "patience": 30}]}
    found_differences = differences(SPEC, other_spec)
    assert [(row.label, row.this_value, row.other_value) for row in found_differences] == [
        ("Learning rate", "0.005", "0.01")
    ]
    assert differences(SPEC, SPEC) == []


def test_every_event_has_a_text() -> None:
    for event in finished_job().events:
        text = event_text(event)
        assert text and "{" not in text and "None" not in text, event


def test_a_message_event_shows_its_level_and_message() -> None:
    data = {"level": "warning", "message": "less than 500 MB free"}
    assert event_text({"kind": "message", "data": data}) == "warning: less than 500 MB free"


def test_an_event_of_a_later_version_is_shown_as_it_is() -> None:
    assert event_text({"kind": "surprise", "data": {"a": 1}}) == "surprise {'a': 1}"


def test_trust_is_stated_in_sentences() -> None:
    script = finished_job()
    assert trust_sentences(history_of(script)) == []
    band = {"level": 0.95, "half_width_mV": 9.97, "calibration_rows": 900, "coverage": 0.725}
    script.add_event("result", "test_001", band=band)
    script.add_event("result", "baseline_1", label_check={"message": "Labels drift.", "rmse_mV": 2.0})
    spread = {"mean": 8.0, "std": 1.25, "min": 6.75, "max": 9.25, "values": [6.75, 9.25]}
    seeds = {"title": "Ensemble of 2 LSTM 24", "spread": {"test": {"mae_mV": spread, "rmse_mV": spread}}}
    script.add_task("ensemble_1", "ensemble", "Ensemble of 2 LSTM 24", "done").add_event(
        "result", "ensemble_1", seeds=seeds
    )
    cases = [{"case": "undisturbed", "rmse_mV": 4.0, "cost_mV": 0.0}, {"case": "SOC +10 %", "cost_mV": 89.2}]
    script.add_task("evaluation_1", "evaluation", "Robustness", "done")
    script.add_event("result", "evaluation_1", robustness=[{"model": {"title": "LSTM 24"}, "cases": cases}])
    assert trust_sentences(history_of(script)) == [
        "2 LSTM 24: RMSE 8.00 ± 1.25 mV in test (6.75 to 9.25 mV).",
        "LSTM 24 ± 9.97 mV holds 95 % of the validation rows and 72 % of the test rows.",
        "LSTM 24: of 1 disturbance SOC +10 % costs most, 89.2 mV.",
        "Labels drift.",
    ]
