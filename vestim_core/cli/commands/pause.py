"""`vestim pause JOB` and `vestim resume JOB`: releases a job's resources and continues it from where it was."""

from __future__ import annotations

from typing import Annotated

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.job_lookup import find_job
from vestim_core.cli.output import AsJson, print_json, say
from vestim_core.spec.states import JobState

Job = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job, a part of it, or its name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("pause")(pause)
    app.command("resume")(resume)


def pause(job: Job, as_json: AsJson = False) -> None:
    """Save where a job's trainings stand and give their resources back."""
    with connect() as client:
        answer = client.call("pause", job_id=find_job(client, job))
    if as_json:
        print_json(answer)
    elif answer["state"] == JobState.PAUSED:
        say(f"{answer['job_id']} is paused already; 'vestim resume {answer['job_id']}' goes on from there.")
    else:
        say(
            f"{answer['job_id']} pauses after the running batch; 'vestim resume {answer['job_id']}' goes on from there."
        )


def resume(job: Job, as_json: AsJson = False) -> None:
    """Go on with a paused, held, stopped or failed job.

    Trainings go on from their newest checkpoint, to the same result as if nothing had been; what failed is tried again.
    """
    with connect() as client:
        answer = client.call("resume", job_id=find_job(client, job))
    if as_json:
        print_json(answer)
    else:
        say(f"{answer['job_id']} goes on.")
