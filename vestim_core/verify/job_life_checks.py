"""Checks of the whole life of a job, through the protocol and in real processes."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vestim_core.client import list_all_jobs
from vestim_core.protocol.cursors import CATALOG_STREAM, Cursor, job_stream
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import JobState, Phase, TaskKind, TaskState
from vestim_core.system.processes import ProcessRef
from vestim_core.verify import public_interface
from vestim_core.verify.check_groups import CheckFailed, CheckGroup, expect
from vestim_core.verify.event_reader import Event, job_reaches, read_until
from vestim_core.verify.public_interface import TIMEOUT_S, PublicInterface
from vestim_core.verify.sample_drives import ROWS, sample_settings, write_drives
from vestim_core.verify.sandbox import Sandbox


@dataclass(slots=True)
class JobLife:
    """One job and its history so far. processes: every process that has worked for it."""

    interface: PublicInterface
    data: dict[str, list[str]]
    job_id: str = ""
    cursor: Cursor | None = None
    events: list[Event] = field(default_factory=list)
    processes: set[ProcessRef] = field(default_factory=set)

    def show(self) -> dict[str, Any]:
        """The job in the format of `show_job`. Its processes are added to `processes`."""
        job: dict[str, Any] = self.call("show_job")
        for task in job["tasks"]:
            if task["pid"] and (process := self.interface.find_process(task["pid"])):
                self.processes.add(process)
        return job

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of the job."""
        if not self.job_id:
            raise CheckFailed("there is no job to look at, since none could be created")
        return self.interface.call(method, job_id=self.job_id, **params)

    def read_until_event(self, is_match: Callable[[Event], bool], description: str) -> list[Event]:
        """Read from the cursor on up to a matching event; all events on the way are returned."""
        self.call("show_job", tasks_limit=0)
        events, self.cursor = read_until(self.interface, self.job_id, self.cursor, is_match, description)
        self.events += events
        return events

    def read_until_state(self, *states: JobState) -> list[Event]:
        """Read on until the job reaches one of these states."""
        return self.read_until_event(job_reaches(*states), " or ".join(states))

    def expect_refusal(self, method: str, **params: Any) -> VestimError:
        """Call a method that must be refused and return the error."""
        try:
            self.call(method, **params)
        except VestimError as error:
            return error
        raise CheckFailed(f"'{method}' was not refused")


@contextmanager
def _open_life(sandbox: Sandbox) -> Iterator[JobLife]:
    with public_interface.open_interface(sandbox) as interface:
        yield JobLife(interface, write_drives(sandbox.root / "life_data"))


JOB_LIFE_GROUP = CheckGroup("The whole life of a job", _open_life)


@JOB_LIFE_GROUP.check("It is created as a draft that says what it lacks")
def draft_is_created(life: JobLife) -> None:
    life.job_id = life.interface.call("create_job", name="A whole life")["job_id"]
    job = life.show()
    expect(job["state"] == JobState.DRAFT and job["name"] == "A whole life", f"it is {job['state']}")
    expect(job["problems"], "a draft without data lacks nothing")
    expect(
        life.job_id in {row["job_id"] for row in list_all_jobs(life.interface.call)}, "it is not in the list of jobs"
    )


@JOB_LIFE_GROUP.check("Its data and hyperparameters are saved, and it lacks nothing more")
def settings_are_saved(life: JobLife) -> None:
    life.call("save_data", data=life.data)
    life.call("save_hyperparameters", sections=sample_settings())
    job = life.show()
    saved = {name: job["spec"].get(name) for name in sample_settings()}
    expect(saved == sample_settings(), "the settings are not those that were saved")
    expect(job["spec"]["data"] == life.data, "the files are not those that were saved")
    expect(not job["problems"], f"it still lacks something: {job['problems'][:1]}")
    manager = _manager(job, Phase.HYPERPARAMETERS)
    expect(manager["state"] == "done" and manager["details"]["trials"] == 2, f"hyperparameters are {manager['state']}")


@JOB_LIFE_GROUP.check("Its tasks are set up: one training and one test for each model, anew when its settings change")
def tasks_are_set_up(life: JobLife) -> None:
    one_model = {"kind": "fnn", "sizes": [4]}
    for changed_model, models in ((sample_settings()["model"], 2), (one_model, 1)):
        life.call("save_hyperparameters", sections={"model": changed_model})
        expect(not life.show()["tasks"], "tasks of other settings are still there")
        counts = life.call("setup_training_tasks")
        kinds = sorted(task["kind"] for task in life.show()["tasks"])
        expect(kinds == ["prepare", *["test"] * models, *["train"] * models], f"its tasks are {', '.join(kinds)}")
        expect((counts["trial_count"], counts["task_count"]) == (models, len(kinds)), f"it counts {counts}")


