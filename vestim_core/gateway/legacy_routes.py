"""REST paths of PyBattML with its field names and status values, so that scripts written for it keep working.

All of them require the token and are deprecated in favor of `/v1`.
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks
from pydantic import BaseModel, ConfigDict, Field

from vestim_core.client import list_all_jobs
from vestim_core.gateway.client_pool import ClientPool
from vestim_core.gateway.legacy_records import data_section, job_record, legacy_status, status_record, task_progress
from vestim_core.spec.errors import not_found, wrong_input
from vestim_core.spec.states import TERMINAL_JOB_STATES, JobState, TaskKind

_ACTIVE = {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.HELD}
Answer = dict[str, Any]


class Selections(BaseModel):
    """Selections for a new job. `train_files`, `val_files` and `test_files` are used, other keys are ignored."""

    model_config = ConfigDict(extra="allow")

    selections: dict[str, Any] = Field(default_factory=dict)


class Hyperparameters(BaseModel):
    """Keys and values of PyBattML."""

    hyperparameters: dict[str, Any]


class TaskInfo(BaseModel):
    """task_info: names the job in `job_id`. Its other keys are ignored, since the job has them already."""

    model_config = ConfigDict(extra="allow")

    task_info: dict[str, Any] = Field(default_factory=dict)


class StatusUpdate(BaseModel):
    """A remark about a job; it is stored as a message and changes no state."""

    status: str = Field(max_length=200)
    message: str = Field("", max_length=2_000)
    progress_percent: float | None = None


class LegacyApi:
    """The operations of PyBattML, expressed by current methods. Called by request threads."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._call = pool.call

    def show(self, job_id: str) -> Answer:
        """The job with all fields that legacy answers need."""
        job: Answer = self._call("show_job", {"job_id": job_id})
        return job

    def folder(self, job_id: str) -> str:
        """The job's folder on this machine."""
        return str(self._pool.home.jobs / job_id)

    def record(self, job_id: str) -> Answer:
        """The job in PyBattML's format."""
        return job_record(self.show(job_id), self.folder(job_id))

    def jobs(self) -> list[Answer]:
        """Rows of all jobs that are not archived."""
        rows = list_all_jobs(lambda method, **params: self._call(method, params))
        return [row for row in rows if not row["archived"]]

    def running_tasks(self) -> list[str]:
        """Running tasks, each as `job:task`."""
        return [
            f"{row['job_id']}:{task['task_id']}"
            for row in self.jobs()
            if row["state"] == JobState.RUNNING
            for task in self.show(row["job_id"])["tasks"]
            if task["state"] == "running"
        ]

    def start(self, job_id: str) -> Answer:
        """Start a draft or resume a job that is not under way; a queued or running job is left alone."""
        job = self.show(job_id)
        if job["state"] == JobState.DRAFT:
            self._call("start", {"job_id": job_id})
        elif job["state"] not in {JobState.QUEUED, JobState.RUNNING}:
            self._call("resume", {"job_id": job_id})
        return self.show(job_id)

    def task_status(self, job_id: str, task_id: str) -> Answer:
        """Status and progress of one task."""
        job = self.show(job_id)
        task = next((task for task in job["tasks"] if task["task_id"] == task_id), None)
        if task is None:
            raise not_found(f"job {job_id} has no task '{task_id}'", location="task_id")
        progress = task_progress(task)
        return {
            "status": progress["status"],
            "task_id": task_id,
            "job_id": job_id,
            "job_status": legacy_status(job),
            "task_progress": progress,
        }


def legacy_router(pool: ClientPool) -> APIRouter:
    """Router with all legacy paths."""
    router = APIRouter()
    api = LegacyApi(pool)
    _add_server_routes(router, api, pool)
    _add_job_routes(router, api, pool)
    _add_life_cycle_routes(router, api, pool)
    _add_task_routes(router, api, pool)
    return router


