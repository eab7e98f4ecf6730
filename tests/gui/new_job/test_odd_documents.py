"""Whatever a document holds is shown, and comes out of the form as it went in: nothing of the user's is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from vestim_core.spec.problems import job_problems
from vestim_gui.context import Context
from vestim_gui.new_job.document import FIELDS, opened
from vestim_gui.new_job.problems import problems_of
from vestim_gui.new_job.sections import Sections

ODD: list[dict[str, Any]] = [
    {"signals": [{"target": "soc"}, {"target": "voltage_V"}]},
    {"signals": "all"},
    {"signals": {"features": [["soc"], ["current_A"]], "target": ["a", "b"]}},
    {"preparation": [[{"step": "resample"}], [{"step": "normalise"}]]},
    {"preparation": [{"step": ["ema", "moving_average"], "column": "x"}]},
    {"preparation": 3},
    {"model": "lstm"},
    {"model": [{"kind": "transformer", "heads": 4}]},
    {"model": [{"kind": ["lstm", "fnn"], "sizes": [4]}]},
    {"model": [[{"kind": "lstm"}]]},
    {"model": []},
    {"training": [{"method": "streams", "optimizer": [{"kind": "adam"}, {"kind": "sgd", "momentum": 0.5}]}]},
    {"training": [{"method": "streams", "optimizer": "sgd"}]},
    {"training": [{"method": ["streams", "windows"]}]},
    {"training": [{"method": "streams", "schedule": {"kind": "step", "factor": "x, y"}, "exploit": 5}]},
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
    made = Sections(ctx)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.data.close_section()


def same(document: dict[str, Any]) -> dict[str, Any]:
    """As the form gives it: data are always there, one path is a list of one, one kind alone is a section."""
    made = opened(document)
    data = made.get("data", {})
    if isinstance(data, dict):
        data = {name: [value] if name == "train" and isinstance(value, str) else value for name, value in data.items()}
    made["data"] = data
    made["model"] = [{"kind": one} if isinstance(one, str) else one for one in made["model"]]
    made["training"] = [{"method": "fast"}] if made["training"] == "fast" else made["training"] or None
    return {name: value for name, value in made.items() if value is not None}


@pytest.mark.parametrize("number", range(len(ODD)))
def test_an_odd_document_comes_out_as_it_went_in(number: int, sections: Sections) -> None:
    document = ODD[number]
    sections.set_document(opened(document))
    found = sections.document()
    wanted = same(document)
    if document == ODD[12]:
        wanted["training"][0]["optimizer"] = {"kind": "sgd"}
    assert found == wanted
    problems = problems_of(job_problems(found))
    stops = sections.show_problems(problems)
    assert len(stops) >= len({problem.path for problem in problems if problem.path[:1] == ("data",)}) or not problems
    assert bool(stops) == bool(problems), "every problem is shown somewhere"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("a1,;= ", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "step", "method", "sizes", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(document=st.dictionaries(st.sampled_from(list(FIELDS)), values, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_document_breaks_the_form(document: dict[str, Any], sections: Sections) -> None:
    sections.set_document(opened(document))
    found = sections.document()
    sections.show_problems(problems_of(job_problems(found)))
    sections.set_total(5)
    sections.set_document(found)
    assert sections.document() == found
