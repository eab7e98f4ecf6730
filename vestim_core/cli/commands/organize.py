"""Commands that organize jobs: `rename`, `tag`, `note`, `reorder`, `archive`, `restore` and `delete`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.job_lookup import find_job
from vestim_core.cli.output import AsJson, print_json, say
from vestim_core.spec.errors import refused

Job = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job, a part of it, or its name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (rename, tag, note, reorder, archive, restore, delete):
        app.command(command.__name__)(command)


def rename(job: Job, name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False) -> None:
    """Give a job another name."""
    answer = _change_job("rename", job, name=name)
    _print_answer(answer, f"{answer['job_id']} is called '{answer['name']}'.", as_json)


def tag(
    job: Job,
    add: Annotated[list[str] | None, typer.Argument(metavar="[TAG]...", help="Tags to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="TAG", help="Tag to remove.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add tags to a job, or remove some."""
    answer = _change_job("tag", job, add=add or [], remove=remove or [])
    _print_answer(answer, f"{answer['job_id']} has the tags: {', '.join(answer['tags']) or 'none'}.", as_json)


def note(
    job: Job, text: Annotated[str, typer.Argument(help="The note; empty for none.")], as_json: AsJson = False
) -> None:
    """Write a note on a job that replaces the previous one."""
    answer = _change_job("note", job, text=text)
    _print_answer(
        answer, f"The note on {answer['job_id']} is kept." if text else f"{answer['job_id']} has no note.", as_json
    )


def reorder(
    job: Job,
    position: Annotated[
        int, typer.Argument(metavar="POSITION", min=1, help="Position in the queue, from 1; beyond the end means last.")
    ],
    as_json: AsJson = False,
) -> None:
    """Give a job another place in the queue; what runs goes on."""
    answer = _change_job("reorder", job, position=position)
    _print_answer(
        answer, f"{answer['job_id']} is number {answer['position']} of {len(answer['queue'])} in the queue.", as_json
    )


def archive(job: Job, as_json: AsJson = False) -> None:
    """Put a job away that has ended; nothing of it is lost."""
    answer = _change_job("archive", job)
    _print_answer(
        answer, f"{answer['job_id']} is archived; 'vestim restore {answer['job_id']}' brings it back.", as_json
    )


def restore(job: Job, as_json: AsJson = False) -> None:
    """Bring an archived job back."""
    answer = _change_job("restore", job)
    _print_answer(answer, f"{answer['job_id']} is back.", as_json)


def delete(
    job: Job,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a job and its folder for ever.

    Asks first, and is refused while anything of the job may run.
    """
    with connect() as client:
        job_id = find_job(client, job)
        name = client.call("show_job", job_id=job_id, tasks_limit=0)["name"]
        if not yes:
            _confirm_deletion(job_id, name)
        answer = client.call("delete", job_id=job_id)
    _print_answer(answer, f"{job_id} is deleted.", as_json)


def _confirm_deletion(job_id: str, name: str) -> None:
    if not sys.stdin.isatty():
        raise refused(f"{job_id} is deleted only when you say so: add --yes")
    if not typer.confirm(f"Delete '{name}' ({job_id}) with its folder, models and results, for ever?"):
        raise refused(f"{job_id} was not deleted")


def _change_job(method: str, job: str, **params: Any) -> dict[str, Any]:
    with connect() as client:
        answer: dict[str, Any] = client.call(method, job_id=find_job(client, job), **params)
    return answer


def _print_answer(answer: dict[str, Any], message: str, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        say(message)
