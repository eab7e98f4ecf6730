"""Faces: the words for each state, as an engineer reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gui.fake_link import summary
from vestim_core.spec.states import JobState, TaskState
from vestim_gui.store.table_columns import COLUMNS, in_order
from vestim_gui.store.faces import STATES, job_face, task_face

MV = {"metric": "rmse_mV", "value": 4.1}
RUNS = {"state": "running", "phase": "training", "ended_utc": "", "fraction": 0.6}


def test_every_state_has_a_glyph_and_a_word_of_its_own() -> None:
    assert set(STATES) == {*JobState, *TaskState}
    assert all(glyph and word and tone for glyph, word, tone in STATES.values())
    for kind in (JobState, TaskState):
        assert len({STATES[state][1] for state in kind}) == len(kind)


@pytest.mark.parametrize(
    ("fields", "progress", "word", "words", "figure"),
    [
        (
            {**RUNS, "models": 1, "epochs": 124, "max_epochs": 200, "validation": MV},
            {"epoch": 124, "max_epochs": 200, "fraction": 0.62, "time_left_s": 130.0},
            "Training",
            "epoch 124/200 · 2 min 10 s left",
            "val 4.10 mV",
        ),
        ({**RUNS, "models": 30, "models_done": 10, "best": MV}, None, "Training", "model 11/30", "best 4.10 mV"),
        (
            {**RUNS, "models": 2, "models_done": 1, "best": {**MV, "value": 80.0}, "validation": MV},
            None,
            "Training",
            "model 2/2",
            "val 4.10 mV",
        ),
        (
            {**RUNS, "phase": "data_import", "message": "read 2 of 7 files", "models": 1},
            None,
            "Preparing",
            "read 2 of 7 files",
            "",
        ),
        ({"state": "queued", "fraction": 0.0}, None, "Queued", "starts after 2 jobs", ""),
        ({"state": "paused", "intent": "pause", "epochs": 88, "max_epochs": 200}, None, "Paused", "epoch 88/200", ""),
        ({"state": "failed", "error": {"message": "loss became NaN"}}, None, "Failed", "loss became NaN", "see why"),
        ({"state": "done", "best": MV, "models": 1}, None, "Done", " · 1 min 0 s", "test 4.10 mV"),
        ({"state": "draft", "needs": {"message": "choose files"}}, None, "Draft", "choose files", "open to go on"),
        ({"state": "running", "intent": "stop", "phase": "training"}, None, "Stopping…", "", ""),
        ({"state": "running", "intent": "pause", "phase": "training"}, None, "Pausing…", "", ""),
        ({"archived": True}, None, "Done", "archived · finished", ""),
    ],
)
def test_words(fields: dict[str, Any], progress: dict[str, Any] | None, word: str, words: str, figure: str) -> None:
    face = job_face(summary(**fields), progress, ahead=2, now_s=1.0)
    assert face.word == word and words in face.words and face.figure == figure
    assert face.word.lower() in face.spoken and face.title in face.spoken


def test_the_time_left_of_several_models_is_reckoned_from_the_whole_job() -> None:
    row = summary(**RUNS, models=3, tasks={"running": 3})
    began_s = 1767268801.0
    assert job_face(row, None, now_s=began_s + 600).words == "model 1/3 · about 7 min left"
    assert job_face(row, None, now_s=began_s + 1).words == "model 1/3", "too early to say"
    told = {**row, "time_left_s": 61.0}
    assert job_face(told, None, now_s=began_s + 600).words == "model 1/3 · at most 1 min 0 s left", (
        "pauses do not count"
    )


def test_what_was_asked_shows_at_once() -> None:
    face = job_face(summary(state="running", phase="training"), pending="Pausing…")
    assert face.word == "Pausing…" and face.busy


def test_a_task_tells_its_own_state() -> None:
    task = {
        "task_id": "train_001",
        "kind": "train",
        "title": "LSTM 24",
        "state": "running",
        "reason": "",
        "error": None,
    }
    progress = {"epoch": 3, "max_epochs": 30, "fraction": 0.1, "best_validation_rmse_mV": 9.0}
    face = task_face({**task, "progress": progress, "result": {}}, {"fraction": 0.12, "time_left_s": 40.0})
    assert (face.title, face.word, face.words) == ("Train LSTM 24", "Training", "epoch 3/30 · 40 s left")
    assert face.figure == "val 9.00 mV" and face.fraction == 0.12
    done = {**task, "kind": "test", "state": "done", "progress": {}, "result": {"overall": {"test": {"rmse_mV": 7.76}}}}
    assert task_face(done).figure == "test 7.76 mV" and task_face(done).fraction == 1.0


def test_every_column_has_words_and_a_place_for_every_row() -> None:
    rows = [
        summary("job_a", best=MV),
        summary("job_b", state="draft", started_utc="", ended_utc="", tasks={}),
        {**summary("job_c"), "state": "running", "ended_utc": ""},
    ]
    for column in COLUMNS:
        for row in rows:
            assert isinstance(column.text(row, None, job_face(row), 1767268861.0), str)
        for descending in (False, True):
            assert {row["job_id"] for row in in_order(rows, column.id, descending)} == {"job_a", "job_b", "job_c"}


def test_the_order_of_the_list_is_what_runs_the_queue_drafts_then_the_newest() -> None:
    rows = [
        summary("old", created_utc="2026-01-01T00:00:00.000Z"),
        summary("new", created_utc="2026-02-01T00:00:00.000Z"),
        summary("draft", state="draft"),
        summary("third", state="queued", position=3),
        summary("second", state="paused", position=2),
        summary("first", state="running", position=9),
    ]
    assert [row["job_id"] for row in in_order(rows, "", False)] == ["first", "second", "third", "draft", "new", "old"]
