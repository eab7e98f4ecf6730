"""Whether a job can be started: by the spec's rules, with the data set that it names, on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vestim_core.jobs.data_sets import DataSets
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.job import JobSpec, validate_job
from vestim_core.spec.problems import job_problems

Problems = list[dict[str, str]]


def ready_spec(document: dict[str, Any], data_sets: DataSets) -> JobSpec:
    """The spec of a job that can be started; one `VestimError` with every problem for one that cannot."""
    if problems := start_problems(document, data_sets):
        raise _not_ready(problems)
    return validate_job(with_data_set(document, data_sets)[0])


def start_problems(document: dict[str, Any], data_sets: DataSets) -> Problems:
    """`{place, sentence}` of each thing that keeps a job from being started; empty when nothing does."""
    if problems := job_problems(document):
        return problems
    try:
        spec = validate_job(with_data_set(document, data_sets)[0])
    except VestimError as error:
        found = [dict(problem) for problem in error.problems]
        return found or [{"place": error.place or "data.data_set", "sentence": error.sentence}]
    return [*_absent_files(spec), *_too_many_threads(spec)]


def with_data_set(document: dict[str, Any], data_sets: DataSets) -> tuple[dict[str, Any], dict[str, str]]:
    """The document with the content of the data set that it names, and which that was; as it is when it names none.

    `VestimError` for a data set that there is not, or that cannot be used.
    """
    data = document.get("data")
    if not isinstance(data, dict) or not data.get("data_set") or data.get("hashes"):
        return document, {}
    data_set, content = data_sets.content_for_a_job(str(data["data_set"]))
    taken = {"data_set_id": data_set.data_set_id, "name": data_set.name, "sha256": content.sha256}
    return {**document, "data": content.to_data(data_set.name)}, taken


def without_content(document: dict[str, Any]) -> dict[str, Any]:
    """The document as it was asked: with the data set's name alone where `with_data_set` put its content beside."""
    data = document.get("data")
    if isinstance(data, dict) and data.get("data_set") and data.get("hashes"):
        return {**document, "data": {"data_set": data["data_set"]}}
    return document


def _absent_files(spec: JobSpec) -> Problems:
    known = spec.data.data_set
    roles = (("train", spec.data.train), ("validation", spec.data.validation), ("test", spec.data.test))
    problems = []
    for role, paths in roles:
        for number, path in enumerate(paths, 1):
            if not Path(path).exists():
                advice = f"check data set '{known}' again" if known else f"check data.{role}"
                sentence = f"there is no file or folder '{path}': {advice}"
                problems.append({"place": f"data.{role}[{number}]", "sentence": sentence})
    return problems


def _too_many_threads(spec: JobSpec) -> Problems:
    cores = os.cpu_count() or 1
    threads = max(
        training.threads if training.threads != "auto" else 1 for grid in spec.training for training in grid.choices
    )
    if threads <= cores:
        return []
    sentence = f"training.threads is {threads}, but this machine has {cores} cores"
    return [{"place": "training.threads", "sentence": sentence}]


def _not_ready(problems: Problems) -> VestimError:
    """The first as the sentence, which names its place unless it does so itself, all of them as problems."""
    place, said = problems[0]["place"], problems[0]["sentence"]
    named = f"{place}: " if place and place.partition("[")[0] not in said else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return VestimError(ErrorCode.WRONG_INPUT, f"{named}{said}{more}", place=place, problems=tuple(problems))