def _add_server_routes(router: APIRouter, api: LegacyApi, pool: ClientPool) -> None:
    @router.get("/")
    def root() -> Answer:
        pool.call("hello", {})
        return {"message": "Vestim is running", "status": "running", "timestamp": _timestamp()}

    @router.get("/health")
    def health() -> Answer:
        pool.call("hello", {})
        return {"status": "healthy", "timestamp": _timestamp()}

    @router.get("/server/status")
    def server_status() -> Answer:
        running = api.running_tasks()
        return {"status": "running", "timestamp": _timestamp(), "running_tasks": len(running), "task_ids": running}

    @router.post("/server/shutdown")
    def shutdown(background_tasks: BackgroundTasks) -> Answer:
        """Ends daemon and gateway, which were one program; running jobs go on."""
        pool.call("shutdown", {})
        background_tasks.add_task(os.kill, os.getpid(), signal.SIGINT)
        return {"message": "The server is shutting down; running jobs go on"}


def _add_job_routes(router: APIRouter, api: LegacyApi, pool: ClientPool) -> None:
    def create(body: Selections) -> Answer:
        data = data_section(body.selections)
        job_id = pool.call("create_job", {"spec": {"data": data} if data else {}})["job_id"]
        return {**api.record(job_id), "selections": body.selections}

    @router.post("/jobs")
    def create_job(body: Selections) -> Answer:
        return create(body)

    @router.post("/jobs/process-and-create")
    def process_and_create(body: Selections) -> Answer:
        if not data_section(body.selections):
            raise wrong_input("selections name no files: give 'train_files' and 'test_files'", location="selections")
        return create(body)

    @router.post("/jobs/clear")
    def clear() -> Answer:
        """Archives what has ended; nothing is lost."""
        ended = [row["job_id"] for row in api.jobs() if row["state"] in TERMINAL_JOB_STATES]
        for job_id in ended:
            pool.call("archive", {"job_id": job_id})
        return {"message": f"{len(ended)} finished jobs were archived"}

    @router.get("/jobs")
    def list_jobs() -> list[Answer]:
        return [api.record(row["job_id"]) for row in api.jobs()]

    @router.get("/jobs/{job_id}")
    def get_job(job_id: str) -> Answer:
        return api.record(job_id)

    @router.delete("/jobs/{job_id}")
    def delete_job(job_id: str) -> Answer:
        pool.call("delete", {"job_id": job_id})
        return {"message": f"Job {job_id} was deleted"}

    @router.post("/jobs/{job_id}/ensure")
    def ensure(job_id: str) -> Answer:
        return api.record(job_id)


def _add_life_cycle_routes(router: APIRouter, api: LegacyApi, pool: ClientPool) -> None:
    @router.post("/jobs/{job_id}/hyperparameters")
    def hyperparameters(job_id: str, body: Hyperparameters) -> Answer:
        answer = pool.call("read_hyperparameters", {"document": body.hyperparameters})
        pool.call("save_hyperparameters", {"job_id": job_id, "sections": answer["sections"]})
        notes = "".join(f"; {note['key']}: {note['message']}" for note in answer["notes"])
        return {"message": f"Hyperparameters were saved{notes}", "job_id": job_id}

    @router.post("/jobs/{job_id}/setup-training")
    def setup_training(job_id: str) -> Answer:
        counts = pool.call("setup_training_tasks", {"job_id": job_id})
        message = f"{counts['trial_count']} training tasks were set up"
        return {"message": message, "task_count": counts["trial_count"], "job_folder": api.folder(job_id)}

    @router.post("/jobs/{job_id}/start")
    def start(job_id: str, body: TaskInfo | None = None) -> Answer:
        api.start(job_id)
        return {"message": f"Job {job_id} was started", "job_id": job_id}

    @router.post("/jobs/{job_id}/start_training")
    def start_training(job_id: str) -> Answer:
        job = api.start(job_id)
        training_count = sum(task["kind"] == TaskKind.TRAIN for task in job["tasks"])
        answer = {"status": legacy_status(job), "message": "Training was started", "job_id": job_id}
        return {**answer, "task_count": training_count}

    @router.post("/jobs/{job_id}/stop")
    @router.post("/jobs/{job_id}/stop-training")
    def stop(job_id: str) -> Answer:
        pool.call("stop", {"job_id": job_id})
        return {"message": f"Job {job_id} is being stopped; its best model is kept", "job_id": job_id}

    @router.get("/jobs/{job_id}/status")
    @router.get("/jobs/{job_id}/detailed-status")
    def status(job_id: str) -> Answer:
        return status_record(api.show(job_id), api.folder(job_id))

    @router.post("/jobs/{job_id}/update-status")
    def update_status(job_id: str, body: StatusUpdate) -> Answer:
        percent = "" if body.progress_percent is None else f" ({body.progress_percent:g} %)"
        pool.call("add_message", {"job_id": job_id, "message": f"{body.status}: {body.message}{percent}"})
        return {"message": "The remark was kept; states are Vestim's own", "job_id": job_id}


