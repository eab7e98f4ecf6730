"""The predecessor's paths, with its field names and status words, so that scripts written for it run on: all of them
take the token, and all are deprecated in favour of `/v1`."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks
from pydantic import BaseModel, ConfigDict, Field

from vestim_core.client import all_jobs
from vestim_core.gateway.client_pool import Bridge
from vestim_core.gateway.legacy_records import data_of, job_record, status_record, status_word, task_progress
from vestim_core.spec.errors import not_found, wrong_input
from vestim_core.spec.states import JOB_ENDS, JobState, TaskKind

_ACTIVE = {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.HELD}
Answer = dict[str, Any]


class Selections(BaseModel):
    """What a job is made of; `train_files`, `val_files` and `test_files` are used, the rest is let pass."""

    model_config = ConfigDict(extra="allow")

    selections: dict[str, Any] = Field(default_factory=dict)


class Hyperparameters(BaseModel):
    """The predecessor's keys and values."""

    hyperparameters: dict[str, Any]


class TaskInfo(BaseModel):
    """task_info: names the job in `job_id`. Everything else of it stands in the job already."""

    model_config = ConfigDict(extra="allow")

    task_info: dict[str, Any] = Field(default_factory=dict)


class StatusUpdate(BaseModel):
    """A remark about a job; it is kept as a message and changes no state."""

    status: str = Field(max_length=200)
    message: str = Field("", max_length=2_000)
    progress_percent: float | None = None


class Former:
    """The predecessor's operations, each by today's methods."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._call = bridge.call

    def show(self, job_id: str) -> Answer:
        """A job with all that the predecessor's answers are made of."""
        shown: Answer = self._call("show_job", {"job_id": job_id})
        return shown

    def folder(self, job_id: str) -> str:
        """The job's folder on this machine."""
        return str(self._bridge.home.jobs / job_id)

    def record(self, job_id: str) -> Answer:
        """One job as the predecessor listed it."""
        return job_record(self.show(job_id), self.folder(job_id))

    def jobs(self) -> list[Answer]:
        """Every job that is not archived."""
        listed = all_jobs(lambda method, **params: self._call(method, params))
        return [row for row in listed if not row["archived"]]

    def running_tasks(self) -> list[str]:
        """Tasks that run, each as `job:task`."""
        return [
            f"{row['job_id']}:{task['task_id']}"
            for row in self.jobs()
            if row["state"] == JobState.RUNNING
            for task in self.show(row["job_id"])["tasks"]
            if task["state"] == "running"
        ]

    def start(self, job_id: str) -> Answer:
        """Start a draft, or let a job that stands still go on; one that is under way is left so."""
        job = self.show(job_id)
        if job["state"] == JobState.DRAFT:
            self._call("start", {"job_id": job_id})
        elif job["state"] not in {JobState.QUEUED, JobState.RUNNING}:
            self._call("resume", {"job_id": job_id})
        return self.show(job_id)

    def task_status(self, job_id: str, task_id: str) -> Answer:
        """How far one task is."""
        job = self.show(job_id)
        task = next((task for task in job["tasks"] if task["task_id"] == task_id), None)
        if task is None:
            raise not_found(f"job {job_id} has no task '{task_id}'", place="task_id")
        progress = task_progress(task)
        return {
            "status": progress["status"],
            "task_id": task_id,
            "job_id": job_id,
            "job_status": status_word(job),
            "task_progress": progress,
        }


def former_router(bridge: Bridge) -> APIRouter:
    """All paths of the predecessor."""
    router = APIRouter()
    former = Former(bridge)
    _add_server(router, former, bridge)
    _add_jobs(router, former, bridge)
    _add_life(router, former, bridge)
    _add_tasks(router, former, bridge)
    return router


def _add_server(router: APIRouter, former: Former, bridge: Bridge) -> None:
    @router.get("/")
    def root() -> Answer:
        bridge.call("hello", {})
        return {"message": "Vestim is running", "status": "running", "timestamp": _now()}

    @router.get("/health")
    def health() -> Answer:
        bridge.call("hello", {})
        return {"status": "healthy", "timestamp": _now()}

    @router.get("/server/status")
    def server_status() -> Answer:
        running = former.running_tasks()
        return {"status": "running", "timestamp": _now(), "running_tasks": len(running), "task_ids": running}

    @router.post("/server/shutdown")
    def shutdown(behind: BackgroundTasks) -> Answer:
        """Ends daemon and gateway, which were one program; running jobs go on."""
        bridge.call("shutdown", {})
        behind.add_task(os.kill, os.getpid(), signal.SIGINT)
        return {"message": "The server is shutting down; running jobs go on"}


def _add_jobs(router: APIRouter, former: Former, bridge: Bridge) -> None:
    def create(given: Selections) -> Answer:
        data = data_of(given.selections)
        job_id = bridge.call("create_job", {"spec": {"data": data} if data else {}})["job_id"]
        return {**former.record(job_id), "selections": given.selections}

    @router.post("/jobs")
    def create_job(given: Selections) -> Answer:
        return create(given)

    @router.post("/jobs/process-and-create")
    def process_and_create(given: Selections) -> Answer:
        if not data_of(given.selections):
            raise wrong_input("selections name no files: give 'train_files' and 'test_files'", place="selections")
        return create(given)

    @router.post("/jobs/clear")
    def clear() -> Answer:
        """Archives what has ended; nothing is lost."""
        ended = [row["job_id"] for row in former.jobs() if row["state"] in JOB_ENDS]
        for job_id in ended:
            bridge.call("archive", {"job_id": job_id})
        return {"message": f"{len(ended)} finished jobs were archived"}

    @router.get("/jobs")
    def list_jobs() -> list[Answer]:
        return [former.record(row["job_id"]) for row in former.jobs()]

    @router.get("/jobs/{job_id}")
    def get_job(job_id: str) -> Answer:
        return former.record(job_id)

    @router.delete("/jobs/{job_id}")
    def delete_job(job_id: str) -> Answer:
        bridge.call("delete", {"job_id": job_id})
        return {"message": f"Job {job_id} was deleted"}

    @router.post("/jobs/{job_id}/ensure")
    def ensure(job_id: str) -> Answer:
        return former.record(job_id)


