"""Conversion between texts and values: typed text is kept, parsed as the spec parses it, and shown again unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.spec.grid import expand_document
from vestim_core.spec.job import JobSpec
from vestim_gui.new_job.field_values import (
    MISSING,
    count_values,
    format_value,
    mapping_text,
    parse_field_text,
    parse_value,
)
from vestim_gui.new_job.form_schema import FieldKind, FieldSchema, kind_title, section_schema
from vestim_gui.new_job.job_document import JOB_FIELDS, finish_document


def find_field(path: str) -> FieldSchema:
    schema: Any = section_schema(JobSpec)
    field: Any = None
    for part in path.split("."):
        field_name, _, tag = part.partition(":")
        field = next(candidate for candidate in schema.fields if candidate.name == field_name)
        schema = field.member(tag) if tag else field.members[0] if field.members else None
    return field


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("training:tbptt.learning_rate", "0.005", 0.005),
        ("training:tbptt.learning_rate", "0.005, 0.001", [0.005, 0.001]),
        ("training:tbptt.learning_rate", "", MISSING),
        ("training:tbptt.learning_rate", "fast", "fast"),
        ("training:tbptt.learning_rate", "0.0050", "0.0050"),
        ("training:tbptt.time_budget_s", "60", 60),
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
def test_texts_are_parsed_and_shown_again(path: str, text: str, value: Any) -> None:
    schema = find_field(path)
    parsed_value = parse_field_text(text, schema)
    assert parsed_value == value
    assert type(parsed_value) is type(value)
    text_again = mapping_text(parsed_value) if schema.kind is FieldKind.MAPPING else format_value(parsed_value)
    assert text_again == text, "what is shown again is what was typed"


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_survives_a_round_trip(figure: float) -> None:
    assert parse_value(format_value(figure), find_field("training:tbptt.learning_rate")) == figure


@given(st.text(max_size=30))
def test_typed_text_is_never_changed(text: str) -> None:
    for path in ("training:tbptt.learning_rate", "model:lstm.sizes", "signals.target", "model:fnn.activation"):
        value = parse_field_text(text, find_field(path))
        assert format_value(value) == text if text.strip() else value is MISSING


@given(st.lists(st.integers(1, 99), min_size=1, max_size=4))
def test_the_spec_reads_a_kept_text_as_the_form_does(sizes: list[int]) -> None:
    schema = find_field("model:lstm.sizes")
    untidy_text = " ,".join(map(str, sizes))
    assert list(expand_document(schema.annotation, untidy_text)) == list(
        expand_document(schema.annotation, parse_value(untidy_text, schema))
    )


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("training:tbptt.learning_rate", "0.1, 0.2, 0.3", 3),
        ("training:tbptt.learning_rate", "0.1", 1),
        ("model:lstm.sizes", "16, 32, 64", 1),
        ("model:lstm.sizes", "16; 32; 64", 3),
        ("max_parallel_tasks", "1, 2", 1),
        ("preparation:formula.formula", "lag(x, 2), y", 2),
    ],
)
def test_values_in_a_text_are_counted(path: str, text: str, count: int) -> None:
    schema = find_field(path)
    assert count_values(parse_field_text(text, schema), schema) == count


def test_finished_documents_hold_values_instead_of_texts() -> None:
    document = {
        "model": [{"kind": "lstm", "sizes": "8,8; 4"}],
        "training": [{"method": "tbptt", "learning_rate": "0.0050", "schedule": {"kind": "step", "factor": "0.50"}}],
        "max_parallel_tasks": "02",
        "data": {},
        "odd": "1, 2",
    }
    assert finish_document(document) == {
        "model": [{"kind": "lstm", "sizes": [[8, 8], [4]]}],
        "training": [{"method": "tbptt", "learning_rate": 0.005, "schedule": {"kind": "step", "factor": 0.5}}],
        "max_parallel_tasks": 2,
        "odd": "1, 2",
    }


def test_titles_of_kinds() -> None:
    assert [kind_title(tag) for tag in ("lstm", "tbptt", "ema", "moving_average", "coulomb_soc", "rows")] == [
        "LSTM",
        "TBPTT",
        "EMA",
        "Moving average",
        "Coulomb SOC",
        "Rows",
    ]


def test_every_section_of_the_spec_has_a_shape() -> None:
    assert list(JOB_FIELDS) == [name for name in JobSpec.model_fields if name != "schema_version"]
