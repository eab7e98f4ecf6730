"""`vestim daemon start|stop|status|logs|rebuild`: the background process that runs the jobs."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.output import AsJson, print_json, say
from vestim_core.cli.value_format import format_duration, format_number
from vestim_core.client import list_all_jobs
from vestim_core.client.daemon_discovery import is_daemon_running, start_daemon
from vestim_core.spec.errors import ErrorCode, VestimError, not_found
from vestim_core.system import Home

STOP_TIMEOUT_S = 15.0  # allows for a busy machine; arbitrary, 10 to 60 works
STOP_JOBS_TIMEOUT_S = 50.0
"""Workers get 10 s to obey and 5 s to end, then are killed and verified; the rest is for a busy machine."""
POLL_S = 0.02  # short against the time a daemon takes to end, long against one look

StopJobs = Annotated[bool, typer.Option("--stop-jobs", help="Stop the running jobs as well.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Start, stop and look at the service that runs the jobs.", rich_markup_mode=None)
    group.command("start")(start)
    group.command("stop")(stop)
    group.command("status")(status)
    group.command("logs")(logs)
    group.command("rebuild")(rebuild)
    app.add_typer(group, name="daemon")


def start(as_json: AsJson = False) -> None:
    """Start the daemon of this home unless it runs."""
    with connect() as client:
        was_running = is_daemon_running(client.home)
        hello = client.call("hello")
    if as_json:
        print_json({**hello, "started": not was_running})
    else:
        say(f"The daemon {'runs already' if was_running else 'runs'}: process {hello['pid']}, home {hello['home']}.")


def stop(stop_jobs: StopJobs = False, as_json: AsJson = False) -> None:
    """Stop the daemon; running jobs go on.

    With --stop-jobs they are stopped first and keep what they have."""
    answer = stop_daemon(stop_jobs=stop_jobs)
    if as_json:
        print_json(answer)
    elif not answer["stopped"]:
        say("No daemon is running.")
    elif answer["running"] and not stop_jobs:
        tasks = "1 running task goes" if answer["running"] == 1 else f"{answer['running']} running tasks go"
        say(f"The daemon is stopped; {tasks} on. 'vestim daemon start' starts it again.")
    else:
        say("The daemon is stopped.")


def stop_daemon(*, stop_jobs: bool) -> dict[str, Any]:
    """Stop the daemon and wait until it has ended.

    Returns whether there was one (`stopped`) and how many tasks go on (`running`). Raises `VestimError` on timeout.
    """
    with connect(start=False) as client:
        home = client.home
        if not is_daemon_running(home):
            return {"stopped": False, "running": 0}
        try:
            running = int(client.call("shutdown", stop_jobs=stop_jobs)["running"])
        except VestimError as error:
            if error.code is not ErrorCode.STOPPED:
                raise
            running = 0
    timeout_s = STOP_JOBS_TIMEOUT_S if stop_jobs else STOP_TIMEOUT_S
    deadline_s = time.monotonic() + timeout_s
    while is_daemon_running(home):
        if time.monotonic() > deadline_s:
            raise VestimError(
                ErrorCode.FAILED, f"the daemon has not ended within {timeout_s:.0f} s: see {home.daemon_log}"
            )
        time.sleep(POLL_S)
    return {"stopped": True, "running": 0 if stop_jobs else running}


def status(as_json: AsJson = False) -> None:
    """Say what the daemon does.

    Exit code 4 when none is running."""
    with connect(start=False) as client:
        daemon_status = client.call("daemon_status")
    if as_json:
        print_json(daemon_status, indent=2)
        return
    uptime, memory_MB = format_duration(daemon_status["uptime_s"]), format_number(daemon_status["memory_MB"])
    process = f"process {daemon_status['pid']}, version {daemon_status['version']}"
    say(f"The daemon runs: {process}, up {uptime}, {memory_MB} MB.")
    say(f"Home: {daemon_status['home']}")
    say(_machine_line(daemon_status["machine"]))
    counts = ", ".join(f"{count} {state}" for state, count in sorted(daemon_status["jobs"].items()))
    say(f"Jobs that have not ended: {counts or 'none'}.")
    for task in daemon_status["running"]:
        say(f"Running: {task['job_id']} {task['task_id']}")


def _machine_line(machine: dict[str, Any]) -> str:
    cpu = "" if machine["cpu_percent"] is None else f"{format_number(machine['cpu_percent'])} % of "
    memory = f"{machine['memory_used_MB'] / 1000:.1f} of {machine['memory_total_MB'] / 1000:.1f} GB in use"
    gpus = "".join(f", {gpu['name']}" for gpu in machine["gpus"])
    return f"Machine: {cpu}{machine['cores']} cores, {memory}{gpus}."


def logs(as_json: AsJson = False) -> None:
    """Print the daemon's log."""
    with connect(start=False) as client:
        path = _find_log(client.home)
    text = path.read_text(encoding="utf-8", errors="replace")
    if as_json:
        print_json({"file": str(path), "text": text})
    else:
        print(text, end="")


def rebuild(as_json: AsJson = False) -> None:
    """Make the registry anew from the job folders.

    The previous one is kept beside it. Running jobs go on; every client starts over by itself.
    """
    stop_daemon(stop_jobs=False)
    with connect() as client:
        start_daemon(client.home, rebuild=True)
        jobs = len(list_all_jobs(client.call))
    if as_json:
        print_json({"jobs": jobs})
    else:
        say(f"The registry is made anew: {jobs} job{'' if jobs == 1 else 's'}. The log names what was left out.")


def _find_log(home: Home) -> Any:
    if not home.daemon_log.is_file():
        raise not_found(f"there is no log yet: no daemon has run in {home.root}", location=str(home.daemon_log))
    return home.daemon_log
