"""Checks before a job starts: the spec's rules, the data set that it names, and this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vestim_core.jobs.data_sets import DataSets
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import JobSpec, validate_job
from vestim_core.spec.job_problems import job_problems

Problems = list[dict[str, str]]


def startable_spec(document: dict[str, Any], data_sets: DataSets) -> JobSpec:
    """Validate a job that is to be started; one `VestimError` with every problem for one that cannot be."""
    if problems := start_problems(document, data_sets):
        raise _combined_error(problems)
    return validate_job(resolve_data_set(document, data_sets)[0])


def start_problems(document: dict[str, Any], data_sets: DataSets) -> Problems:
    """`{place, sentence}` of each problem that keeps a job from being started."""
    if problems := job_problems(document):
        return problems
    try:
        spec = validate_job(resolve_data_set(document, data_sets)[0])
    except VestimError as error:
        problem_records = [dict(problem) for problem in error.problems]
        return problem_records or [{"location": error.location or "data.data_set", "message": error.message}]
    return [*_missing_file_problems(spec), *_thread_problems(spec)]


def resolve_data_set(document: dict[str, Any], data_sets: DataSets) -> tuple[dict[str, Any], dict[str, str]]:
    """The document with the content of the data set that it names, and that data set's id, name and hash; unchanged
    when it names none.

    `VestimError` for a data set that does not exist or cannot be used.
    """
    data = document.get("data")
    if not isinstance(data, dict) or not data.get("data_set") or data.get("hashes"):
        return document, {}
    data_set, content = data_sets.content_for_job(str(data["data_set"]))
    origin = {"data_set_id": data_set.data_set_id, "name": data_set.name, "sha256": content.sha256}
    return {**document, "data": content.to_data(data_set.name)}, origin


def strip_data_set_content(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the user wrote it: the data set's name alone, without the content from `resolve_data_set`."""
    data = document.get("data")
    if isinstance(data, dict) and data.get("data_set") and data.get("hashes"):
        return {**document, "data": {"data_set": data["data_set"]}}
    return document


def _missing_file_problems(spec: JobSpec) -> Problems:
    data_set_name = spec.data.data_set
    roles = (("train", spec.data.train), ("validation", spec.data.validation), ("test", spec.data.test))
    problems = []
    for role, paths in roles:
        for index, path in enumerate(paths, 1):
            if not Path(path).exists():
                advice = f"check data set '{data_set_name}' again" if data_set_name else f"check data.{role}"
                message = f"there is no file or folder '{path}': {advice}"
                problems.append({"location": f"data.{role}[{index}]", "message": message})
    return problems


def _thread_problems(spec: JobSpec) -> Problems:
    cores = os.cpu_count() or 1
    threads = max(
        training.threads if training.threads != "auto" else 1 for grid in spec.training for training in grid.choices
    )
    if threads <= cores:
        return []
    message = f"training.threads is {threads}, but this machine has {cores} cores"
    return [{"location": "training.threads", "message": message}]


def _combined_error(problems: Problems) -> VestimError:
    """One error for all problems; its message is the first problem, prefixed with its location unless it names it
    itself."""
    location, message = problems[0]["location"], problems[0]["message"]
    prefix = f"{location}: " if location and location.partition("[")[0] not in message else ""
    suffix = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return VestimError(ErrorCode.WRONG_INPUT, f"{prefix}{message}{suffix}", location=location, problems=tuple(problems))
