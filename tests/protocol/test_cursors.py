"""Streams and cursors: valid and invalid names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vestim_core.protocol.cursors import Cursor, Stream, job_stream, parse_stream
from vestim_core.spec.errors import VestimError


def test_kinds_of_streams() -> None:
    assert parse_stream("catalog") == Stream("catalog")
    assert parse_stream(job_stream("job_1")) == Stream("job", "job_1")
    assert parse_stream("log:job_1/train_001/2:err") == Stream("log", "job_1", "train_001", 2, "err")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "job:",
        "job:../x",
        "catalog ",
        "log:a/b:out",
        "log:a/b/1",
        "log:a/b/c:out",
        "log:a/../1:out",
        "log:a/b/1:in",
        "log:a/b/0:out",
    ],
)
def test_invalid_stream_name(name: str) -> None:
    with pytest.raises(VestimError, match="is no stream"):
        parse_stream(name)


@given(
    st.text(max_size=60)
    | st.builds("log:{}:out".format, st.text(max_size=20))
    | st.builds("job:{}".format, st.text(max_size=30))
)
def test_any_text_is_a_stream_or_rejected(name: str) -> None:
    try:
        parse_stream(name)
    except VestimError as error:
        assert error.location == "cursors"


@pytest.mark.parametrize(
    "values",
    [
        {"stream": "s" * 121},
        {"stream": "catalog", "seq": -1},
        {"stream": "catalog", "seq": 2**63},
        {"stream": "c", "x": 1},
    ],
)
def test_invalid_cursor(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Cursor.model_validate(values)
