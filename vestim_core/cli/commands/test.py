"""`vestim test JOB [FILE...]`: the models of a finished job on new files, or on disturbed ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.link import connected
from vestim_core.cli.output import AsJson, console, plain, print_json, say
from vestim_core.cli.pick import find_job
from vestim_core.cli.questions import Columns, absolute, bar, columns_of
from vestim_core.cli.results import HEADS, METRICS, new_table
from vestim_core.cli.trust import robustness_table
from vestim_core.cli.values import named, number
from vestim_core.client import Client, follow, show
from vestim_core.protocol.limits import MAX_PIECE_BYTES
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.figures import unit_of
from vestim_core.spec.ids import is_safe_id
from vestim_core.spec.states import TaskState


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("test")(test)


def test(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Id or name of a job that has ended, or its folder.")],
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Data files, or folders of them.")
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option("--task", metavar="T", help="Model of this training; may be given again.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Test every model of the job.")] = False,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Tell what sensor errors cost, without FILE on the job's own files.")
    ] = False,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Copy the results to this new folder.")] = "",
    column: Columns = None,
    as_json: AsJson = False,
) -> None:
    """Test models of a finished job on new files.

    Takes the model with the smallest validation error unless told otherwise. Where a file has no target, its
    predictions are written all the same. --robustness tests again with offsets, gains, noise, a wrong SOC, lost samples
    and a start in mid-cycle. Ctrl+C ends the test.
    """
    if task and every:
        raise wrong_input("--task and --all exclude each other: give one of them", place="--all")
    folder = _free(out) if out else None
    with connected() as client:
        job_id = _taken_in(client, job) or find_job(client, job)
        asked: dict[str, Any] = {
            "files": absolute(files or []),
            "tasks": task or [],
            "every": every,
            "columns": columns_of(column),
            "robustness": robustness,
        }
        task_id = client.call("test", job_id=job_id, **asked)["task_id"]
        found = _await(client, job_id, task_id)
        copied = _copy(client, job_id, f"tasks/{task_id}/result/", folder) if folder else []
    if as_json:
        print_json({"job_id": job_id, "task_id": task_id, **found, "copied": copied}, indent=2)
        return
    _tell(found)
    where = f"'{folder}'" if folder else f"tasks/{task_id}/result of {job_id}"
    what = "Metrics and predictions" if files else "The results"
    say(f"{what} lie in {where}.")


def _free(out: str) -> Path:
    folder = Path(out).expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise wrong_input(f"'{folder}' exists and is not empty: name a new folder", place="--out")
    return folder


def _taken_in(client: Client, job: str) -> str:
    """The id of the job whose folder `job` is, copied into the workspace where it is not; empty for no folder."""
    folder = Path(job).expanduser()
    if not (folder / "job.json").is_file():
        return ""
    job_id = folder.resolve().name
    if not is_safe_id(job_id):
        raise wrong_input(f"the folder '{folder}' no longer bears its job's id: rename it so", place="JOB")
    home = client.home.jobs / job_id
    if not home.exists():
        beside = home.with_name(f".incoming-{job_id}")
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(folder, beside)
        beside.rename(home)
        say(f"{job_id} was copied into the workspace.", stderr=True)
    return job_id


def _await(client: Client, job_id: str, task_id: str) -> dict[str, Any]:
    """What the task reported, and warnings; `VestimError` when it failed or was stopped."""
    warnings: list[str] = []
    try:
        with bar() as progress:
            for batch in follow(client, job_id):
                for news in batch.progress:
                    progress(news)
                mine = [e for e in batch.events if e["task"] == task_id and e["kind"] == EventKind.MESSAGE]
                warnings += [event["data"]["text"] for event in mine if event["data"].get("level") == "warning"]
    except KeyboardInterrupt:
        client.call("stop", job_id=job_id)
        raise
    task = next(task for task in show(client, job_id)["tasks"] if task["task_id"] == task_id)
    if task["state"] != TaskState.DONE:
        error = task["error"]
        raise VestimError.from_record(error) if error else VestimError(ErrorCode.FAILED, "the test was stopped")
    return {**task["result"], "warnings": warnings}


def _copy(client: Client, job_id: str, start: str, folder: Path) -> list[str]:
    """Copy the job's files below `start` to `folder`; their paths there."""
    copied = []
    for artifact in client.call("list_artifacts", job_id=job_id)["artifacts"]:
        path = str(artifact["path"])
        if not path.startswith(start):
            continue
        target = folder / path.removeprefix(start)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            asked: dict[str, Any] = {"path": path, "length": MAX_PIECE_BYTES}
            while file.tell() < artifact["bytes"]:
                piece = client.call("read_artifact", job_id=job_id, offset=file.tell(), **asked)["data"]
                if not piece:
                    break
                file.write(piece)
        copied.append(str(target))
    return copied


def _tell(found: dict[str, Any]) -> None:
    for warning in found["warnings"]:
        say(f"Warning: {plain(warning)}")
    for model in found["retest"]:
        unit = unit_of(named(model["files"][0], "rmse")[0])
        title = f"Errors of {model['target']}, {plain(model['model']['title'])} ({model['model']['task_id']})"
        table = new_table(f"{title}, in {unit} (R2 has no unit)" if unit else title)
        table.add_column("File", overflow="fold")
        for name in METRICS:
            table.add_column(HEADS[name], justify="right", no_wrap=True)
        for file in model["files"]:
            table.add_row(*map(Text, (plain(file["file"]), *(number(named(file, name)[1]) for name in METRICS))))
        console().print(table)
    for model in found.get("robustness", ()):
        console().print(robustness_table(model))
