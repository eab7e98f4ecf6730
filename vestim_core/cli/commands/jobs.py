"""`vestim jobs`: all jobs, newest first."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, console, plain, print_json, say
from vestim_core.cli.results import new_table
from vestim_core.cli.values import local, number
from vestim_core.client import all_jobs
from vestim_core.spec.figures import unit_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("jobs")(jobs)


def jobs(
    state: Annotated[str, typer.Option(help="Only jobs in this state: running, done, failed, ...")] = "",
    archived: Annotated[bool, typer.Option("--archived", help="Show what is archived instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List all jobs, newest first."""
    with connected() as client:
        known = all_jobs(client.call, state)
    found = [job for job in known if job["archived"] is archived]
    if as_json:
        print_json(found, indent=2)
    elif not found:
        say(_none(state, archived, others=len(known)))
    else:
        console().print(jobs_table(found))


def _none(state: str, archived: bool, others: int) -> str:
    if archived:
        return "Nothing is archived."
    if others:
        return f"All jobs{f' in state {state}' if state else ''} are archived: 'vestim jobs --archived' shows them."
    return f"There are no jobs in state {state}." if state else "There are no jobs yet: 'vestim demo' makes one."


def jobs_table(found: list[dict[str, Any]]) -> Any:
    """One row a job."""
    table = new_table()
    table.add_column("Job", no_wrap=True)
    table.add_column("Name", overflow="fold")
    table.add_column("State", no_wrap=True)
    table.add_column("Done", justify="right", no_wrap=True)
    table.add_column("Best", justify="right", no_wrap=True)
    table.add_column("Created", no_wrap=True)
    for job in found:
        best = job["best"]
        figure = f"{number(best['value'])} {unit_of(best['metric'])}" if best else ""
        created = local(job["created_utc"], "%m-%d %H:%M")
        done = f"{100 * job['fraction']:.0f} %"
        table.add_row(*map(Text, (job["job_id"], plain(job["name"]), job["state"], done, figure, created)))
    return table
