"""Any document can be shown and comes out of the form unchanged: nothing of the user's is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from vestim_core.spec.job_problems import job_problems
from vestim_gui.context import Context
from vestim_gui.new_job.form_problems import parse_problems
from vestim_gui.new_job.job_document import JOB_FIELDS, expand_document
from vestim_gui.new_job.sections import Sections

UNUSUAL_DOCUMENTS: list[dict[str, Any]] = [
    {"signals": [{"target": "soc"}, {"target": "voltage_V"}]},
    {"signals": "all"},
    {"signals": {"features": [["soc"], ["current_A"]], "target": ["a", "b"]}},
    {"preparation": [[{"step": "resample"}], [{"step": "normalize"}]]},
    {"preparation": [{"step": ["ema", "moving_average"], "column": "x"}]},
    {"preparation": 3},
    {"model": "lstm"},
    {"model": [{"kind": "transformer", "heads": 4}]},
    {"model": [{"kind": ["lstm", "fnn"], "sizes": [4]}]},
    {"model": [[{"kind": "lstm"}]]},
    {"model": []},
    {"training": [{"method": "tbptt", "optimizer": [{"kind": "adam"}, {"kind": "sgd", "momentum": 0.5}]}]},
    {"training": [{"method": "tbptt", "optimizer": "sgd"}]},
    {"training": [{"method": ["tbptt", "windows"]}]},
    {"training": [{"method": "tbptt", "schedule": {"kind": "step", "factor": "x, y"}, "exploit": 5}]},
    {"training": "fast"},
    {"testing": 3},
    {"testing": {"baseline": "maybe", "more": 1}},
    {"data": {"train": "one", "validation": ["a", 3], "columns": ["x"], "repairs": "none", "hashes": {"a": "b"}}},
    {"data": {"repairs": [{"file": "a", "repair": {"kind": "flip", "parameters": {"column": "x"}}}], "extra": []}},
    {"max_parallel_tasks": [1, 2]},
    {"unknown": {"deep": [1, {"x": None}]}},
    {"name": "<b>not markup</b>"},
]


@pytest.fixture
def sections(ctx: Context, qtbot: QtBot) -> Iterator[Sections]:
    ctx.link.start()
    shown_sections = Sections(ctx)
    qtbot.addWidget(shown_sections)
    shown_sections.show()
    yield shown_sections
    shown_sections.data.close_section()


def expected_document(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the form returns it: data always present, a single path as a list, a kind alone as a section."""
    expected = expand_document(document)
    data = expected.get("data", {})
    if isinstance(data, dict):
        data = {name: [value] if name == "train" and isinstance(value, str) else value for name, value in data.items()}
    expected["data"] = data
    expected["model"] = [{"kind": model} if isinstance(model, str) else model for model in expected["model"]]
    expected["training"] = [{"method": "fast"}] if expected["training"] == "fast" else expected["training"] or None
    return {name: value for name, value in expected.items() if value is not None}


@pytest.mark.parametrize("index", range(len(UNUSUAL_DOCUMENTS)))
def test_an_unusual_document_is_returned_unchanged(index: int, sections: Sections) -> None:
    document = UNUSUAL_DOCUMENTS[index]
    sections.set_document(expand_document(document))
    edited = sections.document()
    expected = expected_document(document)
    if document == UNUSUAL_DOCUMENTS[12]:
        expected["training"][0]["optimizer"] = {"kind": "sgd"}
    assert edited == expected
    problems = parse_problems(job_problems(edited))
    stops = sections.show_problems(problems)
    assert len(stops) >= len({problem.path for problem in problems if problem.path[:1] == ("data",)}) or not problems
    assert bool(stops) == bool(problems), "every problem is shown somewhere"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("a1,;= ", max_size=6),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "step", "method", "sizes", "x"]), children, max_size=3)
    ),
    max_leaves=8,
)


@given(document=st.dictionaries(st.sampled_from(list(JOB_FIELDS)), json_values, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_document_breaks_the_form(document: dict[str, Any], sections: Sections) -> None:
    sections.set_document(expand_document(document))
    edited = sections.document()
    sections.show_problems(parse_problems(job_problems(edited)))
    sections.set_trial_count(5)
    sections.set_document(edited)
    assert sections.document() == edited
