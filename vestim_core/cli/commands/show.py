"""`vestim show JOB`: where one job stands, and the errors of its models."""

from __future__ import annotations

from typing import Any

import typer
from rich.text import Text

from vestim_core.cli.board import Board
from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, console, plain, print_json, say
from vestim_core.cli.pick import JobName, find_job
from vestim_core.cli.results import errors_tables, files_tables, new_table
from vestim_core.cli.trust import bands_tables, label_sentence, labels_table, seeds_table
from vestim_core.cli.values import duration, local, seconds_between
from vestim_core.client import show as show_whole
from vestim_core.spec.states import JobState


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show)


def show(job: JobName, as_json: AsJson = False) -> None:
    """Show one job and the errors of its models.

    It prints state, findings, tasks, the errors per model and file, bands, the spread over seeds and the check of the
    SOC labels. With --json, the errors of each task stand in
    tasks[].result.files[].
    """
    with connected() as client:
        found = show_whole(client, find_job(client, job))
    if as_json:
        print_json(found, indent=2)
        return
    say(_headline(found))
    if found["error"]:
        say(f"Failed: {plain(found['error']['message'])}")
    for line in (*_words_about(found), *_problems(found), *_findings(found)):
        say(line)
    out = console()
    errors = (*errors_tables(found), *files_tables(found))
    for table in (_tasks_table(found), *errors, *bands_tables(found), seeds_table(found), labels_table(found)):
        if table:
            out.print(table)
    if sentence := label_sentence(found):
        say(plain(sentence))


def _headline(job: dict[str, Any]) -> str:
    name = f"{plain(job['name'])} ({job['job_id']})" if job["name"] != job["job_id"] else job["job_id"]
    if not job["started_utc"]:
        return f"{name} is {job['state']}."
    took = f", took {duration(seconds_between(job['started_utc'], job['ended_utc']))}" if job["ended_utc"] else ""
    return f"{name} is {job['state']}: started {local(job['started_utc'], '%Y-%m-%d %H:%M')}{took}."


def _words_about(job: dict[str, Any]) -> list[str]:
    """Why the job or a task of it is not simply going on, and what its user wrote about it."""
    held = f" 'vestim resume {job['job_id']}' lets it go on." if job["state"] == JobState.HELD else ""
    lines = [f"{plain(job['reason'])}{held}"] if job["reason"] else []
    lines += [plain(task["reason"]) for task in job["tasks"] if task["reason"]]
    lines += [f"Tags: {plain(', '.join(job['tags']))}"] if job["tags"] else []
    return [*lines, f"Note: {plain(job['note'])}"] if job["note"] else lines


def _problems(job: dict[str, Any]) -> list[str]:
    """What keeps a draft from being started."""
    return [f"To do: {plain(problem['place'])}: {plain(problem['sentence'])}" for problem in job.get("problems", ())]


def _findings(job: dict[str, Any]) -> list[str]:
    found = [finding for manager in job["managers"] for finding in manager["details"].get("findings", ())]
    return [f"{finding['severity'].capitalize()}: {plain(finding['sentence'])}" for finding in found]


def _tasks_table(job: dict[str, Any]) -> Any:
    table = new_table("Tasks")
    table.add_column("Task", no_wrap=True)
    table.add_column("What", overflow="fold")
    table.add_column("State", no_wrap=True)
    table.add_column("Outcome", overflow="fold")
    rows = Board(job).rows
    for task in job["tasks"]:
        row = rows[task["task_id"]]
        outcome = row.words if row.started else ""
        table.add_row(*map(Text, (task["task_id"], row.title, task["state"], outcome)))
    return table
