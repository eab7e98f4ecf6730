"""Texts of jobs and tasks in each state."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gui.fake_link import summary
from vestim_core.spec.states import JobState, TaskState
from vestim_gui.store.job_presenter import STATES, present_job, present_task
from vestim_gui.store.table_columns import COLUMNS, sort_rows

BEST = {"metric": "rmse_mV", "value": 4.1}
RUNNING = {"state": "running", "phase": "training", "ended_utc": "", "fraction": 0.6}


def test_every_state_has_a_glyph_and_a_word_of_its_own() -> None:
    assert set(STATES) == {*JobState, *TaskState}
    assert all(glyph and word and tone for glyph, word, tone in STATES.values())
    for kind in (JobState, TaskState):
        assert len({STATES[state][1] for state in kind}) == len(kind)


@pytest.mark.parametrize(
    ("fields", "progress", "word", "text", "metric_text"),
    [
        (
            {**RUNNING, "models": 1, "epochs": 124, "max_epochs": 200, "validation": BEST},
            {"epoch": 124, "max_epochs": 200, "fraction": 0.62, "time_left_s": 130.0},
            "Training",
            "epoch 124/200 · 2 min 10 s left",
            "val 4.10 mV",
        ),
        ({**RUNNING, "models": 30, "models_done": 10, "best": BEST}, None, "Training", "model 11/30", "best 4.10 mV"),
        (
            {**RUNNING, "models": 2, "models_done": 1, "best": {**BEST, "value": 80.0}, "validation": BEST},
            None,
            "Training",
            "model 2/2",
            "val 4.10 mV",
        ),
        (
            {**RUNNING, "phase": "data_import", "activity": "read 2 of 7 files", "models": 1},
            None,
            "Preparing",
            "read 2 of 7 files",
            "",
        ),
        ({"state": "queued", "fraction": 0.0}, None, "Queued", "starts after 2 jobs", ""),
        ({"state": "paused", "intent": "pause", "epochs": 88, "max_epochs": 200}, None, "Paused", "epoch 88/200", ""),
        ({"state": "failed", "error": {"message": "loss became NaN"}}, None, "Failed", "loss became NaN", "see why"),
        ({"state": "done", "best": BEST, "models": 1}, None, "Done", " · 1 min 0 s", "test 4.10 mV"),
        ({"state": "draft", "needs": {"message": "choose files"}}, None, "Draft", "choose files", "open to go on"),
        ({"state": "running", "intent": "stop", "phase": "training"}, None, "Stopping…", "", ""),
        ({"state": "running", "intent": "pause", "phase": "training"}, None, "Pausing…", "", ""),
        ({"archived": True}, None, "Done", "archived · finished", ""),
    ],
)
def test_texts(fields: dict[str, Any], progress: dict[str, Any] | None, word: str, text: str, metric_text: str) -> None:
    presenter = present_job(summary(**fields), progress, jobs_ahead=2, now_s=1.0)
    assert presenter.word == word and text in presenter.text and presenter.metric_text == metric_text
    assert presenter.word.lower() in presenter.accessible_text and presenter.title in presenter.accessible_text


def test_the_time_left_of_several_models_is_extrapolated_from_the_whole_job() -> None:
    row = summary(**RUNNING, models=3, tasks={"running": 3})
    started_s = 1767268801.0
    assert present_job(row, None, now_s=started_s + 600).text == "model 1/3 · about 7 min left"
    assert present_job(row, None, now_s=started_s + 1).text == "model 1/3", "too early to say"
    with_time_left = {**row, "time_left_s": 61.0}
    assert present_job(with_time_left, None, now_s=started_s + 600).text == "model 1/3 · at most 1 min 0 s left", (
        "pauses do not count"
    )


def test_a_pending_command_shows_at_once() -> None:
    presenter = present_job(summary(state="running", phase="training"), pending_text="Pausing…")
    assert presenter.word == "Pausing…" and presenter.is_pending


def test_a_task_shows_its_own_state() -> None:
    task = {
        "task_id": "train_001",
        "kind": "train",
        "title": "LSTM 24",
        "state": "running",
        "message": "",
        "error": None,
    }
    progress = {"epoch": 3, "max_epochs": 30, "fraction": 0.1, "best_validation_rmse_mV": 9.0}
    presenter = present_task({**task, "progress": progress, "result": {}}, {"fraction": 0.12, "time_left_s": 40.0})
    assert (presenter.title, presenter.word, presenter.text) == ("Train LSTM 24", "Training", "epoch 3/30 · 40 s left")
    assert presenter.metric_text == "val 9.00 mV" and presenter.fraction == 0.12
    done_task = {
        **task,
        "kind": "test",
        "state": "done",
        "progress": {},
        "result": {"overall": {"test": {"rmse_mV": 7.76}}},
    }
    assert present_task(done_task).metric_text == "test 7.76 mV" and present_task(done_task).fraction == 1.0


def test_every_column_has_a_text_and_an_order_for_every_row() -> None:
    rows = [
        summary("job_a", best=BEST),
        summary("job_b", state="draft", started_utc="", ended_utc="", tasks={}),
        {**summary("job_c"), "state": "running", "ended_utc": ""},
    ]
    for column in COLUMNS:
        for row in rows:
            assert isinstance(column.text(row, None, present_job(row), 1767268861.0), str)
        for descending in (False, True):
            assert {row["job_id"] for row in sort_rows(rows, column.id, descending)} == {"job_a", "job_b", "job_c"}


def test_the_default_order_is_running_queued_drafts_then_newest_first() -> None:
    rows = [
        summary("old", created_utc="2026-01-01T00:00:00.000Z"),
        summary("new", created_utc="2026-02-01T00:00:00.000Z"),
        summary("draft", state="draft"),
        summary("third", state="queued", position=3),
        summary("second", state="paused", position=2),
        summary("first", state="running", position=9),
    ]
    assert [row["job_id"] for row in sort_rows(rows, "", False)] == ["first", "second", "third", "draft", "new", "old"]
