"""Earlier spellings of job files and stored records read as today's; nothing is guessed where two keys contradict."""

from typing import Any

import pytest

from vestim_core.spec.schema_upgrade import (
    ConflictingKeysError,
    upgrade_event,
    upgrade_job,
    upgrade_job_record,
    upgrade_record,
)


def upgraded_training(training: Any, **document: Any) -> Any:
    return upgrade_job({"training": training, **document}).document["training"]


@pytest.mark.parametrize(
    ("earlier", "present"),
    [
        (
            {"method": "streams", "streams": 8, "chunk_steps": 20, "chunks_per_stream": 4, "burn_in_steps": 5},
            {"method": "tbptt", "batch_size": 8, "sequence_length": 20, "sequences_per_draw": 4, "burn_in_steps": 5},
        ),
        (
            {"method": "windows", "lookback_steps": 100, "batch_windows": 50, "stride_steps": 2},
            {"method": "windows", "lookback": 100, "batch_size": 50, "stride_steps": 2},
        ),
        ({"method": "rows", "batch_rows": 512}, {"method": "rows", "batch_size": 512}),
    ],
)
def test_each_method_gets_the_present_keys(earlier: dict[str, Any], present: dict[str, Any]) -> None:
    assert upgraded_training(earlier) == present
    assert upgraded_training(present) == present
    assert upgrade_record({"training": earlier}) == {"training": present}


def test_a_section_without_method_stays_with_the_methods_that_its_keys_belonged_to() -> None:
    models = [{"kind": "lstm"}, {"kind": "fnn"}]
    assert upgraded_training({"max_epochs": 3, "streams": [16, 32]}, model=models) == [
        {"max_epochs": 3, "batch_size": [16, 32], "method": "tbptt"},
        {"max_epochs": 3, "method": "rows"},
    ]
    assert upgraded_training({"lookback_steps": 50, "batch_windows": 9}, model={"kind": "gru"}) == {
        "lookback": 50,
        "batch_size": 9,
        "method": "windows",
    }


def test_a_list_of_methods_is_split_where_their_keys_differed() -> None:
    assert upgraded_training({"method": ["streams", "windows"], "streams": 4, "batch_windows": 5, "patience": 2}) == [
        {"batch_size": 4, "patience": 2, "method": "tbptt"},
        {"batch_size": 5, "patience": 2, "method": "windows"},
    ]
    assert upgraded_training({"method": ["streams", "windows"]}) == {"method": ["tbptt", "windows"]}
    assert upgraded_training({"method": "streams, windows"}) == {"method": ["tbptt", "windows"]}


def test_notes_name_each_renamed_key_once() -> None:
    document = {
        "schema_version": 1,
        "preparation": [{"step": "resample"}, {"step": "normalise"}],
        "training": [{"method": "streams", "streams": 2}, {"method": "streams", "streams": 3}],
    }
    upgraded = upgrade_job(document)
    assert upgraded.document["schema_version"] == 3
    assert upgraded.document["preparation"] == [{"step": "resample"}, {"step": "normalize"}]
    assert upgraded.notes == (
        "the preparation step 'normalise' is called 'normalize' now",
        "the training method 'streams' is called 'tbptt' now",
        "the setting 'streams' is called 'batch_size' now",
    )
    assert upgrade_job(upgraded.document).notes == ()


@pytest.mark.parametrize("method", [{}, {"method": "streams"}])
def test_an_earlier_beside_a_present_key_is_refused(method: dict[str, Any]) -> None:
    with pytest.raises(ConflictingKeysError, match=r"training\.streams is the earlier name of training\.batch_size"):
        upgrade_job({"training": {**method, "streams": 8, "batch_size": 16}})


@pytest.mark.parametrize("document", [{}, {"training": 7}, {"training": [None, "x"]}, {"preparation": "normalise"}])
def test_odd_documents_pass_through(document: dict[str, Any]) -> None:
    assert upgrade_job(document).document == document


def test_stored_findings_and_errors_are_recognized_by_their_shape() -> None:
    finding = {"code": "time.gap", "severity": "warning", "sentence": "A pause.", "file": "a.csv"}
    error = {
        "code": "wrong_input",
        "message": "no",
        "place": "data",
        "actions": [],
        "problems": [{"place": "data.train", "sentence": "is missing"}],
    }
    assert upgrade_record({"checks": [finding], "error": error}) == {
        "checks": [{"code": "time.gap", "severity": "warning", "message": "A pause.", "file": "a.csv"}],
        "error": {
            "code": "wrong_input",
            "message": "no",
            "location": "data",
            "actions": [],
            "problems": [{"location": "data.train", "message": "is missing"}],
        },
    }
    assert upgrade_event("message", {"level": "info", "text": "hello", "place": "x"}) == {
        "level": "info",
        "message": "hello",
        "location": "x",
    }


def test_rows_say_why_in_message_and_what_they_do_in_activity() -> None:
    row = {"job_id": "job_1", "state": "failed", "reason": "no disk", "message": "epoch 3 of 12", "tags": []}
    present = {"job_id": "job_1", "state": "failed", "message": "no disk", "activity": "epoch 3 of 12", "tags": []}
    assert upgrade_record(row) == present
    assert upgrade_record(present) == present
    assert upgrade_event("task", {"state": "running", "kind": "train", "reason": ""}) == {
        "state": "running",
        "kind": "train",
        "message": "",
    }


def test_tasks_on_new_files_are_evaluations() -> None:
    task = {"task_id": "retest_1", "kind": "retest", "retest": {"files": ["a"], "trained": ["train_001"]}}
    assert upgrade_record(task) == {
        "task_id": "retest_1",
        "kind": "evaluation",
        "evaluation": {"files": ["a"], "training_task_ids": ["train_001"]},
    }


def test_a_job_record_keeps_its_order_and_a_draft_that_contradicts_itself() -> None:
    record = {"job_id": "job_1", "spec": {"training": {"method": "rows", "batch_rows": 4}}, "state": "draft"}
    assert list(upgrade_job_record(record)) == list(record)
    assert upgrade_job_record(record)["spec"] == {"training": {"method": "rows", "batch_size": 4}}
    odd = {"spec": {"training": {"method": "rows", "batch_rows": 4, "batch_size": 5}}}
    assert upgrade_job_record(odd) == odd
