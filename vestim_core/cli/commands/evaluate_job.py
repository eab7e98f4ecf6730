"""`vestim test JOB [FILE...]`: evaluates the models of a finished job on new files or with disturbed inputs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from vestim_core.cli.daemon_client import connect
from vestim_core.cli.inspect_with_progress import Columns, absolute_paths, parse_columns, progress_bar
from vestim_core.cli.job_lookup import find_job
from vestim_core.cli.output import AsJson, console, plain_text, print_json, say
from vestim_core.cli.result_tables import METRIC_TITLES, METRICS, new_table
from vestim_core.cli.uncertainty_tables import robustness_table
from vestim_core.cli.value_format import find_metric, format_number
from vestim_core.client import Client, fetch_job, follow_job
from vestim_core.protocol.message_limits import MAX_CHUNK_BYTES
from vestim_core.spec.display_format import metric_unit
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.spec.events import EventKind
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
    all_models: Annotated[bool, typer.Option("--all", help="Test every model of the job.")] = False,
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
    if task and all_models:
        raise wrong_input("--task and --all exclude each other: give one of them", location="--all")
    folder = _require_empty_folder(out) if out else None
    with connect() as client:
        job_id = _import_job_folder(client, job) or find_job(client, job)
        params: dict[str, Any] = {
            "files": absolute_paths(files or []),
            "tasks": task or [],
            "all_models": all_models,
            "columns": parse_columns(column),
            "robustness": robustness,
        }
        task_id = client.call("evaluate", job_id=job_id, **params)["task_id"]
        result = _await_evaluation(client, job_id, task_id)
        copied_paths = _copy_artifacts(client, job_id, f"tasks/{task_id}/result/", folder) if folder else []
    if as_json:
        print_json({"job_id": job_id, "task_id": task_id, **result, "copied": copied_paths}, indent=2)
        return
    _print_result(result)
    location = f"'{folder}'" if folder else f"tasks/{task_id}/result of {job_id}"
    subject = "Metrics and predictions" if files else "The results"
    say(f"{subject} lie in {location}.")


def _require_empty_folder(out: str) -> Path:
    folder = Path(out).expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise wrong_input(f"'{folder}' exists and is not empty: name a new folder", location="--out")
    return folder


def _import_job_folder(client: Client, job: str) -> str:
    """Id of the job whose folder is `job`, copied into the workspace if missing; empty when it is no job folder."""
    folder = Path(job).expanduser()
    if not (folder / "job.json").is_file():
        return ""
    job_id = folder.resolve().name
    if not is_safe_id(job_id):
        raise wrong_input(f"the folder '{folder}' no longer bears its job's id: rename it so", location="JOB")
    target = client.home.jobs / job_id
    if not target.exists():
        incoming = target.with_name(f".incoming-{job_id}")
        shutil.rmtree(incoming, ignore_errors=True)
        shutil.copytree(folder, incoming)
        incoming.rename(target)
        say(f"{job_id} was copied into the workspace.", stderr=True)
    return job_id


def _await_evaluation(client: Client, job_id: str, task_id: str) -> dict[str, Any]:
    """Wait for the task and return its result with warnings. Raises `VestimError` when it failed or was stopped."""
    warnings: list[str] = []
    try:
        with progress_bar() as update:
            for batch in follow_job(client, job_id):
                for progress in batch.progress:
                    update(progress)
                task_messages = [e for e in batch.events if e["task"] == task_id and e["kind"] == EventKind.MESSAGE]
                warnings += [
                    event["data"]["message"] for event in task_messages if event["data"].get("level") == "warning"
                ]
    except KeyboardInterrupt:
        client.call("stop", job_id=job_id)
        raise
    task = next(task for task in fetch_job(client, job_id)["tasks"] if task["task_id"] == task_id)
    if task["state"] != TaskState.DONE:
        error = task["error"]
        raise VestimError.from_record(error) if error else VestimError(ErrorCode.FAILED, "the test was stopped")
    return {**task["result"], "warnings": warnings}


def _copy_artifacts(client: Client, job_id: str, prefix: str, folder: Path) -> list[str]:
    """Copy the job's artifacts below `prefix` to `folder` and return the new paths."""
    copied_paths = []
    for artifact in client.call("list_artifacts", job_id=job_id)["artifacts"]:
        path = str(artifact["path"])
        if not path.startswith(prefix):
            continue
        target = folder / path.removeprefix(prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            params: dict[str, Any] = {"path": path, "length": MAX_CHUNK_BYTES}
            while file.tell() < artifact["bytes"]:
                piece = client.call("read_artifact", job_id=job_id, offset=file.tell(), **params)["data"]
                if not piece:
                    break
                file.write(piece)
        copied_paths.append(str(target))
    return copied_paths


def _print_result(result: dict[str, Any]) -> None:
    for warning in result["warnings"]:
        say(f"Warning: {plain_text(warning)}")
    for model in result["evaluation"]:
        unit = metric_unit(find_metric(model["files"][0], "rmse")[0])
        title = f"Errors of {model['target']}, {plain_text(model['model']['title'])} ({model['model']['task_id']})"
        table = new_table(f"{title}, in {unit} (R2 has no unit)" if unit else title)
        table.add_column("File", overflow="fold")
        for name in METRICS:
            table.add_column(METRIC_TITLES[name], justify="right", no_wrap=True)
        for file in model["files"]:
            table.add_row(
                *map(Text, (plain_text(file["file"]), *(format_number(find_metric(file, name)[1]) for name in METRICS)))
            )
        console().print(table)
    for model in result.get("robustness", ()):
        console().print(robustness_table(model))
