"""Documents as the form opens them: lists of models, and a training for each."""

from __future__ import annotations

from typing import Any

import pytest

from vestim_core.spec.job import validate_job
from vestim_core.spec.job_presets import presets
from vestim_gui.new_job.document import combinations, finished, opened, training_for, with_preset
from vestim_gui.new_job.problems import path_of, problems_of

DATA = {"train": ["/a.csv"], "validation": ["/b.csv"]}


def test_an_empty_document_is_opened_as_the_usual_job() -> None:
    document = opened({})
    assert [step["step"] for step in document["preparation"]] == ["resample", "pre_roll", "normalise"]
    assert document["model"] == [{"kind": "lstm"}]
    assert document["training"] == [{"method": "streams"}]
    assert validate_job({**document, "data": DATA}) == validate_job({"data": DATA})


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.preset_id)
def test_a_preset_keeps_data_and_name(preset: Any) -> None:
    document = with_preset({"name": "mine", "data": DATA, "model": [{"kind": "fnn"}]}, preset.job)
    assert (document["name"], document["data"]) == ("mine", DATA)
    assert validate_job(finished(document)) == validate_job({"name": "mine", "data": DATA, **preset.job})


def test_trainings_follow_the_models() -> None:
    lstm, fnn = {"kind": "lstm"}, {"kind": "fnn"}
    streams = {"method": "streams", "max_epochs": 9}
    assert training_for([lstm], []) == [{"method": "streams"}]
    assert training_for([lstm, fnn], [streams]) == [streams, {"method": "rows"}]
    assert training_for([fnn], [streams]) == [{"method": "rows"}]
    assert training_for([{"kind": "lstm, fnn"}], []) == [{"method": "streams"}, {"method": "rows"}]
    assert training_for([lstm, fnn], {"max_epochs": 9, "batch_rows": 5}) == [
        {"method": "streams", "max_epochs": 9},
        {"method": "rows", "max_epochs": 9, "batch_rows": 5},
    ]
    windows = {"method": "windows"}
    assert training_for([lstm], [windows]) == [windows], "another method that fits is left alone"
    assert training_for([lstm], [streams, windows]) == [streams, windows]


def test_what_is_no_list_of_sections_stays_as_it_is() -> None:
    assert training_for([{"kind": "lstm"}], "all of them") == "all of them"
    assert training_for([{"kind": "transformer"}], [{"method": "rows"}]) == [{"method": "rows"}]
    assert opened({"model": "lstm", "extra": 1})["extra"] == 1


def test_places_are_paths_from_nought() -> None:
    assert path_of("model[2].sizes[1]") == ("model", 1, "sizes", 0)
    assert path_of("") == ()
    twice = {"place": "model", "sentence": "is missing"}
    assert [one.sentence for one in problems_of([twice, twice])] == ["Is missing."]


def test_combinations_are_counted_quickly_and_never_too_few() -> None:
    assert combinations(opened({})) <= 3
    many = {"model": [{"kind": "lstm", "sizes": "1; 2; 3"}], "training": [{"learning_rate": ", ".join(["1"] * 200)}]}
    assert combinations(many) >= 600
