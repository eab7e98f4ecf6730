"""`vestim draft`, `duplicate` and `start`: jobs that are not started yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.job_lookup import JobName, find_job
from vestim_core.cli.output import AsJson, plain_text, print_json, print_notes, say
from vestim_core.spec.job_file_reader import read_job_document


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (draft, duplicate, start):
        app.command(command.__name__)(command)


def draft(
    spec: Annotated[Path, typer.Argument(help="Job file (.toml or .json), finished or not.")],
    job: Annotated[str | None, typer.Option("--job", metavar="JOB", help="The draft that it replaces.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep a job file as a draft and say what it still lacks."""
    document = read_job_document(spec)
    with connect() as client:
        job_id = find_job(client, job) if job else client.call("create_job", spec=document)["job_id"]
        answer = client.call("save_draft", job_id=job_id, document=document)
        print_notes(answer)
    if as_json:
        print_json(answer)
        return
    say(f"{job_id} is a draft: 'vestim start {job_id}' starts it.")
    for line in _to_do_lines(answer):
        say(line)


def duplicate(job: JobName, as_json: AsJson = False) -> None:
    """Make a draft with the settings of a job."""
    with connect() as client:
        source_id = find_job(client, job)
        answer = client.call("duplicate", job_id=source_id)
    if as_json:
        print_json(answer)
    else:
        say(f"{answer['job_id']} is a draft like {source_id}: 'vestim start {answer['job_id']}' starts it.")


def start(job: JobName, as_json: AsJson = False) -> None:
    """Start a draft; 'vestim submit' does it with a job file in one step."""
    with connect() as client:
        answer = client.call("start", job_id=find_job(client, job))
    if as_json:
        print_json(answer)
    else:
        say(f"Started {answer['job_id']}. 'vestim follow {answer['job_id']}' shows it.")


def _to_do_lines(answer: dict[str, Any]) -> list[str]:
    return [
        f"To do: {plain_text(problem['location'])}: {plain_text(problem['message'])}" for problem in answer["problems"]
    ]
