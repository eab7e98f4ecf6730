"""`vestim logs JOB`: what a task's process wrote to its standard output and error."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, print_json, say
from vestim_core.cli.pick import JobName, find_job
from vestim_core.client import Client, show
from vestim_core.protocol.cursors import Cursor
from vestim_core.spec.errors import not_found
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import TaskState

WAIT_S = 2.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("logs")(logs)


def logs(
    job: JobName,
    task: Annotated[
        str, typer.Option(help="Id of a task; without it one that failed, else one at work, else the last.")
    ] = "",
    err: Annotated[bool, typer.Option("--err", help="Only standard error, printed on standard output.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the attempt has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the log of a task.

    It is that of its newest attempt: its standard output and error come out on ours. With --json each piece is
    {task, attempt, log, text}.
    """
    with connected() as client:
        job_id = find_job(client, job)
        chosen = _choose(show(client, job_id), task)
        task_id, attempt = chosen["task_id"], chosen["attempt"]
        silent = True
        for log, text in _pieces(client, job_id, task_id, attempt, ("err",) if err else ("out", "err"), follow):
            silent = False
            if as_json:
                print_json({"task": task_id, "attempt": attempt, "log": log, "text": text})
            else:
                print(text, end="", flush=True, file=sys.stderr if log == "err" and not err else sys.stdout)
        if silent and not as_json:
            say(f"Attempt {attempt} of {task_id} has written nothing.", stderr=True)


def _choose(job: dict[str, Any], wanted: str) -> dict[str, Any]:
    """The task whose log is meant. `VestimError` when there is none."""
    tasks: dict[str, dict[str, Any]] = {task["task_id"]: task for task in job["tasks"]}
    if wanted and wanted not in tasks:
        raise not_found(
            f"job {job['job_id']} has no task '{wanted}': it has {', '.join(list(tasks)[:10])}", place="--task"
        )
    candidates = [task for task in ([tasks[wanted]] if wanted else tasks.values()) if task["attempt"]]
    if not candidates:
        raise not_found(f"{wanted or 'job ' + job['job_id']} has not started yet, so there is no log")
    for state in (TaskState.FAILED, TaskState.RUNNING):
        if found := [task for task in candidates if task["state"] == state]:
            return found[0]
    return candidates[-1]


def _pieces(
    client: Client, job_id: str, task_id: str, attempt: int, which: tuple[str, ...], live: bool
) -> Iterator[tuple[str, str]]:
    """(log, text) as it comes; until what there is has been read or, when `live`, the attempt has ended."""
    key = attempt_key(job_id, task_id, attempt)
    cursors = [Cursor(stream=f"log:{key}:{log}") for log in which]
    decoders = [codecs.getincrementaldecoder("utf-8")("replace") for _ in which]
    ended = not live
    while True:
        wait_s = 0.0 if ended else WAIT_S
        answer = client.call("wait", cursors=[cursor.model_dump() for cursor in cursors], timeout_s=wait_s)
        news = False
        for place, part in enumerate(answer["streams"]):  # fewer than asked for when the first filled the answer
            cursors[place] = Cursor(stream=part["stream"], lineage=part["lineage"], seq=part["seq"])
            if text := decoders[place].decode(part["data"]):
                news = True
                yield which[place], text
        if ended and not news:
            return
        ended = ended or not _at_work(client, job_id, task_id, attempt)


def _at_work(client: Client, job_id: str, task_id: str, attempt: int) -> bool:
    task = next(task for task in show(client, job_id)["tasks"] if task["task_id"] == task_id)
    return bool(task["attempt"] == attempt and task["pid"])