def _add_life(router: APIRouter, former: Former, bridge: Bridge) -> None:
    @router.post("/jobs/{job_id}/hyperparameters")
    def hyperparameters(job_id: str, given: Hyperparameters) -> Answer:
        read = bridge.call("read_hyperparameters", {"document": given.hyperparameters})
        bridge.call("save_hyperparameters", {"job_id": job_id, "sections": read["sections"]})
        notes = "".join(f"; {note['key']}: {note['sentence']}" for note in read["notes"])
        return {"message": f"Hyperparameters were saved{notes}", "job_id": job_id}

    @router.post("/jobs/{job_id}/setup-training")
    def setup_training(job_id: str) -> Answer:
        counts = bridge.call("setup_training_tasks", {"job_id": job_id})
        message = f"{counts['trial_count']} training tasks were set up"
        return {"message": message, "task_count": counts["trial_count"], "job_folder": former.folder(job_id)}

    @router.post("/jobs/{job_id}/start")
    def start(job_id: str, given: TaskInfo | None = None) -> Answer:
        former.start(job_id)
        return {"message": f"Job {job_id} was started", "job_id": job_id}

    @router.post("/jobs/{job_id}/start_training")
    def start_training(job_id: str) -> Answer:
        job = former.start(job_id)
        trainings = sum(task["kind"] == TaskKind.TRAIN for task in job["tasks"])
        answer = {"status": status_word(job), "message": "Training was started", "job_id": job_id}
        return {**answer, "task_count": trainings}

    @router.post("/jobs/{job_id}/stop")
    @router.post("/jobs/{job_id}/stop-training")
    def stop(job_id: str) -> Answer:
        bridge.call("stop", {"job_id": job_id})
        return {"message": f"Job {job_id} is being stopped; its best model is kept", "job_id": job_id}

    @router.get("/jobs/{job_id}/status")
    @router.get("/jobs/{job_id}/detailed-status")
    def status(job_id: str) -> Answer:
        return status_record(former.show(job_id), former.folder(job_id))

    @router.post("/jobs/{job_id}/update-status")
    def update_status(job_id: str, given: StatusUpdate) -> Answer:
        percent = "" if given.progress_percent is None else f" ({given.progress_percent:g} %)"
        bridge.call("remark", {"job_id": job_id, "text": f"{given.status}: {given.message}{percent}"})
        return {"message": "The remark was kept; states are Vestim's own", "job_id": job_id}


def _add_tasks(router: APIRouter, former: Former, bridge: Bridge) -> None:
    @router.post("/jobs/{job_id}/tasks/{task_id}/start_training")
    def start_task(job_id: str, task_id: str) -> Answer:
        """Starts its job: tasks of a job are scheduled together."""
        former.task_status(job_id, task_id)
        job = former.start(job_id)
        return {"status": status_word(job), "message": f"Job {job_id} was started with all its tasks"}

    @router.get("/jobs/{job_id}/tasks/{task_id}/status")
    def task_status(job_id: str, task_id: str) -> Answer:
        return former.task_status(job_id, task_id)

    @router.post("/tasks/start")
    def oldest_start(given: TaskInfo) -> Answer:
        job_id = given.task_info.get("job_id")
        if not isinstance(job_id, str):
            raise wrong_input("task_info names no job: give its 'job_id'", place="task_info.job_id")
        job = former.start(job_id)
        first = next((task["task_id"] for task in job["tasks"] if task["kind"] == TaskKind.TRAIN), "")
        task_id = f"{job_id}:{given.task_info.get('task_id') or first}"
        return {"message": "Training was started", "task_id": task_id, "status": status_word(job)}

    @router.post("/tasks/stop_all")
    def oldest_stop_all() -> Answer:
        active = [row["job_id"] for row in former.jobs() if row["state"] in _ACTIVE]
        for job_id in active:
            bridge.call("stop", {"job_id": job_id})
        return {"message": f"{len(active)} jobs are being stopped"}

    @router.get("/tasks/{task}/status")
    def oldest_status(task: TaskName) -> Answer:
        return former.task_status(*_job_and_task(former, task))

    @router.post("/tasks/{task}/stop")
    def oldest_stop(task: TaskName) -> Answer:
        """Stops its job: tasks of a job are stopped together."""
        job_id, _ = _job_and_task(former, task)
        bridge.call("stop", {"job_id": job_id})
        return {"message": f"Job {job_id} is being stopped; its best model is kept", "task_id": task}


TaskName = Annotated[str, Field(max_length=100, description="`job:task`, or a task's id where one active job has it.")]


def _job_and_task(former: Former, name: str) -> tuple[str, str]:
    job_id, colon, task_id = name.partition(":")
    if colon:
        return job_id, task_id
    having = [
        row["job_id"]
        for row in former.jobs()
        if row["state"] in _ACTIVE and any(task["task_id"] == name for task in former.show(row["job_id"])["tasks"])
    ]
    if len(having) != 1:
        raise not_found(f"'{name}' is a task of {len(having)} active jobs: name it as JOB:TASK", place="task_id")
    return having[0], name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
