"""Problems of a job document, which may be incomplete, by the rules of the spec alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import validate_job

PLACEHOLDER_DATA = {"train": ["train"], "validation": ["validation"]}
"""A valid data section, used to validate the rest of a document that has none yet."""


def job_problems(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """List all problems as `{location, message}`, those of the data first; empty if the job can be started.

    Rules between sections are checked even if the data section is missing.
    """
    problems = _problems(document)
    data_problems = [
        problem for problem in problems if problem["location"].partition(".")[0].partition("[")[0] == "data"
    ]
    return [*data_problems, *_problems({**document, "data": PLACEHOLDER_DATA})] if data_problems else problems


def _problems(document: Mapping[str, Any]) -> list[dict[str, str]]:
    try:
        validate_job(document)
    except VestimError as error:
        return [dict(problem) for problem in error.problems]
    return []
