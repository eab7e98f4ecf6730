"""`vestim draft`, `duplicate` and `start`: jobs that are still being put together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, plain, print_json, say
from vestim_core.cli.pick import JobName, find_job
from vestim_core.spec.document import read_document


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
    document = read_document(spec)
    with connected() as client:
        job_id = find_job(client, job) if job else client.call("create_job", spec=document)["job_id"]
        answer = client.call("save_draft", job_id=job_id, document=document)
    if as_json:
        print_json(answer)
        return
    say(f"{job_id} is a draft: 'vestim start {job_id}' starts it.")
    for line in _to_do(answer):
        say(line)


def duplicate(job: JobName, as_json: AsJson = False) -> None:
    """Make a draft with the settings of a job."""
    with connected() as client:
        copied = find_job(client, job)
        answer = client.call("duplicate", job_id=copied)
    if as_json:
        print_json(answer)
    else:
        say(f"{answer['job_id']} is a draft like {copied}: 'vestim start {answer['job_id']}' starts it.")


def start(job: JobName, as_json: AsJson = False) -> None:
    """Start a draft; 'vestim submit' does it with a job file in one step."""
    with connected() as client:
        answer = client.call("start", job_id=find_job(client, job))
    if as_json:
        print_json(answer)
    else:
        say(f"Started {answer['job_id']}. 'vestim follow {answer['job_id']}' shows it.")


def _to_do(answer: dict[str, Any]) -> list[str]:
    return [f"To do: {plain(problem['place'])}: {plain(problem['sentence'])}" for problem in answer["problems"]]
