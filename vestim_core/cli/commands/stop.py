"""`vestim stop [JOB]`: stops a job and keeps its results; without a job, stops the daemon, as in PyBattML."""

from __future__ import annotations

from typing import Annotated

import typer

from vestim_core.cli.commands import daemon
from vestim_core.cli.commands.legacy_commands import print_current_command
from vestim_core.cli.daemon_client import connect
from vestim_core.cli.job_lookup import find_job
from vestim_core.cli.output import AsJson, print_json, say
from vestim_core.spec.states import TERMINAL_JOB_STATES


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("stop")(stop)


def stop(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Job to stop; without one the daemon is stopped.")] = "",
    no_test: Annotated[bool, typer.Option("--no-test", help="Do not test what has been trained.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop a job and keep what it has.

    Training ends after the running batch; the best weights are kept and tested.
    Without JOB the daemon is stopped ('vestim daemon stop') and running jobs go on.
    """
    if not job:
        daemon.stop(stop_jobs=False, as_json=as_json)
        print_current_command("daemon stop", as_json=as_json)
        return
    with connect() as client:
        job_id = find_job(client, job)
        answer = client.call("stop", job_id=job_id, test=not no_test)
    if as_json:
        print_json(answer)
    elif answer["state"] in TERMINAL_JOB_STATES:
        say(f"{job_id} has ended already: it is {answer['state']}.")
    else:
        test_note = "" if no_test else " and tests what has a model"
        say(f"{job_id} stops after the running batch, keeps its best weights{test_note}.")