def _add_task_routes(router: APIRouter, api: LegacyApi, pool: ClientPool) -> None:
    @router.post("/jobs/{job_id}/tasks/{task_id}/start_training")
    def start_task(job_id: str, task_id: str) -> Answer:
        """Starts its job: tasks of a job are scheduled together."""
        api.task_status(job_id, task_id)
        job = api.start(job_id)
        return {"status": legacy_status(job), "message": f"Job {job_id} was started with all its tasks"}

    @router.get("/jobs/{job_id}/tasks/{task_id}/status")
    def task_status(job_id: str, task_id: str) -> Answer:
        return api.task_status(job_id, task_id)

    @router.post("/tasks/start")
    def oldest_start(body: TaskInfo) -> Answer:
        job_id = body.task_info.get("job_id")
        if not isinstance(job_id, str):
            raise wrong_input("task_info names no job: give its 'job_id'", location="task_info.job_id")
        job = api.start(job_id)
        first = next((task["task_id"] for task in job["tasks"] if task["kind"] == TaskKind.TRAIN), "")
        task_id = f"{job_id}:{body.task_info.get('task_id') or first}"
        return {"message": "Training was started", "task_id": task_id, "status": legacy_status(job)}

    @router.post("/tasks/stop_all")
    def oldest_stop_all() -> Answer:
        active = [row["job_id"] for row in api.jobs() if row["state"] in _ACTIVE]
        for job_id in active:
            pool.call("stop", {"job_id": job_id})
        return {"message": f"{len(active)} jobs are being stopped"}

    @router.get("/tasks/{task}/status")
    def oldest_status(task: TaskName) -> Answer:
        return api.task_status(*_find_job_and_task(api, task))

    @router.post("/tasks/{task}/stop")
    def oldest_stop(task: TaskName) -> Answer:
        """Stops its job: tasks of a job are stopped together."""
        job_id, _ = _find_job_and_task(api, task)
        pool.call("stop", {"job_id": job_id})
        return {"message": f"Job {job_id} is being stopped; its best model is kept", "task_id": task}


TaskName = Annotated[str, Field(max_length=100, description="`job:task`, or a task's id where one active job has it.")]


def _find_job_and_task(api: LegacyApi, name: str) -> tuple[str, str]:
    job_id, colon, task_id = name.partition(":")
    if colon:
        return job_id, task_id
    job_ids = [
        row["job_id"]
        for row in api.jobs()
        if row["state"] in _ACTIVE and any(task["task_id"] == name for task in api.show(row["job_id"])["tasks"])
    ]
    if len(job_ids) != 1:
        raise not_found(f"'{name}' is a task of {len(job_ids)} active jobs: name it as JOB:TASK", location="task_id")
    return job_ids[0], name


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
