"""`vestim jobs`: lists all jobs, newest first."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.output import AsJson, console, plain_text, print_json, say
from vestim_core.cli.result_tables import new_table
from vestim_core.cli.value_format import format_local_time, format_number
from vestim_core.client import list_all_jobs
from vestim_core.spec.display_format import metric_unit


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("jobs")(jobs)


def jobs(
    state: Annotated[str, typer.Option(help="Only jobs in this state: running, done, failed, ...")] = "",
    archived: Annotated[bool, typer.Option("--archived", help="Show what is archived instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List all jobs, newest first."""
    with connect() as client:
        all_rows = list_all_jobs(client.call, state)
    shown_rows = [job for job in all_rows if job["archived"] is archived]
    if as_json:
        print_json(shown_rows, indent=2)
    elif not shown_rows:
        say(_empty_message(state, archived, total=len(all_rows)))
    else:
        console().print(jobs_table(shown_rows))


def _empty_message(state: str, archived: bool, total: int) -> str:
    if archived:
        return "Nothing is archived."
    if total:
        return f"All jobs{f' in state {state}' if state else ''} are archived: 'vestim jobs --archived' shows them."
    return f"There are no jobs in state {state}." if state else "There are no jobs yet: 'vestim demo' makes one."


def jobs_table(job_rows: list[dict[str, Any]]) -> Any:
    """One row per job."""
    table = new_table()
    table.add_column("Job", no_wrap=True)
    table.add_column("Name", overflow="fold")
    table.add_column("State", no_wrap=True)
    table.add_column("Done", justify="right", no_wrap=True)
    table.add_column("Best", justify="right", no_wrap=True)
    table.add_column("Created", no_wrap=True)
    for job in job_rows:
        best = job["best"]
        best_text = f"{format_number(best['value'])} {metric_unit(best['metric'])}" if best else ""
        created = format_local_time(job["created_utc"], "%m-%d %H:%M")
        progress = f"{100 * job['fraction']:.0f} %"
        table.add_row(*map(Text, (job["job_id"], plain_text(job["name"]), job["state"], progress, best_text, created)))
    return table
