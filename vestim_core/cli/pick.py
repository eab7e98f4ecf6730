"""Which job a person means: its id, an unambiguous beginning or end of it, or its name when only one job has it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vestim_core.cli.output import plain
from vestim_core.client import Client, all_jobs
from vestim_core.spec.errors import not_found, wrong_input

SHORTEST = 4
"""Fewest characters that an id may be shortened to."""
SHOWN = 5

JobName = Annotated[str, typer.Argument(metavar="JOB", help="Id, beginning or end of an id, or name of a job.")]


def find_job(client: Client, given: str) -> str:
    """The id of the job that `given` means. `VestimError`: not_found for none, wrong_input for several."""
    jobs = all_jobs(client.call)
    if any(job["job_id"] == given for job in jobs):
        return given
    matches = [job for job in jobs if _means(job, given)]
    if len(matches) == 1:
        return str(matches[0]["job_id"])
    if matches:
        shown = ", ".join(f"{job['job_id']} ({plain(job['name'])})" for job in matches[:SHOWN])
        more = f" and {len(matches) - SHOWN} more" if len(matches) > SHOWN else ""
        raise wrong_input(f"'{given}' can mean {len(matches)} jobs: {shown}{more}", place="JOB")
    short = f" (an id may be shortened to {SHORTEST} characters)" if len(given) < SHORTEST else ""
    raise not_found(f"there is no job '{given}'{short}: 'vestim jobs' lists what there is", place="JOB")


def _means(job: dict[str, Any], given: str) -> bool:
    job_id = job["job_id"]
    return job["name"] == given or (len(given) >= SHORTEST and (job_id.startswith(given) or job_id.endswith(given)))
