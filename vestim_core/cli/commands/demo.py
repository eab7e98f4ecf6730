"""`vestim demo`: from nothing to two tested networks, on data of a synthetic cell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

import vestim_core
from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, console, say
from vestim_core.cli.results import errors_tables, judged_by, tested_tasks
from vestim_core.cli.values import duration, named, seconds_between
from vestim_core.cli.watch import watch
from vestim_core.client import show
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import TaskKind
from vestim_core.system import Home, read_json, write_json

GENERATOR = "vestim_core.data.demo"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(as_json: AsJson = False) -> int:
    """Train and test two networks on generated data.

    Takes about a minute. An LSTM and a feed-forward network are compared with an equivalent circuit on a
    drive cycle that none has seen. Ctrl+C ends the view, not the job.
    """
    with connected() as client:
        client.call("hello")
        job_id = client.call("submit", spec=_document(client.home, quiet=as_json))["job_id"]
        if not as_json:
            say(f"Started {job_id} in processes of its own; Ctrl+C ends this view, not the job.")
        code = watch(client, job_id, every=False, as_json=as_json)
        if code == 0 and not as_json:
            _show(show(client, job_id))
        return code


def _document(home: Home, *, quiet: bool) -> dict[str, Any]:
    """The demo's job, its data generated unless an earlier demo of this version left them whole."""
    folder = home.root / "demo"
    note = folder / "demo.json"
    known = _known(note)
    if known is not None:
        if not quiet:
            say(f"Using the demo data in {folder}.")
        return known
    if not quiet:
        say(f"Generating demo data in {folder} ...")
    document = _generate(folder)
    write_json(note, {"version": vestim_core.__version__, "spec": document})
    return document


def _known(note: Path) -> dict[str, Any] | None:
    try:
        record = read_json(note)
        document: dict[str, Any] = record["spec"]
        files = [Path(path) for paths in document["data"].values() for path in paths]
        whole = record["version"] == vestim_core.__version__ and all(file.is_file() for file in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return document if whole else None


def _generate(folder: Path) -> dict[str, Any]:
    """Let the generator write its files, in a process of its own since it needs what this one must not load."""
    answer = subprocess.run(
        [sys.executable, "-m", GENERATOR, str(folder)], capture_output=True, text=True, encoding="utf-8", check=False
    )
    if answer.returncode:
        lines = answer.stderr.strip().splitlines()
        raise VestimError(
            ErrorCode.FAILED,
            f"the demo data could not be generated: {lines[-1] if lines else 'no reason given'}",
            place=str(folder),
        )
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def _show(job: dict[str, Any]) -> None:
    for table in errors_tables(job):
        console().print(table)
    for tasks in tested_tasks(job).values():
        if sentence := _against_circuit(tasks):
            say(sentence)
    say(f"The job took {duration(seconds_between(job['started_utc'], job['ended_utc']))}. What next:")
    for command, what in (
        (f"vestim show {job['job_id']}", "the errors in each file"),
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
