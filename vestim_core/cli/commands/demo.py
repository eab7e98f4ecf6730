"""`vestim demo`: from nothing to two tested networks, on data of a synthetic cell."""

from __future__ import annotations

import shlex
from typing import Any

import typer

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, console, say
from vestim_core.cli.results import errors_tables, judged_by, tested_tasks
from vestim_core.cli.values import duration, named, seconds_between
from vestim_core.cli.watch import watch
from vestim_core.client import show
from vestim_core.client.inspection import ask
from vestim_core.spec.states import TaskKind


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(as_json: AsJson = False) -> int:
    """Train and test two networks on generated data.

    Takes about a minute. An LSTM and a feed-forward network are compared with an equivalent circuit on a
    drive cycle that none has seen. Ctrl+C ends the view, not the job.
    """
    with connected() as client:
        if not as_json:
            say("Looking for the demo data, or generating them ...")
        made = ask(client, "generate_demo")
        job_id = client.call("submit", spec=made["spec"])["job_id"]
        if not as_json:
            say(f"The demo data lie in {made['folder']}.")
            say(f"Started {job_id} in processes of its own; Ctrl+C ends this view, not the job.")
        code = watch(client, job_id, every=False, as_json=as_json)
        if code == 0 and not as_json:
            _show(show(client, job_id), made["defective"])
        return code


def _show(job: dict[str, Any], defective: str) -> None:
    for table in errors_tables(job):
        console().print(table)
    for tasks in tested_tasks(job).values():
        if sentence := _against_circuit(tasks):
            say(sentence)
    say(f"The job took {duration(seconds_between(job['started_utc'], job['ended_utc']))}. What next:")
    for command, what in (
        (f"vestim show {job['job_id']}", "the errors in each file"),
        (f"vestim check {shlex.quote(defective)}", "what a check finds in a file that is broken on purpose"),
        ("vestim new my_job.toml", "a job file for your own data"),
    ):
        say(f"  {command:<38}  {what}")


def _against_circuit(tasks: list[dict[str, Any]]) -> str:
    """How the best network compares with the circuit; empty without either."""
    circuit = [task for task in tasks if task["kind"] == TaskKind.BASELINE]
    networks = [task for task in tasks if task["kind"] == TaskKind.TEST]
    if not circuit or not networks:
        return ""
    ours, theirs = (float(named(judged_by(group[0])[1], "rmse")[1]) for group in (networks, circuit))
    how = f"{100 * (1 - ours / theirs):.0f} % below" if ours < theirs else f"{100 * (ours / theirs - 1):.0f} % above"
    return (
        f"{networks[0]['title']} is {how} the equivalent circuit (RMSE on the test file, which none of them has seen)."
    )
