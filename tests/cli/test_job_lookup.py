"""Finding a job by its id, a part of it, or its name."""

from typing import Any, cast

import pytest

from vestim_core.cli.job_lookup import find_job
from vestim_core.client import Client
from vestim_core.spec.errors import ErrorCode, VestimError

JOBS = [
    {"job_id": "job_20260101-120000-abcd", "name": "first"},
    {"job_id": "job_20260101-120000-efgh", "name": "twin"},
    {"job_id": "job_20260102-130000-ijkm", "name": "twin"},
]


class FakeClient:
    """A client that lists `JOBS`."""

    def call(self, method: str, **params: Any) -> Any:
        assert method == "list_jobs"
        return {"jobs": JOBS, "next": ""}


def _find_job(query: str) -> str:
    return find_job(cast(Client, FakeClient()), query)


@pytest.mark.parametrize("query", ["job_20260101-120000-abcd", "abcd", "-abcd", "first"])
def test_id_end_of_id_or_name(query: str) -> None:
    assert _find_job(query) == "job_20260101-120000-abcd"


def test_beginning_of_an_id() -> None:
    assert _find_job("job_20260102") == "job_20260102-130000-ijkm"


@pytest.mark.parametrize("query", ["job_20260101", "twin"])
def test_ambiguous_query_lists_the_matching_jobs(query: str) -> None:
    with pytest.raises(VestimError) as caught:
        _find_job(query)
    assert caught.value.code is ErrorCode.WRONG_INPUT
    assert "can mean 2 jobs" in caught.value.message
    assert "job_20260101-120000-efgh (twin)" in caught.value.message


@pytest.mark.parametrize("query", ["bcd", "nothing", "", "20260101"])
def test_unknown_job(query: str) -> None:
    with pytest.raises(VestimError) as caught:
        _find_job(query)
    assert caught.value.code is ErrorCode.NOT_FOUND
