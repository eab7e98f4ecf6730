"""Invalid input: all problems are reported together, each with its field and a message, never as a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spec.documents import job_document
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import validate_job
from vestim_core.spec.job_file_reader import parse_document, read_job_document


def messages_by_location(**sections: Any) -> dict[str, str]:
    with pytest.raises(VestimError) as caught:
        validate_job(job_document(**sections))
    error = caught.value
    assert error.code is ErrorCode.WRONG_INPUT
    assert "\n" not in error.message
    return {problem["location"]: problem["message"] for problem in error.problems}


@pytest.mark.parametrize(
    ("sections", "location"),
    [
        ({"modle": {}}, "modle"),
        ({"training": {"learning_rat": 1}}, "training[1].learning_rat"),
        ({"training": {"learning_rate": -1}}, "training[1].learning_rate"),
        ({"training": {"learning_rate": [0.01, -1]}}, "training[1].learning_rate"),
        ({"training": {"learning_rate": float("nan")}}, "training[1].learning_rate"),
        ({"training": {"learning_rate": "fast"}}, "training[1].learning_rate"),
        ({"training": {"method": "magic"}}, "training[1]"),
        ({"training": {"optimizer": "adamm"}}, "training[1].optimizer"),
        ({"training": {"schedule": {"kind": "step", "factor": 2}}}, "training[1].schedule.factor"),
        ({"model": {"kind": "transformer"}}, "model[1]"),
        ({"model": {"kind": "lstm", "sizes": [64, 0]}}, "model[1].sizes[2]"),
        ({"model": [{"kind": "lstm"}, {"kind": "fnn", "dropout": 1.5}]}, "model[2].dropout"),
        ({"model": []}, "model"),
        ({"signals": {"target": "soc"}}, "signals"),
        ({"signals": {"features": ["soc", "soc"]}}, "signals"),
        ({"preparation": []}, "preparation"),
        ({"preparation": [{"step": "normalize"}]}, "preparation"),
        ({"data": {"validation": ["v"]}}, "data.train"),
        ({"data": {"train": ["a"], "validation": ["a"]}}, "data"),
        ({"testing": 3}, "testing"),
        ({"max_parallel_tasks": -1}, "max_parallel_tasks"),
        ({"schema_version": 99}, "schema_version"),
    ],
)
def test_each_mistake_is_reported_at_its_field(sections: dict[str, Any], location: str) -> None:
    assert location in messages_by_location(**sections)


def test_all_problems_are_reported_together() -> None:
    message_by_location = messages_by_location(
        unknown=1,
        signals={"target": "soc"},
        training={"learning_rate": [-1, -2], "patience": 0, "schedule": {"kind": "step", "factor": 7}},
        model=[{"kind": "lstm", "dropout": 3}, {"kind": "fnn", "activation": "sine"}],
    )
    assert set(message_by_location) >= {
        "unknown",
        "signals",
        "training[1].learning_rate",
        "training[1].patience",
        "training[1].schedule.factor",
        "model[1].dropout",
        "model[2].activation",
    }


def test_error_record_round_trip() -> None:
    with pytest.raises(VestimError) as caught:
        validate_job({"data": {}})
    restored = VestimError.from_record(caught.value.to_record())
    assert restored.to_record() == caught.value.to_record()
    assert VestimError.from_record({"code": "of a later version"}).code is ErrorCode.FAILED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["data", "signals", "preparation", "model", "training", "testing", "name", "max_parallel_tasks"]
)
INNER_FIELDS = st.sampled_from(
    ["kind", "method", "sizes", "optimizer", "schedule", "train", "step", "features", "learning_rate"]
)


@given(
    st.dictionaries(
        FIELDS,
        JSON
        | st.dictionaries(INNER_FIELDS, JSON, max_size=3)
        | st.lists(st.dictionaries(INNER_FIELDS, JSON, max_size=2), max_size=2),
    )
)
def test_any_sections_give_a_spec_or_one_error(sections: dict[str, Any]) -> None:
    for raw_document in (sections, job_document(**sections)):
        try:
            spec = validate_job(raw_document)
        except VestimError as error:
            assert error.code is ErrorCode.WRONG_INPUT
            assert error.problems
        else:
            assert validate_job(spec.to_document()) == spec


@given(JSON)
def test_any_other_value_is_rejected(value: Any) -> None:
    with pytest.raises(VestimError):
        validate_job(value)


# --- job files


def write_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", b"x = ", "TOML"),
        ("a.toml", b"\xff\xfe", "UTF-8"),
        ("a.json", b'{"a": }', "line 1"),
        ("a.json", b"[1, 2]", "no settings"),
        ("a.json", b"[" * 100_000, "JSON"),
        ("a.json", b'{"a": ' + b"9" * 5000 + b"}", "JSON"),
        ("a.toml", b"a = " + b"[" * 100_000, "TOML"),
        ("a.toml", b"a = " + b"9" * 5000, "TOML"),
        ("a.toml", b" " * ((4 << 20) + 1), "4 MiB"),
    ],
)
def test_unreadable_job_file(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = write_file(tmp_path, name, content)
    with pytest.raises(VestimError, match=message) as caught:
        read_job_document(path)
    assert str(path) in caught.value.message
    assert caught.value.code is ErrorCode.WRONG_INPUT


def test_missing_job_file_or_folder(tmp_path: Path) -> None:
    with pytest.raises(VestimError) as caught:
        read_job_document(tmp_path / "none.toml")
    assert caught.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(VestimError) as caught:
        read_job_document(tmp_path)
    assert caught.value.code is ErrorCode.WRONG_INPUT


@given(st.text(max_size=200), st.booleans())
def test_any_text_gives_a_document_or_one_error(text: str, as_json: bool) -> None:
    try:
        assert isinstance(parse_document(text, "job", as_json=as_json), dict)
    except VestimError as error:
        assert error.code is ErrorCode.WRONG_INPUT


def test_toml_and_json_are_equal_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    values = {"name": "x", "data": {"train": ["a.csv", "/abs/b.csv"], "validation": "v", "test": []}}
    json_file = write_file(tmp_path, "job.json", b"\xef\xbb\xbf" + json.dumps(values).encode())
    toml = b'name = "x"\n[data]\ntrain = ["a.csv", "/abs/b.csv"]\nvalidation = "v"\ntest = []\n'
    json_document = read_job_document(json_file)
    assert json_document == read_job_document(write_file(tmp_path, "job.toml", toml))
    assert json_document["data"] == {
        "train": [str(tmp_path / "a.csv"), "/abs/b.csv"],
        "validation": [str(tmp_path / "v")],
        "test": [],
    }
    assert validate_job(json_document).name == "x"


def test_unknown_user_in_a_data_path(tmp_path: Path) -> None:
    path = write_file(tmp_path, "job.toml", b'[data]\ntrain = ["~nobody-of-that-name/a.csv"]\nvalidation = ["v"]\n')
    with pytest.raises(VestimError, match="nobody-of-that-name"):
        read_job_document(path)
