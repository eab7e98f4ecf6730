"""`vestim submit SPEC`: starts a job from a job file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.output import AsJson, console, print_json, print_notes, say
from vestim_core.cli.result_tables import error_tables
from vestim_core.cli.value_format import format_duration, format_number
from vestim_core.cli.watch import watch
from vestim_core.client import fetch_job
from vestim_core.spec.errors import ErrorCode
from vestim_core.spec.job_file_reader import read_job_document


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("submit")(submit)


def submit(
    spec: Annotated[Path, typer.Argument(help="Job file (.toml or .json); 'vestim new' writes one.")],
    follow: Annotated[bool, typer.Option("--follow", help="Show the job until it has ended.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Start nothing: say what the job would amount to, and what is missing.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Start a job and return, or follow it.

    Ctrl+C while following ends the view, not the job. With --follow the exit code tells how the job ended: 0 done, that
    of its error when it failed, 1 when it was stopped.
    """
    document = read_job_document(spec)
    with connect() as client:
        if dry_run:
            estimate = client.call("estimate", spec=document)
            print_notes(estimate)
            return _print_estimate(estimate, as_json=as_json)
        answer = client.call("submit", spec=document)
        print_notes(answer)
        job_id = answer["job_id"]
        if as_json:
            print_json(answer)
        else:
            models = "1 model" if answer["trial_count"] == 1 else f"{answer['trial_count']} models"
            hint = "" if follow else f" 'vestim follow {job_id}' shows it."
            say(f"Started {job_id}: {models} to train.{hint}")
        if not follow:
            return 0
        code = watch(client, job_id, every_event=False, as_json=as_json)
        if code == 0 and not as_json:
            for table in error_tables(fetch_job(client, job_id)):
                console().print(table)
        return code


def _print_estimate(estimate: dict[str, Any], *, as_json: bool) -> int:
    """Print the estimate of a job and return the exit code: 2 when it cannot be started as it is."""
    code = ErrorCode.WRONG_INPUT.exit_code if estimate["problems"] else 0
    if as_json:
        print_json(estimate, indent=2)
        return code
    if estimate["trials"] is not None:
        count, memory_MB = estimate["trials"], format_number(estimate["memory_MB"])
        min_parameters, max_parameters = estimate["parameters"]["min"], estimate["parameters"]["max"]
        size = (
            f"{max_parameters:,}" if min_parameters == max_parameters else f"{min_parameters:,} to {max_parameters:,}"
        )
        say(f"{count} model{'' if count == 1 else 's'} to train, {size} parameters; about {memory_MB} MB of memory.")
    time_text = "" if estimate["seconds"] is None else f"At most {format_duration(estimate['seconds'])}, "
    say(f"Time: {time_text}{estimate['basis']}.")
    for problem in estimate["problems"]:
        say(f"Missing or wrong: {problem['location']}: {problem['message']}", stderr=True)
    return code
