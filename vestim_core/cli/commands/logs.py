"""`vestim logs JOB`: prints standard output and error of a task's process."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.job_lookup import JobName, find_job
from vestim_core.cli.output import AsJson, print_json, say
from vestim_core.client import Client, fetch_job
from vestim_core.protocol.cursors import Cursor
from vestim_core.spec.errors import not_found
from vestim_core.spec.ids import attempt_key
from vestim_core.spec.states import TaskState

WAIT_S = 2.0  # longest wait for new text before the attempt is checked again


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
    with connect() as client:
        job_id = find_job(client, job)
        chosen_task = _choose_task(fetch_job(client, job_id), task)
        task_id, attempt = chosen_task["task_id"], chosen_task["attempt"]
        is_empty = True
        for log, text in _log_pieces(client, job_id, task_id, attempt, ("err",) if err else ("out", "err"), follow):
            is_empty = False
            if as_json:
                print_json({"task": task_id, "attempt": attempt, "log": log, "text": text})
            else:
                print(text, end="", flush=True, file=sys.stderr if log == "err" and not err else sys.stdout)
        if is_empty and not as_json:
            say(f"Attempt {attempt} of {task_id} has written nothing.", stderr=True)


def _choose_task(job: dict[str, Any], requested_id: str) -> dict[str, Any]:
    """Select the task whose log is printed. Raises `VestimError` when none has a log."""
    tasks: dict[str, dict[str, Any]] = {task["task_id"]: task for task in job["tasks"]}
    if requested_id and requested_id not in tasks:
        raise not_found(
            f"job {job['job_id']} has no task '{requested_id}': it has {', '.join(list(tasks)[:10])}", location="--task"
        )
    candidates = [task for task in ([tasks[requested_id]] if requested_id else tasks.values()) if task["attempt"]]
    if not candidates:
        raise not_found(f"{requested_id or 'job ' + job['job_id']} has not started yet, so there is no log")
    for state in (TaskState.FAILED, TaskState.RUNNING):
        if matches := [task for task in candidates if task["state"] == state]:
            return matches[0]
    return candidates[-1]


def _log_pieces(
    client: Client, job_id: str, task_id: str, attempt: int, log_names: tuple[str, ...], follows: bool
) -> Iterator[tuple[str, str]]:
    """Yield (log name, text) as text arrives.

    Ends when everything written so far has been read or, if `follows`, when the attempt has ended.
    """
    key = attempt_key(job_id, task_id, attempt)
    cursors = [Cursor(stream=f"log:{key}:{log}") for log in log_names]
    decoders = [codecs.getincrementaldecoder("utf-8")("replace") for _ in log_names]
    has_ended = not follows
    while True:
        wait_s = 0.0 if has_ended else WAIT_S
        answer = client.call("wait", cursors=[cursor.model_dump() for cursor in cursors], timeout_s=wait_s)
        has_new_text = False
        for index, part in enumerate(answer["streams"]):  # fewer than requested when the first one filled the answer
            cursors[index] = Cursor(stream=part["stream"], lineage=part["lineage"], seq=part["seq"])
            if text := decoders[index].decode(part["data"]):
                has_new_text = True
                yield log_names[index], text
        if has_ended and not has_new_text:
            return
        has_ended = has_ended or not _is_running(client, job_id, task_id, attempt)


def _is_running(client: Client, job_id: str, task_id: str, attempt: int) -> bool:
    task = next(task for task in fetch_job(client, job_id)["tasks"] if task["task_id"] == task_id)
    return bool(task["attempt"] == attempt and task["pid"])
