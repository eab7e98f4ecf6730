"""Data sets: valid definitions, references from jobs, and error messages."""

from typing import Any

import pytest
from pydantic import ValidationError

from vestim_core.spec.data import DataSpec
from vestim_core.spec.data_set import DataSet, DataSetContent, DataSetFile, DataSetSpec, describe_changes
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import to_vestim_error, validate_job


def validation_message(spec: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        DataSetSpec.model_validate(spec)
    return to_vestim_error(caught.value).message


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "no files to learn from"),
        ({"validation": ["a"]}, "no files to learn from"),
        ({"train": ["a"]}, "no validation files"),
        ({"files": ["a"], "split": {"validation": 0, "test": 1}}, "no validation files"),
        ({"train": ["a"], "split": {}}, "nothing to split"),
        ({"files": ["a"], "split": {"by": "rows"}}, "a split inside a file is refused"),
        ({"files": ["a"], "split": {"validation": 1.5}}, "neither a share below 1 nor a whole number"),
        ({"files": ["a"], "split": {"validation": -1}}, "split.validation"),
        ({"train": ["a"], "validation": ["b"], "color": 1}, "no such setting"),
    ],
)
def test_invalid_data_set_is_rejected(spec: dict[str, Any], message: str) -> None:
    assert message in validation_message(spec)


def content(**changes: Any) -> DataSetContent:
    files = [
        DataSetFile(path="/d/a.csv", role="train", sha256="1" * 64),
        DataSetFile(path="/d/b.csv", role="validation", sha256="2" * 64),
    ]
    return DataSetContent.model_validate({"files": files} | changes)


def test_job_refers_to_data_set_instead_of_files() -> None:
    spec = validate_job({"data": {"data_set": "cells"}})
    assert spec.data.is_reference
    expanded = validate_job({"data": content().to_data("cells")})
    assert not expanded.data.is_reference
    assert (expanded.data.train, expanded.data.hashes) == (["/d/a.csv"], {"/d/a.csv": "1" * 64, "/d/b.csv": "2" * 64})
    for extra_settings in ({"train": ["a"]}, {"columns": {"voltage_V": "U"}}, {"test": ["a"]}):
        with pytest.raises(VestimError, match="stands instead of files"):
            validate_job({"data": {"data_set": "cells", **extra_settings}})
    with pytest.raises(VestimError) as caught:
        validate_job({"data": {"data_set": ""}})
    assert {problem["location"] for problem in caught.value.problems} == {"data.train", "data.validation"}
    with pytest.raises(ValidationError, match="without the files"):
        DataSpec.model_validate({"data_set": "cells", "hashes": {"/d/a.csv": "1"}})


def test_hash_covers_content_roles_mapping_and_repairs_but_not_folders() -> None:
    original = content()
    moved = content(files=[file.model_copy(update={"path": f"/e{file.path}"}) for file in original.files])
    assert moved.sha256 == original.sha256
    other_role = content(files=[file.model_copy(update={"role": "train"}) for file in original.files])
    flip = {"kind": "flip", "parameters": {"column": "current_A"}}
    repaired = content(repairs=[{"file": "/d/a.csv", "repair": flip}])
    moved_files = [file.model_copy(update={"path": f"/e{file.path}"}) for file in original.files]
    assert content(files=moved_files, repairs=[{"file": "/e/d/a.csv", "repair": flip}]).sha256 == repaired.sha256
    other_hashes = {other_role.sha256, content(columns={"voltage_V": "U"}).sha256, repaired.sha256}
    assert len(other_hashes | {original.sha256}) == 4


def test_record_round_trip() -> None:
    data_set = DataSet(
        data_set_id="ds_x",
        name="n",
        created_utc="a",
        updated_utc="b",
        spec=DataSetSpec(train=["/d/a.csv"], validation=["/d/b.csv"]),
        content=content(),
    )
    assert DataSet.model_validate(data_set.to_record()) == data_set
    assert data_set.summary()["files"] == {"train": 1, "validation": 1, "test": 0}


def test_changes_between_checks_are_listed_by_file() -> None:
    a, b = content().files
    new_files = [a.model_copy(update={"sha256": "9" * 64, "role": "test"}), a.model_copy(update={"path": "/d/c.csv"})]
    assert describe_changes([a, b], new_files) == [
        "'/d/a.csv' has other content.",
        "'/d/a.csv' is for test now, not for train.",
        "'/d/b.csv' is no longer in it.",
        "'/d/c.csv' is new.",
    ]
    assert describe_changes([a, b], [a, b]) == []
