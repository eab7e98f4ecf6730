"""The whole life of a job, asked for through the protocol and computed in real processes."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vestim_core.client import all_jobs
from vestim_core.protocol.cursors import CATALOG, Cursor, job_stream
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import JobState, Phase, TaskKind, TaskState
from vestim_core.system.processes import ProcessRef
from vestim_core.verify import doors as service
from vestim_core.verify.check_groups import CheckFailed, Group, expect
from vestim_core.verify.public_interface import PATIENCE_S, Doors
from vestim_core.verify.event_reader import Event, job_is, read_until
from vestim_core.verify.sandbox import Place
from vestim_core.verify.sample_drives import ROWS, settings, write_drives


@dataclass(slots=True)
class Life:
    """One job and what was seen of it. processes: every one that worked for it."""

    doors: Doors
    data: dict[str, list[str]]
    job_id: str = ""
    cursor: Cursor | None = None
    events: list[Event] = field(default_factory=list)
    processes: set[ProcessRef] = field(default_factory=set)

    def show(self) -> dict[str, Any]:
        """The job as the service tells it; its processes are remembered."""
        shown: dict[str, Any] = self.call("show_job")
        for task in shown["tasks"]:
            if task["pid"] and (process := self.doors.process(task["pid"])):
                self.processes.add(process)
        return shown

    def call(self, method: str, **params: Any) -> Any:
        """A method about the job."""
        if not self.job_id:
            raise CheckFailed("there is no job to look at, since none could be created")
        return self.doors.call(method, job_id=self.job_id, **params)

    def until(self, wanted: Callable[[Event], bool], what: str) -> list[Event]:
        """Read on from the cursor up to a wanted event; all that came meanwhile."""
        self.call("show_job", tasks_limit=0)
        new, self.cursor = read_until(self.doors, self.job_id, self.cursor, wanted, what)
        self.events += new
        return new

    def until_state(self, *states: JobState) -> list[Event]:
        """Read on until the job comes to one of these states."""
        return self.until(job_is(*states), " or ".join(states))

    def refused(self, method: str, **params: Any) -> VestimError:
        """The reason why something is refused; `CheckFailed` when it is not."""
        try:
            self.call(method, **params)
        except VestimError as error:
            return error
        raise CheckFailed(f"'{method}' was not refused")


@contextmanager
def _life(place: Place) -> Iterator[Life]:
    with service.open_doors(place) as doors:
        yield Life(doors, write_drives(place.root / "life_data"))


LIFE = Group("The whole life of a job", _life)


@LIFE.check("It is created as a draft that says what it lacks")
def created(life: Life) -> None:
    life.job_id = life.doors.call("create_job", name="A whole life")["job_id"]
    shown = life.show()
    expect(shown["state"] == JobState.DRAFT and shown["name"] == "A whole life", f"it is {shown['state']}")
    expect(shown["problems"], "a draft without data lacks nothing")
    expect(life.job_id in {row["job_id"] for row in all_jobs(life.doors.call)}, "it is not in the list of jobs")


@LIFE.check("Its data and hyperparameters are saved, and it lacks nothing more")
def hyperparameters_saved(life: Life) -> None:
    life.call("save_data", data=life.data)
    life.call("save_hyperparameters", sections=settings())
    shown = life.show()
    saved = {name: shown["spec"].get(name) for name in settings()}
    expect(saved == settings(), "the settings are not those that were saved")
    expect(shown["spec"]["data"] == life.data, "the files are not those that were saved")
    expect(not shown["problems"], f"it still lacks something: {shown['problems'][:1]}")
    manager = _manager(shown, Phase.HYPERPARAMETERS)
    expect(manager["state"] == "done" and manager["details"]["trials"] == 2, f"hyperparameters are {manager['state']}")


@LIFE.check("Its tasks are set up: one training and one test for each model, anew when its settings change")
def tasks_set_up(life: Life) -> None:
    one_model = {"kind": "fnn", "sizes": [4]}
    for changed, models in ((settings()["model"], 2), (one_model, 1)):
        life.call("save_hyperparameters", sections={"model": changed})
        expect(not life.show()["tasks"], "tasks of other settings are still there")
        counts = life.call("setup_training_tasks")
        kinds = sorted(task["kind"] for task in life.show()["tasks"])
        expect(kinds == ["prepare", *["test"] * models, *["train"] * models], f"its tasks are {', '.join(kinds)}")
        expect((counts["trial_count"], counts["task_count"]) == (models, len(kinds)), f"it counts {counts}")


@LIFE.check("It starts, and its settings are fixed from then on")
def started(life: Life) -> None:
    state = life.call("start")["state"]
    expect(state == JobState.QUEUED, f"it is {state}")
    reason = life.refused("save_hyperparameters", sections=settings(max_epochs=1))
    expect("started" in reason.sentence, f"a change is refused with '{reason.sentence}'")
    written = json.loads(life.call("read_artifact", path="job.json")["data"])
    expect(written["spec"]["model"]["sizes"] == [4], "its folder tells of other settings")
    expect(written["provenance"]["seeds"], "its folder names no seed")


@LIFE.check("It is trained in a process of its own")
def trained_in_a_process(life: Life) -> None:
    life.until(lambda event: event["kind"] == "epoch", "the first epoch")
    running = [task for task in life.show()["tasks"] if task["kind"] == TaskKind.TRAIN and task["state"] == "running"]
    expect(running, "no training runs")
    daemon = life.doors.call("daemon_status")["pid"]
    for task in running:
        expect(task["pid"] not in {0, daemon, os.getpid()}, f"{task['task_id']} runs in the service itself")
        process = life.doors.process(task["pid"])
        expect(process and life.doors.tree_lives(process), f"process {task['pid']} of {task['task_id']} does not live")


@LIFE.check("Its progress is told at three levels: the job, its managers, its tasks")
def progress_at_three_levels(life: Life) -> None:
    shown = life.show()
    expect(shown["state"] == JobState.RUNNING, f"the job is {shown['state']}")
    expect(shown["phase"] == Phase.TRAINING and 0.0 < shown["fraction"] < 1.0, f"the job is at {shown['fraction']}")
    manager = _manager(shown, Phase.TRAINING)
    expect(manager["state"] == "running" and manager["details"]["tasks"] == 1, f"its training is {manager['state']}")
    expect("of 1 trained" in manager["message"], f"its training says '{manager['message']}'")
    prepared = _manager(shown, Phase.DATA_PROCESSING)
    expect(prepared["state"] == "done" and prepared["fraction"] == 1.0, f"its data are {prepared['state']}")
    task = next(task for task in shown["tasks"] if task["progress"].get("epoch"))
    figures = [value for name, value in task["progress"].items() if name.startswith("validation_rmse")]
    expect(figures and all(map(math.isfinite, figures)), f"{task['task_id']} tells no error")
    expect(task["progress"]["max_epochs"] == settings()["training"]["max_epochs"], "a task does not tell of how many")


@LIFE.check("A client that goes and comes back misses nothing, and the training went on")
def client_gone_and_back(life: Life) -> None:
    before = _pids(life.show())
    seen = len(life.events)
    life.doors.come_back()
    life.until(lambda event: event["kind"] == "epoch", "another epoch")
    numbers = [event["seq"] for event in life.events]
    expect(numbers == list(range(1, len(numbers) + 1)), f"after {seen} events it goes on with {numbers[seen:][:3]}")
    after = _pids(life.show())
    expect(before and before == after, "the training runs in another process than before")
    (part,) = life.doors.call("wait", cursors=[{"stream": job_stream(life.job_id)}], limit=5000)["streams"]
    again = part["events"][: len(numbers)]
    expect(again == life.events, "a client that reads from the start is told something else")


@LIFE.check("It stops when it is told to, keeps its best weights, and its processes end")
def stopped(life: Life) -> None:
    life.show()
    life.call("stop", test=False)
    life.until_state(JobState.STOPPED)
    shown = life.show()
    trained = [task for task in shown["tasks"] if task["has_model"]]
    expect(trained, "no weights were kept")
    paths = {entry["path"] for entry in life.call("list_artifacts")["artifacts"]}
    for task in trained:
        expect(f"tasks/{task['task_id']}/result/model.pt" in paths, f"the weights of {task['task_id']} are not there")
    _all_gone(life)


@LIFE.check("It resumes from where it stood")
def resumed(life: Life) -> None:
    stood = {event["task"]: event["data"]["epoch"] for event in life.events if event["kind"] == "epoch"}
    expect(stood, "it had not come to an epoch before")
    life.call("resume")
    new = life.until(lambda event: event["kind"] == "epoch" and event["task"] in stood, "an epoch after the stop")
    first = next(event for event in new if event["kind"] == "epoch" and event["task"] in stood)
    expect(first["attempt"] == 2, f"{first['task']} goes on as attempt {first['attempt']}")
    epoch = first["data"]["epoch"]
    expect(epoch >= stood[first["task"]] and epoch > 1, f"after epoch {stood[first['task']]} comes epoch {epoch}")


@LIFE.check("It is tested when it stops, and again on a new file")
def tested(life: Life) -> None:
    life.show()
    life.call("stop")
    life.until_state(JobState.STOPPED)
    tests = [task for task in life.show()["tasks"] if task["kind"] == TaskKind.TEST]
    done = [task for task in tests if task["state"] == TaskState.DONE]
    expect(done, f"its tests are {', '.join(task['state'] for task in tests)}")
    figures = [_rmse(task["result"]["overall"]["test"]) for task in done]
    expect(all(0.0 < value < 1000.0 for value in figures), f"the errors are {figures} mV")
    best = life.show()["best"]
    expect(best and best["value"] == min(figures), "the job does not tell the smallest error")
    asked = {"files": life.data["test"], "tasks": [], "every": False, "columns": {}, "repairs": []}
    task_id = life.call("test", **asked)["task_id"]
    life.until_state(JobState.STOPPED)
    retest = next(task for task in life.show()["tasks"] if task["task_id"] == task_id)
    expect(retest["state"] == TaskState.DONE, f"the test on a new file is {retest['state']}")
    found = [entry["path"] for entry in life.call("list_artifacts")["artifacts"]]
    written = next((path for path in found if path.startswith(f"tasks/{task_id}/") and path.endswith(".csv")), "")
    expect(written, "it wrote no predictions")
    lines = life.call("read_artifact", path=written)["data"].decode().splitlines()
    expect(ROWS - 2 <= len(lines) - 1 <= ROWS, f"{len(lines) - 1} predictions were written for {ROWS} rows")


@LIFE.check("It is deleted with everything that is its own")
def deleted(life: Life) -> None:
    folder = str(life.doors.call("daemon_status")["workspace"]) + f"/jobs/{life.job_id}"
    expect(life.doors.is_folder(folder), "it had no folder")
    expect(life.call("delete")["deleted"], "nothing was deleted")
    expect(life.refused("show_job").code is ErrorCode.NOT_FOUND, "it can still be asked for")
    expect(not life.doors.is_folder(folder), "its folder is still there")
    (part,) = life.doors.call("wait", cursors=[{"stream": CATALOG}])["streams"]
    told = [row["summary"] for row in part["events"] if row["job_id"] == life.job_id]
    expect(told == [None], "clients are not told that it has gone")


@LIFE.check("Nothing that ran for it is left running")
def nothing_left(life: Life) -> None:
    expect(len(life.processes) >= 2, f"only {len(life.processes)} processes were seen at work")
    _all_gone(life)


def _all_gone(life: Life) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while left := [process.pid for process in life.processes if life.doors.tree_lives(process)]:
        expect(time.monotonic() < deadline_s, f"process {left[0]} or one that it started still lives")
        time.sleep(0.02)


def _manager(shown: dict[str, Any], phase: Phase) -> dict[str, Any]:
    found: dict[str, Any] = next((one for one in shown["managers"] if one["phase"] == phase), {})
    expect(found, f"nothing is told of {phase}")
    return found


def _pids(shown: dict[str, Any]) -> set[int]:
    return {task["pid"] for task in shown["tasks"] if task["kind"] == TaskKind.TRAIN and task["pid"]}


def _rmse(figures: dict[str, Any]) -> float:
    return next(float(value) for name, value in figures.items() if name.startswith("rmse"))
