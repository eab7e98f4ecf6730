"""`vestim demo`: trains and tests two networks on data of a synthetic cell."""

from __future__ import annotations

import shlex
from typing import Any

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.output import AsJson, console, say
from vestim_core.cli.result_tables import error_tables, judging_metrics, tasks_with_errors
from vestim_core.cli.value_format import find_metric, format_duration, seconds_between
from vestim_core.cli.watch import watch
from vestim_core.client import fetch_job
from vestim_core.client.inspection_calls import run_inspection
from vestim_core.spec.states import TaskKind


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(as_json: AsJson = False) -> int:
    """Train and test two networks on generated data.

    Takes about a minute. An LSTM and a feed-forward network are compared with an equivalent circuit on a
    drive cycle that none has seen. Ctrl+C ends the view, not the job.
    """
    with connect() as client:
        if not as_json:
            say("Looking for the demo data, or generating them ...")
        demo_data = run_inspection(client, "generate_demo")
        job_id = client.call("submit", spec=demo_data["spec"])["job_id"]
        if not as_json:
            say(f"The demo data lie in {demo_data['folder']}.")
            say(f"Started {job_id} in processes of its own; Ctrl+C ends this view, not the job.")
        code = watch(client, job_id, every_event=False, as_json=as_json)
        if code == 0 and not as_json:
            _print_results(fetch_job(client, job_id), demo_data["defective"])
        return code


def _print_results(job: dict[str, Any], defective: str) -> None:
    for table in error_tables(job):
        console().print(table)
    for tasks in tasks_with_errors(job).values():
        if comparison := _compare_with_circuit(tasks):
            say(comparison)
    say(f"The job took {format_duration(seconds_between(job['started_utc'], job['ended_utc']))}. What next:")
    for command, explanation in (
        (f"vestim show {job['job_id']}", "the errors in each file"),
        (f"vestim check {shlex.quote(defective)}", "what a check finds in a file that is broken on purpose"),
        ("vestim new my_job.toml", "a job file for your own data"),
    ):
        say(f"  {command:<38}  {explanation}")


def _compare_with_circuit(tasks: list[dict[str, Any]]) -> str:
    """Sentence that compares the best network with the equivalent circuit; empty when either is missing."""
    circuits = [task for task in tasks if task["kind"] == TaskKind.BASELINE]
    networks = [task for task in tasks if task["kind"] == TaskKind.TEST]
    if not circuits or not networks:
        return ""
    network_rmse, circuit_rmse = (
        float(find_metric(judging_metrics(task_group[0])[1], "rmse")[1]) for task_group in (networks, circuits)
    )
    difference = (
        f"{100 * (1 - network_rmse / circuit_rmse):.0f} % below"
        if network_rmse < circuit_rmse
        else f"{100 * (network_rmse / circuit_rmse - 1):.0f} % above"
    )
    title = networks[0]["title"]
    return f"{title} is {difference} the equivalent circuit (RMSE on the test file, which none of them has seen)."
