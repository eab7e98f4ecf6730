"""`vestim show JOB`: shows the state of one job and the errors of its models."""

from __future__ import annotations

from typing import Any

import typer
from rich.text import Text

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.job_lookup import JobName, find_job
from vestim_core.cli.output import AsJson, console, plain_text, print_json, say
from vestim_core.cli.result_tables import error_tables, file_error_tables, new_table
from vestim_core.cli.task_board import TaskBoard
from vestim_core.cli.uncertainty_tables import band_tables, label_error_summary, label_error_table, seed_spread_table
from vestim_core.cli.value_format import format_duration, format_local_time, seconds_between
from vestim_core.client import fetch_job as show_job
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
    with connect() as client:
        status = show_job(client, find_job(client, job))
    if as_json:
        print_json(status, indent=2)
        return
    say(_headline(status))
    if status["error"]:
        say(f"Failed: {plain_text(status['error']['message'])}")
    for line in (*_reason_lines(status), *_to_do_lines(status), *_finding_lines(status)):
        say(line)
    terminal = console()
    errors = (*error_tables(status), *file_error_tables(status))
    for table in (
        _tasks_table(status),
        *errors,
        *band_tables(status),
        seed_spread_table(status),
        label_error_table(status),
    ):
        if table:
            terminal.print(table)
    if summary := label_error_summary(status):
        say(plain_text(summary))


def _headline(job: dict[str, Any]) -> str:
    name = f"{plain_text(job['name'])} ({job['job_id']})" if job["name"] != job["job_id"] else job["job_id"]
    if not job["started_utc"]:
        return f"{name} is {job['state']}."
    duration_text = (
        f", took {format_duration(seconds_between(job['started_utc'], job['ended_utc']))}" if job["ended_utc"] else ""
    )
    return (
        f"{name} is {job['state']}: started {format_local_time(job['started_utc'], '%Y-%m-%d %H:%M')}{duration_text}."
    )


def _reason_lines(job: dict[str, Any]) -> list[str]:
    """Reasons why the job or its tasks are waiting, then the user's tags and note."""
    resume_hint = f" 'vestim resume {job['job_id']}' lets it go on." if job["state"] == JobState.HELD else ""
    lines = [f"{plain_text(job['message'])}{resume_hint}"] if job["message"] else []
    lines += [plain_text(task["message"]) for task in job["tasks"] if task["message"]]
    lines += [f"Tags: {plain_text(', '.join(job['tags']))}"] if job["tags"] else []
    return [*lines, f"Note: {plain_text(job['note'])}"] if job["note"] else lines


def _to_do_lines(job: dict[str, Any]) -> list[str]:
    """Problems that prevent a draft from starting."""
    return [
        f"To do: {plain_text(problem['location'])}: {plain_text(problem['message'])}"
        for problem in job.get("problems", ())
    ]


def _finding_lines(job: dict[str, Any]) -> list[str]:
    findings = [finding for manager in job["managers"] for finding in manager["details"].get("findings", ())]
    return [f"{finding['severity'].capitalize()}: {plain_text(finding['message'])}" for finding in findings]


def _tasks_table(job: dict[str, Any]) -> Any:
    table = new_table("Tasks")
    table.add_column("Task", no_wrap=True)
    table.add_column("What", overflow="fold")
    table.add_column("State", no_wrap=True)
    table.add_column("Outcome", overflow="fold")
    rows = TaskBoard(job).rows
    for task in job["tasks"]:
        row = rows[task["task_id"]]
        outcome = row.message if row.has_started else ""
        table.add_row(*map(Text, (task["task_id"], row.title, task["state"], outcome)))
    return table
