"""Everything that is missing or wrong in a job document, however unfinished it is: by the rules of the spec alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import validate_job

SOME_DATA = {"train": ["train"], "validation": ["validation"]}
"""A data section that is valid, to look at the rest of a document that has none yet."""


def job_problems(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """`{place, sentence}` of each problem, those of the data first; empty for a document that can be started.

    Rules between sections are looked at too when the data are still missing.
    """
    problems = _problems(document)
    about_data = [problem for problem in problems if problem["place"].partition(".")[0].partition("[")[0] == "data"]
    return [*about_data, *_problems({**document, "data": SOME_DATA})] if about_data else problems


def _problems(document: Mapping[str, Any]) -> list[dict[str, str]]:
    try:
        validate_job(document)
    except VestimError as error:
        return [dict(problem) for problem in error.problems]
    return []
