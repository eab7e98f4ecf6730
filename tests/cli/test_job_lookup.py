"""Which job is meant."""

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


class _Listing:
    """A client that knows these jobs."""

    def call(self, method: str, **params: Any) -> Any:
        assert method == "list_jobs"
        return {"jobs": JOBS, "next": ""}


def _find(given: str) -> str:
    return find_job(cast(Client, _Listing()), given)


@pytest.mark.parametrize("given", ["job_20260101-120000-abcd", "abcd", "-abcd", "first"])
def test_id_end_or_name(given: str) -> None:
    assert _find(given) == "job_20260101-120000-abcd"


def test_the_beginning_of_an_id() -> None:
    assert _find("job_20260102") == "job_20260102-130000-ijkm"


@pytest.mark.parametrize("given", ["job_20260101", "twin"])
def test_an_ambiguous_word_names_the_jobs_that_it_can_mean(given: str) -> None:
    with pytest.raises(VestimError) as caught:
        _find(given)
    assert caught.value.code is ErrorCode.WRONG_INPUT
    assert "can mean 2 jobs" in caught.value.sentence
    assert "job_20260101-120000-efgh (twin)" in caught.value.sentence


@pytest.mark.parametrize("given", ["bcd", "nothing", "", "20260101"])
def test_no_such_job(given: str) -> None:
    with pytest.raises(VestimError) as caught:
        _find(given)
    assert caught.value.code is ErrorCode.NOT_FOUND