@JOB_LIFE_GROUP.check("It starts, and its settings are fixed from then on")
def job_starts(life: JobLife) -> None:
    state = life.call("start")["state"]
    expect(state == JobState.QUEUED, f"it is {state}")
    refusal = life.expect_refusal("save_hyperparameters", sections=sample_settings(max_epochs=1))
    expect("started" in refusal.message, f"a change is refused with '{refusal.message}'")
    job_file = json.loads(life.call("read_artifact", path="job.json")["data"])
    expect(job_file["spec"]["model"]["sizes"] == [4], "its folder tells of other settings")
    expect(job_file["provenance"]["seeds"], "its folder names no seed")


@JOB_LIFE_GROUP.check("It is trained in a process of its own")
def training_runs_in_a_process(life: JobLife) -> None:
    life.read_until_event(lambda event: event["kind"] == "epoch", "the first epoch")
    running = [task for task in life.show()["tasks"] if task["kind"] == TaskKind.TRAIN and task["state"] == "running"]
    expect(running, "no training runs")
    daemon = life.interface.call("daemon_status")["pid"]
    for task in running:
        expect(task["pid"] not in {0, daemon, os.getpid()}, f"{task['task_id']} runs in the service itself")
        process = life.interface.find_process(task["pid"])
        expect(
            process and life.interface.is_tree_alive(process),
            f"process {task['pid']} of {task['task_id']} does not live",
        )


@JOB_LIFE_GROUP.check("Its progress is told at three levels: the job, its managers, its tasks")
def progress_has_three_levels(life: JobLife) -> None:
    job = life.show()
    expect(job["state"] == JobState.RUNNING, f"the job is {job['state']}")
    expect(job["phase"] == Phase.TRAINING and 0.0 < job["fraction"] < 1.0, f"the job is at {job['fraction']}")
    manager = _manager(job, Phase.TRAINING)
    expect(manager["state"] == "running" and manager["details"]["tasks"] == 1, f"its training is {manager['state']}")
    expect("of 1 trained" in manager["message"], f"its training says '{manager['message']}'")
    processing = _manager(job, Phase.DATA_PROCESSING)
    expect(processing["state"] == "done" and processing["fraction"] == 1.0, f"its data are {processing['state']}")
    task = next(task for task in job["tasks"] if task["progress"].get("epoch"))
    figures = [value for name, value in task["progress"].items() if name.startswith("validation_rmse")]
    expect(figures and all(map(math.isfinite, figures)), f"{task['task_id']} tells no error")
    expect(
        task["progress"]["max_epochs"] == sample_settings()["training"]["max_epochs"],
        "a task does not tell of how many",
    )


@JOB_LIFE_GROUP.check("A client that goes and comes back misses nothing, and the training went on")
def client_reconnects(life: JobLife) -> None:
    pids_before = _pids(life.show())
    count_before = len(life.events)
    life.interface.reconnect()
    life.read_until_event(lambda event: event["kind"] == "epoch", "another epoch")
    numbers = [event["seq"] for event in life.events]
    expect(
        numbers == list(range(1, len(numbers) + 1)),
        f"after {count_before} events it goes on with {numbers[count_before:][:3]}",
    )
    pids_after = _pids(life.show())
    expect(pids_before and pids_before == pids_after, "the training runs in another process than before")
    (stream,) = life.interface.call("wait", cursors=[{"stream": job_stream(life.job_id)}], limit=5000)["streams"]
    events_again = stream["events"][: len(numbers)]
    expect(events_again == life.events, "a client that reads from the start is told something else")


@JOB_LIFE_GROUP.check("It stops when it is told to, keeps its best weights, and its processes end")
def job_stops(life: JobLife) -> None:
    life.show()
    life.call("stop", test=False)
    life.read_until_state(JobState.STOPPED)
    job = life.show()
    trained_tasks = [task for task in job["tasks"] if task["has_model"]]
    expect(trained_tasks, "no weights were kept")
    paths = {entry["path"] for entry in life.call("list_artifacts")["artifacts"]}
    for task in trained_tasks:
        expect(f"tasks/{task['task_id']}/result/model.pt" in paths, f"the weights of {task['task_id']} are not there")
    _expect_processes_ended(life)


