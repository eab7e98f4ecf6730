"""Finding a job by its id, an unambiguous start or end of its id, or a name that only one job has."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vestim_core.cli.output import plain_text
from vestim_core.client import Client, list_all_jobs
from vestim_core.spec.errors import not_found, wrong_input

MIN_PART_LENGTH = 4
"""Minimum length of a partial id: an id ends in a random suffix of four characters."""
MAX_LISTED_MATCHES = 5  # keeps the error message short; arbitrary, any value from 2 to 10 works

JobName = Annotated[str, typer.Argument(metavar="JOB", help="Id, beginning or end of an id, or name of a job.")]


def find_job(client: Client, query: str) -> str:
    """Id of the job that `query` denotes. Raises `VestimError`: not_found for no match, wrong_input for several."""
    jobs = list_all_jobs(client.call)
    if any(job["job_id"] == query for job in jobs):
        return query
    matches = [job for job in jobs if _matches(job, query)]
    if len(matches) == 1:
        return str(matches[0]["job_id"])
    if matches:
        listed_matches = ", ".join(
            f"{job['job_id']} ({plain_text(job['name'])})" for job in matches[:MAX_LISTED_MATCHES]
        )
        remainder = f" and {len(matches) - MAX_LISTED_MATCHES} more" if len(matches) > MAX_LISTED_MATCHES else ""
        raise wrong_input(f"'{query}' can mean {len(matches)} jobs: {listed_matches}{remainder}", location="JOB")
    length_hint = f" (an id may be shortened to {MIN_PART_LENGTH} characters)" if len(query) < MIN_PART_LENGTH else ""
    raise not_found(f"there is no job '{query}'{length_hint}: 'vestim jobs' lists what there is", location="JOB")


def _matches(job: dict[str, Any], query: str) -> bool:
    job_id = job["job_id"]
    return job["name"] == query or (
        len(query) >= MIN_PART_LENGTH and (job_id.startswith(query) or job_id.endswith(query))
    )
