"""`vestim daemon start|stop|status|logs`: the service that runs the jobs."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, print_json, say
from vestim_core.cli.values import duration, number
from vestim_core.client import all_jobs
from vestim_core.client.discover import daemon_lives, start_daemon
from vestim_core.spec.errors import ErrorCode, VestimError, not_found
from vestim_core.system import Home

STOP_TIMEOUT_S = 15.0
STOP_JOBS_TIMEOUT_S = 50.0
"""Ten seconds to obey, five to end, then killed and verified; with room for a busy machine."""
LOOK_S = 0.02

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
    with connected() as client:
        ran = daemon_lives(client.home)
        hello = client.call("hello")
    if as_json:
        print_json({**hello, "started": not ran})
    else:
        say(f"The daemon {'runs already' if ran else 'runs'}: process {hello['pid']}, home {hello['home']}.")


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
    """Stop the daemon and wait until it has gone: whether there was one, and how many tasks run on.

    `VestimError` when it does not go in time.
    """
    with connected(start=False) as client:
        home = client.home
        if not daemon_lives(home):
            return {"stopped": False, "running": 0}
        try:
            running = int(client.call("shutdown", stop_jobs=stop_jobs)["running"])
        except VestimError as error:
            if error.code is not ErrorCode.STOPPED:
                raise
            running = 0
    timeout_s = STOP_JOBS_TIMEOUT_S if stop_jobs else STOP_TIMEOUT_S
    deadline_s = time.monotonic() + timeout_s
    while daemon_lives(home):
        if time.monotonic() > deadline_s:
            raise VestimError(
                ErrorCode.FAILED, f"the daemon has not ended within {timeout_s:.0f} s: see {home.daemon_log}"
            )
        time.sleep(LOOK_S)
    return {"stopped": True, "running": 0 if stop_jobs else running}


def status(as_json: AsJson = False) -> None:
    """Say what the daemon does.

    Exit code 4 when none is running."""
    with connected(start=False) as client:
        found = client.call("daemon_status")
    if as_json:
        print_json(found, indent=2)
        return
    say(
        f"The daemon runs: process {found['pid']}, version {found['version']}, up {duration(found['uptime_s'])}, "
        f"{number(found['memory_MB'])} MB."
    )
    say(f"Home: {found['home']}")
    say(_machine(found["machine"]))
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found["jobs"].items()))
    say(f"Jobs that have not ended: {counts or 'none'}.")
    for task in found["running"]:
        say(f"Running: {task['job_id']} {task['task_id']}")


def _machine(machine: dict[str, Any]) -> str:
    cpu = "" if machine["cpu_percent"] is None else f"{number(machine['cpu_percent'])} % of "
    memory = f"{machine['memory_used_MB'] / 1000:.1f} of {machine['memory_total_MB'] / 1000:.1f} GB in use"
    gpus = "".join(f", {gpu['name']}" for gpu in machine["gpus"])
    return f"Machine: {cpu}{machine['cores']} cores, {memory}{gpus}."


def logs(as_json: AsJson = False) -> None:
    """Print the daemon's log."""
    with connected(start=False) as client:
        path = _log_of(client.home)
    text = path.read_text(encoding="utf-8", errors="replace")
    if as_json:
        print_json({"file": str(path), "text": text})
    else:
        print(text, end="")


def rebuild(as_json: AsJson = False) -> None:
    """Make the registry anew from the job folders.

    The former one is kept beside it. Running jobs go on; every client starts over by itself.
    """
    stop_daemon(stop_jobs=False)
    with connected() as client:
        start_daemon(client.home, rebuild=True)
        jobs = len(all_jobs(client.call))
    if as_json:
        print_json({"jobs": jobs})
    else:
        say(f"The registry is made anew: {jobs} job{'' if jobs == 1 else 's'}. The log names what was left out.")


def _log_of(home: Home) -> Any:
    if not home.daemon_log.is_file():
        raise not_found(f"there is no log yet: no daemon has run in {home.root}", place=str(home.daemon_log))
    return home.daemon_log
