"""Half the batch in every training section, whichever method it has, named or not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from vestim_core.spec.job import JobSpec
from vestim_core.spec.training import RowsTraining, TbpttTraining, WindowsTraining
from vestim_gui.detail.half_batch import with_half_batch

DATA = {"train": ["/a.csv"], "validation": ["/b.csv"]}
LSTM, FNN = {"kind": "lstm"}, {"kind": "fnn"}
HALF_DEFAULTS = {
    "tbptt": TbpttTraining().batch_size // 2,
    "windows": WindowsTraining().batch_size // 2,
    "rows": RowsTraining().batch_size // 2,
}
KIND_OF_METHOD = {"tbptt": "lstm", "windows": "gru", "rows": "fnn"}


def halved_training(training: Any, models: Any = None) -> list[Any]:
    """Training sections of the halved document, which must be a valid job."""
    document = {"data": DATA, **({} if models is None else {"model": models})}
    document |= {} if training is None else {"training": training}
    untouched = copy.deepcopy(document)
    halved = with_half_batch(document)
    assert document == untouched
    JobSpec.model_validate(halved)
    sections: list[Any] = halved["training"]
    return sections


@pytest.mark.parametrize("method", HALF_DEFAULTS)
@pytest.mark.parametrize(
    ("batch_size", "expected"), [(48, 24), (1, 1), ([64, 32], [32, 16]), ([2, 1], [1]), ("64, 32", [32, 16])]
)
def test_a_named_batch_size_is_halved(method: str, batch_size: Any, expected: Any) -> None:
    section = {"method": method, "batch_size": batch_size, "seed": 7}
    expected_section = {"method": method, "batch_size": expected, "seed": 7}
    assert halved_training([section], {"kind": KIND_OF_METHOD[method]}) == [expected_section]
    assert halved_training(section, {"kind": KIND_OF_METHOD[method]}) == [expected_section]


@pytest.mark.parametrize(("method", "half_default"), HALF_DEFAULTS.items())
def test_the_default_of_the_method_is_halved_where_no_batch_size_is_named(method: str, half_default: int) -> None:
    assert halved_training([{"method": method, "seed": 7}], {"kind": KIND_OF_METHOD[method]}) == [
        {"method": method, "seed": 7, "batch_size": half_default}
    ]


def test_every_section_is_halved() -> None:
    sections = [{"method": "tbptt", "batch_size": 10}, {"method": "windows"}, {"method": "rows"}]
    assert [section["batch_size"] for section in halved_training(sections, [LSTM, FNN])] == [
        5,
        HALF_DEFAULTS["windows"],
        HALF_DEFAULTS["rows"],
    ]


@pytest.mark.parametrize(
    ("models", "methods"),
    [
        (None, ["tbptt"]),
        (LSTM, ["tbptt"]),
        ([{"sizes": [8]}], ["tbptt"]),
        ([FNN], ["rows"]),
        ([LSTM, FNN], ["tbptt", "rows"]),
        ([{"kind": ["fnn", "gru"]}], ["rows", "tbptt"]),
    ],
)
def test_a_section_without_method_gets_those_that_the_models_need(models: Any, methods: list[str]) -> None:
    defaults = [{"method": method, "batch_size": HALF_DEFAULTS[method]} for method in methods]
    assert halved_training(None, models) == defaults
    assert halved_training([{"seed": 7}], models) == [{**section, "seed": 7} for section in defaults]
    halved_sections = [{**section, "batch_size": 5} for section in defaults]
    assert halved_training([{"batch_size": 10}], models) == halved_sections


def test_a_section_without_method_keeps_each_setting_where_it_belongs() -> None:
    assert halved_training({"lookback": 90, "seed": 7}, [LSTM, FNN]) == [
        {"method": "windows", "lookback": 90, "seed": 7, "batch_size": HALF_DEFAULTS["windows"]},
        {"method": "rows", "seed": 7, "batch_size": HALF_DEFAULTS["rows"]},
    ]


def test_a_list_of_methods_is_split_only_where_their_defaults_differ() -> None:
    methods = ["tbptt", "windows"]
    assert halved_training([{"method": methods, "batch_size": 8}], LSTM) == [{"method": methods, "batch_size": 4}]
    assert halved_training([{"method": methods, "lookback": 90, "sequence_length": 20}], LSTM) == [
        {"method": "tbptt", "sequence_length": 20, "batch_size": HALF_DEFAULTS["tbptt"]},
        {"method": "windows", "lookback": 90, "batch_size": HALF_DEFAULTS["windows"]},
    ]


def test_what_is_no_section_stays() -> None:
    halved = with_half_batch({"training": ["tbptt", {"method": "magic"}, {"method": "rows", "batch_size": "many"}]})
    assert halved["training"] == ["tbptt", {"method": "magic"}, {"method": "rows", "batch_size": "many"}]
