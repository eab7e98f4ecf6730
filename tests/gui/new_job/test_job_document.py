"""Documents as the form expands them: lists of models, and a training for each."""

from __future__ import annotations

from typing import Any

import pytest

from vestim_core.spec.job import validate_job
from vestim_core.spec.job_presets import installed_presets
from vestim_core.spec.schema_upgrade import upgrade_draft
from vestim_gui.new_job.form_problems import parse_location, parse_problems
from vestim_gui.new_job.job_document import (
    apply_preset,
    estimate_combinations,
    expand_document,
    finish_document,
    match_training,
)

DATA = {"train": ["/a.csv"], "validation": ["/b.csv"]}


def test_an_empty_document_expands_to_the_default_job() -> None:
    document = expand_document({})
    assert [step["step"] for step in document["preparation"]] == ["resample", "pre_roll", "normalize"]
    assert document["model"] == [{"kind": "lstm"}]
    assert document["training"] == [{"method": "tbptt"}]
    assert validate_job({**document, "data": DATA}) == validate_job({"data": DATA})


@pytest.mark.parametrize("preset", installed_presets(), ids=lambda preset: preset.preset_id)
def test_a_preset_keeps_data_and_name(preset: Any) -> None:
    document = apply_preset({"name": "mine", "data": DATA, "model": [{"kind": "fnn"}]}, preset.job)
    assert (document["name"], document["data"]) == ("mine", DATA)
    assert validate_job(finish_document(document)) == validate_job({"name": "mine", "data": DATA, **preset.job})


def test_trainings_match_the_models() -> None:
    lstm, fnn = {"kind": "lstm"}, {"kind": "fnn"}
    tbptt = {"method": "tbptt", "max_epochs": 9}
    assert match_training([lstm], []) == [{"method": "tbptt"}]
    assert match_training([lstm, fnn], [tbptt]) == [tbptt, {"method": "rows"}]
    assert match_training([fnn], [tbptt]) == [{"method": "rows"}]
    assert match_training([{"kind": "lstm, fnn"}], []) == [{"method": "tbptt"}, {"method": "rows"}]
    assert match_training([lstm, fnn], {"max_epochs": 9, "batch_size": 5, "sequence_length": 20}) == [
        {"method": "tbptt", "max_epochs": 9, "batch_size": 5, "sequence_length": 20},
        {"method": "rows", "max_epochs": 9, "batch_size": 5},
    ]
    windows = {"method": "windows"}
    assert match_training([lstm], [windows]) == [windows], "another matching method is kept"
    assert match_training([lstm], [tbptt, windows]) == [tbptt, windows]


def test_settings_without_a_method_choose_it_as_the_spec_does() -> None:
    document = {"data": DATA, "training": {"lookback": 90}}
    assert match_training([{"kind": "lstm"}], document["training"]) == [{"method": "windows", "lookback": 90}]
    assert validate_job(expand_document(document)) == validate_job(document)


def test_values_other_than_section_lists_are_kept() -> None:
    assert match_training([{"kind": "lstm"}], "all of them") == "all of them"
    assert match_training([{"kind": "transformer"}], [{"method": "rows"}]) == [{"method": "rows"}]
    assert expand_document({"model": "lstm", "extra": 1})["extra"] == 1


EARLIER_TRAININGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"method": "streams", "streams": "32, 64", "chunk_steps": 40, "chunks_per_stream": 9},
        {"method": "tbptt", "batch_size": "32, 64", "sequence_length": 40, "sequences_per_draw": 9},
    ),
    (
        {"method": "windows", "lookback_steps": 90, "batch_windows": 16},
        {"method": "windows", "lookback": 90, "batch_size": 16},
    ),
    ({"method": "rows", "batch_rows": [256, 512]}, {"method": "rows", "batch_size": [256, 512]}),
]


@pytest.mark.parametrize(("earlier", "present"), EARLIER_TRAININGS)
def test_the_spelling_of_earlier_versions_is_read(earlier: dict[str, Any], present: dict[str, Any]) -> None:
    kind = "fnn" if earlier["method"] == "rows" else "lstm"
    steps = [{"step": "resample"}, {"step": "normalise"}]
    document = {"schema_version": 2, "model": {"kind": kind}, "preparation": steps, "training": earlier, "extra": 1}
    expanded = expand_document(document)
    assert expanded["training"] == [present]
    assert expanded["preparation"] == [{"step": "resample"}, {"step": "normalize"}]
    assert expanded["extra"] == 1
    assert document["training"] is earlier and "schema_version" not in expanded
    assert expand_document(expanded) == expanded


def test_a_setting_named_twice_stays_as_it_is() -> None:
    section = {"method": "tbptt", "streams": 32, "batch_size": 64}
    assert expand_document({"training": [section]})["training"] == [section]
    assert upgrade_draft({"training": [section]}).notes == ()


def test_locations_are_paths_counted_from_zero() -> None:
    assert parse_location("model[2].sizes[1]") == ("model", 1, "sizes", 0)
    assert parse_location("") == ()
    record = {"location": "model", "message": "is missing"}
    assert [problem.message for problem in parse_problems([record, record])] == ["Is missing."]


def test_combinations_are_never_underestimated() -> None:
    assert estimate_combinations(expand_document({})) <= 3
    document = {
        "model": [{"kind": "lstm", "sizes": "1; 2; 3"}],
        "training": [{"learning_rate": ", ".join(["1"] * 200)}],
    }
    assert estimate_combinations(document) >= 600
