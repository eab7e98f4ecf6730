"""A misspelled, outdated or contradictory job file gets one sentence that says what to write instead."""

from typing import Any

import pytest

from tests.spec.documents import job_document
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import validate_job


def problems_of(**sections: Any) -> dict[str, str]:
    with pytest.raises(VestimError) as caught:
        validate_job(job_document(**sections))
    return {problem["location"]: problem["message"] for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("sections", "location", "nearest"),
    [
        ({"training": {"learning_rte": 0.01}}, "training[1].learning_rte", "learning_rate"),
        ({"training": {"method": "windows", "batch_sise": 3}}, "training[1].batch_sise", "batch_size"),
        ({"training": {"optimizer": {"kind": "sgd", "momentun": 0.5}}}, "training[1].optimizer.momentun", "momentum"),
        ({"model": {"kind": "lstm", "size": [8]}}, "model[1].size", "sizes"),
        ({"model": [{"kind": "fnn", "activaton": "relu"}]}, "model[1].activaton", "activation"),
        ({"signals": {"feature": ["soc"]}}, "signals.feature", "features"),
        ({"testing": {"basline": True}}, "testing.basline", "baseline"),
        ({"trainig": {}}, "trainig", "training"),
        (
            {"preparation": [{"step": "resample", "period": 1.0}, {"step": "normalize"}]},
            "preparation[1].period",
            "period_s",
        ),
    ],
)
def test_an_unknown_setting_names_the_nearest_one(sections: dict[str, Any], location: str, nearest: str) -> None:
    assert problems_of(**sections)[location] == f"there is no such setting: did you mean '{nearest}'?"


def test_a_setting_that_resembles_nothing_is_not_guessed() -> None:
    assert "check its spelling" in problems_of(training={"zzz": 1})["training[1].zzz"]


@pytest.mark.parametrize("method", [{}, {"method": "streams"}, {"method": "tbptt"}])
def test_an_earlier_beside_a_present_key_is_one_problem(method: dict[str, Any]) -> None:
    (message,) = problems_of(training={**method, "streams": 8, "batch_size": 16}).values()
    assert message == "training.streams is the earlier name of training.batch_size, and both are given: keep batch_size"


def test_a_job_file_of_a_later_schema_says_to_update() -> None:
    assert problems_of(schema_version=4) == {
        "schema_version": "is 4, and this version of Vestim reads job files up to schema 3: update Vestim"
    }


@pytest.mark.parametrize("version", [1, 2])
def test_a_job_file_of_an_earlier_schema_is_read(version: int) -> None:
    earlier = job_document(
        schema_version=version,
        preparation=[{"step": "resample"}, {"step": "normalise"}],
        model=[{"kind": "lstm"}, {"kind": "fnn"}],
        training={"streams": [8, 16], "chunk_steps": 20, "burn_in_steps": 3, "batch_rows": 99, "repetitions": 2},
    )
    present = job_document(
        model=[{"kind": "lstm"}, {"kind": "fnn"}],
        preparation=[{"step": "resample"}, {"step": "normalize"}],
        training=[
            {
                "method": "tbptt",
                "batch_size": [8, 16],
                "sequence_length": 20,
                "burn_in_steps": 3,
                "repetitions": 2,
            },
            {"method": "rows", "batch_size": 99, "repetitions": 2},
        ],
    )
    assert validate_job(earlier).trials() == validate_job(present).trials()
