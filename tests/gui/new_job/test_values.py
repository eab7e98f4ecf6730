"""Between texts and values: what is typed is kept, read as the spec reads it, and shown again as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.spec.grid import alternatives
from vestim_core.spec.job import JobSpec
from vestim_gui.new_job.document import FIELDS, finished
from vestim_gui.new_job.shape import FieldShape, Kind, kind_title, section_shape
from vestim_gui.new_job.values import MISSING, count_of, mapping_text, read, text_of, value_of


def field(path: str) -> FieldShape:
    shape: Any = section_shape(JobSpec)
    found: Any = None
    for part in path.split("."):
        name, _, tag = part.partition(":")
        found = next(one for one in shape.fields if one.name == name)
        shape = found.member(tag) if tag else found.members[0] if found.members else None
    return found


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("training:streams.learning_rate", "0.005", 0.005),
        ("training:streams.learning_rate", "0.005, 0.001", [0.005, 0.001]),
        ("training:streams.learning_rate", "", MISSING),
        ("training:streams.learning_rate", "fast", "fast"),
        ("training:streams.learning_rate", "0.0050", "0.0050"),
        ("training:streams.time_budget_s", "60", 60),
        ("model:lstm.sizes", "64, 32", [64, 32]),
        ("model:lstm.sizes", "64, 32; 128", [[64, 32], [128]]),
        ("model:lstm.sizes", "64,32", "64,32"),
        ("model:lstm.layer_norm", "true", True),
        ("model:lstm.layer_norm", "true, false", [True, False]),
        ("model:fnn.activation", "relu", "relu"),
        ("model:fnn.activation", "relu, tanh", ["relu", "tanh"]),
        ("signals.features", "soc, current_A", ["soc", "current_A"]),
        ("preparation:formula.formula", "lag(x, 2)", "lag(x, 2)"),
        ("data.columns", "soc = SOC x", {"soc": "SOC x"}),
        ("data.columns", "soc SOC x", "soc SOC x"),
        ("max_parallel_tasks", "1, 2", "1, 2"),
    ],
)
def test_what_a_text_becomes(path: str, text: str, value: Any) -> None:
    shape = field(path)
    found = value_of(text, shape)
    assert found == value
    assert type(found) is type(value)
    shown = mapping_text(found) if shape.kind is Kind.MAPPING else text_of(found)
    assert shown == text, "what is shown again is what was typed"


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_is_shown_so_that_it_is_read_again(number: float) -> None:
    assert read(text_of(number), field("training:streams.learning_rate")) == number


@given(st.text(max_size=30))
def test_nothing_that_is_typed_is_changed(text: str) -> None:
    for path in ("training:streams.learning_rate", "model:lstm.sizes", "signals.target", "model:fnn.activation"):
        value = value_of(text, field(path))
        assert text_of(value) == text if text.strip() else value is MISSING


@given(st.lists(st.integers(1, 99), min_size=1, max_size=4))
def test_the_spec_reads_a_kept_text_as_the_form_does(sizes: list[int]) -> None:
    shape = field("model:lstm.sizes")
    untidy = " ,".join(map(str, sizes))
    assert list(alternatives(shape.annotation, untidy)) == list(alternatives(shape.annotation, read(untidy, shape)))


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("training:streams.learning_rate", "0.1, 0.2, 0.3", 3),
        ("training:streams.learning_rate", "0.1", 1),
        ("model:lstm.sizes", "16, 32, 64", 1),
        ("model:lstm.sizes", "16; 32; 64", 3),
        ("max_parallel_tasks", "1, 2", 1),
        ("preparation:formula.formula", "lag(x, 2), y", 2),
    ],
)
def test_how_many_values_a_text_holds(path: str, text: str, count: int) -> None:
    shape = field(path)
    assert count_of(value_of(text, shape), shape) == count


def test_what_leaves_the_form_holds_values_instead_of_texts() -> None:
    document = {
        "model": [{"kind": "lstm", "sizes": "8,8; 4"}],
        "training": [{"method": "streams", "learning_rate": "0.0050", "schedule": {"kind": "step", "factor": "0.50"}}],
        "max_parallel_tasks": "02",
        "data": {},
        "odd": "1, 2",
    }
    assert finished(document) == {
        "model": [{"kind": "lstm", "sizes": [[8, 8], [4]]}],
        "training": [{"method": "streams", "learning_rate": 0.005, "schedule": {"kind": "step", "factor": 0.5}}],
        "max_parallel_tasks": 2,
        "odd": "1, 2",
    }


def test_kinds_have_names_for_people() -> None:
    assert [kind_title(tag) for tag in ("lstm", "ema", "moving_average", "coulomb_soc", "rows")] == [
        "LSTM",
        "EMA",
        "Moving average",
        "Coulomb SOC",
        "Rows",
    ]


def test_every_section_of_the_spec_has_a_shape() -> None:
    assert list(FIELDS) == [name for name in JobSpec.model_fields if name != "schema_version"]
