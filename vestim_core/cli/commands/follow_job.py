"""`vestim follow JOB`: shows every event of a job, past and live."""

from __future__ import annotations

from typing import Annotated

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.job_lookup import JobName, find_job
from vestim_core.cli.output import AsJson
from vestim_core.cli.watch import watch


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("follow")(follow)


def follow(
    job: JobName,
    since: Annotated[int, typer.Option(min=0, help="Number of the last event seen: only later ones are shown.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Show every event of a job, live.

    From event number 1 until the job has ended. Ctrl+C ends the view, not the job.

    Exit code: 0 when the job is done, that of its error when it failed, 1 when it was stopped, 4 when the daemon was
    stopped meanwhile.
    """
    with connect() as client:
        return watch(client, find_job(client, job), every_event=True, as_json=as_json, since=since)
