"""Follows a job to its end in one view and returns the matching exit code.

Ctrl+C ends the view and nothing else. Exit code: 0 when the job is done, that of its error when it failed, 1 when it
was stopped before it was done (its results are kept, but a script must not take it for done), 130 after Ctrl+C.
"""

from __future__ import annotations

from vestim_core.cli.follow_views import BarsView, JsonView, LinesView, View
from vestim_core.cli.output import console, say
from vestim_core.cli.task_board import TaskBoard
from vestim_core.client import Client, fetch_job, follow_job
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import JobState

INTERRUPTED = 130  # exit code after Ctrl+C, as shells report it: 128 + SIGINT (2)


def watch(client: Client, job_id: str, *, every_event: bool, as_json: bool, since: int = 0) -> int:
    """Show a job until it has ended and return the exit code.

    every_event: print a line for each event. since: sequence number of the last event seen. Raises the job's own
    `VestimError` when it failed, and the client's when the daemon was stopped.
    """
    try:
        with _create_view(client, job_id, every_event=every_event, as_json=as_json) as view:
            for batch in follow_job(client, job_id, since, live=view.live):
                view.show(batch)
        job = client.call("show_job", job_id=job_id, tasks_limit=0)
    except KeyboardInterrupt:
        say(f"The job goes on: 'vestim follow {job_id}' shows it again, 'vestim stop {job_id}' ends it.", stderr=True)
        return INTERRUPTED
    if job["state"] == JobState.FAILED:
        raise _job_error(job_id, job["error"])
    if job["state"] == JobState.STOPPED:
        say(f"The job was stopped before it was done: 'vestim show {job_id}' shows what it has.", stderr=True)
        return ErrorCode.FAILED.exit_code
    return 0


def _create_view(client: Client, job_id: str, *, every_event: bool, as_json: bool) -> View:
    if as_json:
        return JsonView()
    terminal = console()
    board = TaskBoard(fetch_job(client, job_id))
    return (
        BarsView(terminal, board, every_event=every_event)
        if terminal.is_interactive
        else LinesView(terminal, board, every_event=every_event)
    )


def _job_error(job_id: str, error: dict[str, object] | None) -> VestimError:
    if error:
        return VestimError.from_record(error)
    return VestimError(
        ErrorCode.FAILED, f"job {job_id} failed", actions=(f"vestim show {job_id}", f"vestim logs {job_id}")
    )