@JOB_LIFE_GROUP.check("It resumes from where it stood")
def job_resumes(life: JobLife) -> None:
    last_epochs = {event["task"]: event["data"]["epoch"] for event in life.events if event["kind"] == "epoch"}
    expect(last_epochs, "it had not come to an epoch before")
    life.call("resume")
    new_events = life.read_until_event(
        lambda event: event["kind"] == "epoch" and event["task"] in last_epochs, "an epoch after the stop"
    )
    first = next(event for event in new_events if event["kind"] == "epoch" and event["task"] in last_epochs)
    expect(first["attempt"] == 2, f"{first['task']} goes on as attempt {first['attempt']}")
    epoch = first["data"]["epoch"]
    expect(
        epoch >= last_epochs[first["task"]] and epoch > 1,
        f"after epoch {last_epochs[first['task']]} comes epoch {epoch}",
    )


@JOB_LIFE_GROUP.check("It is tested when it stops, and again on a new file")
def models_are_tested(life: JobLife) -> None:
    life.show()
    life.call("stop")
    life.read_until_state(JobState.STOPPED)
    tests = [task for task in life.show()["tasks"] if task["kind"] == TaskKind.TEST]
    done_tasks = [task for task in tests if task["state"] == TaskState.DONE]
    expect(done_tasks, f"its tests are {', '.join(task['state'] for task in tests)}")
    figures = [_rmse(task["result"]["overall"]["test"]) for task in done_tasks]
    expect(all(0.0 < value < 1000.0 for value in figures), f"the errors are {figures} mV")
    best = life.show()["best"]
    expect(best and best["value"] == min(figures), "the job does not tell the smallest error")
    params = {"files": life.data["test"], "tasks": [], "all_models": False, "columns": {}, "repairs": []}
    task_id = life.call("evaluate", **params)["task_id"]
    life.read_until_state(JobState.STOPPED)
    evaluation = next(task for task in life.show()["tasks"] if task["task_id"] == task_id)
    expect(evaluation["state"] == TaskState.DONE, f"the test on a new file is {evaluation['state']}")
    paths = [entry["path"] for entry in life.call("list_artifacts")["artifacts"]]
    predictions_path = next(
        (path for path in paths if path.startswith(f"tasks/{task_id}/") and path.endswith(".csv")), ""
    )
    expect(predictions_path, "it wrote no predictions")
    lines = life.call("read_artifact", path=predictions_path)["data"].decode().splitlines()
    expect(ROWS - 2 <= len(lines) - 1 <= ROWS, f"{len(lines) - 1} predictions were written for {ROWS} rows")


@JOB_LIFE_GROUP.check("It is deleted with everything that is its own")
def job_is_deleted(life: JobLife) -> None:
    folder = str(life.interface.call("daemon_status")["workspace"]) + f"/jobs/{life.job_id}"
    expect(life.interface.is_folder(folder), "it had no folder")
    expect(life.call("delete")["deleted"], "nothing was deleted")
    expect(life.expect_refusal("show_job").code is ErrorCode.NOT_FOUND, "it can still be asked for")
    expect(not life.interface.is_folder(folder), "its folder is still there")
    (stream,) = life.interface.call("wait", cursors=[{"stream": CATALOG_STREAM}])["streams"]
    summaries = [row["summary"] for row in stream["events"] if row["job_id"] == life.job_id]
    expect(summaries == [None], "clients are not told that it has gone")


@JOB_LIFE_GROUP.check("Nothing that ran for it is left running")
def no_process_is_left(life: JobLife) -> None:
    expect(len(life.processes) >= 2, f"only {len(life.processes)} processes were seen at work")
    _expect_processes_ended(life)


def _expect_processes_ended(life: JobLife) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while pids := [process.pid for process in life.processes if life.interface.is_tree_alive(process)]:
        expect(time.monotonic() < deadline_s, f"process {pids[0]} or one that it started still lives")
        time.sleep(0.02)


def _manager(job: dict[str, Any], phase: Phase) -> dict[str, Any]:
    manager: dict[str, Any] = next((candidate for candidate in job["managers"] if candidate["phase"] == phase), {})
    expect(manager, f"nothing is told of {phase}")
    return manager


def _pids(job: dict[str, Any]) -> set[int]:
    return {task["pid"] for task in job["tasks"] if task["kind"] == TaskKind.TRAIN and task["pid"]}


def _rmse(figures: dict[str, Any]) -> float:
    return next(float(value) for name, value in figures.items() if name.startswith("rmse"))
