"""Today's jobs in the predecessor's words: its status words, phases and field names, from one table each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.spec.states import JOB_ENDS, JobState, Phase, PhaseState, TaskKind, TaskState

JOB_STATUS: Mapping[str, str] = {
    JobState.DRAFT: "created",
    JobState.QUEUED: "starting_training",
    JobState.HELD: "stopped",
    JobState.RUNNING: "training",
    JobState.PAUSED: "stopped",
    JobState.DONE: "complete",
    JobState.FAILED: "error",
    JobState.STOPPED: "stopped",
}
IMPORTED = "imported"
"""Status of a job that was trained in the predecessor, however it ended there."""
RUNNING_STATUS: Mapping[str, str] = {
    Phase.DATA_IMPORT: "processing_data",
    Phase.DATA_PROCESSING: "processing_data",
    Phase.DATA_AUGMENTATION: "augmenting_data",
    Phase.TRAINING: "training",
    Phase.TESTING: "testing",
}
PHASE_STATUS: Mapping[str, str] = {
    PhaseState.WAITING: "pending",
    PhaseState.NEEDS_INPUT: "pending",
    PhaseState.RUNNING: "running",
    PhaseState.DONE: "completed",
    PhaseState.SKIPPED: "skipped",
    PhaseState.FAILED: "error",
}
TASK_STATUS: Mapping[str, str] = {
    TaskState.WAITING: "pending",
    TaskState.READY: "pending",
    TaskState.RUNNING: "training",
    TaskState.PAUSED: "stopped",
    TaskState.DONE: "completed",
    TaskState.FAILED: "error",
    TaskState.STOPPED: "stopped",
    TaskState.SKIPPED: "stopped",
}
_HYPERPARAMETERS = {"signals", "preparation", "model", "training", "testing"}


def status_word(job: Mapping[str, Any]) -> str:
    """The predecessor's status of a job as `show_job` tells it."""
    if job["state"] == JobState.RUNNING:
        return RUNNING_STATUS.get(job["phase"], "training")
    if job.get("imported") and job["state"] in JOB_ENDS:
        return IMPORTED
    if job["state"] != JobState.DRAFT:
        return JOB_STATUS[job["state"]]
    document = job.get("spec") or {}
    if job["tasks"]:
        return "training_setup_complete"
    if _HYPERPARAMETERS & set(document):
        return "hyperparameters_set"
    return "data_augmented" if document.get("data") else JOB_STATUS[JobState.DRAFT]


def current_phase(job: Mapping[str, Any]) -> str:
    """The predecessor's phase of a job."""
    if job["state"] == JobState.DONE:
        return "completed"
    open_phases = [manager["phase"] for manager in job["managers"] if manager["state"] != PhaseState.DONE]
    started = any(manager["state"] == PhaseState.DONE for manager in job["managers"])
    return str(job["phase"] or (open_phases[0] if started and open_phases else "initialization"))


def job_record(job: Mapping[str, Any], job_folder: str) -> dict[str, Any]:
    """What `GET /jobs/{id}` answers."""
    document = job.get("spec") or {}
    return {
        "job_id": job["job_id"],
        "status": status_word(job),
        "created_at": job["created_utc"],
        "updated_at": job["updated_utc"],
        "selections": selections_of(document.get("data") or {}),
        "job_folder": job_folder,
        "details": {
            "hyperparameters": {key: value for key, value in document.items() if key in _HYPERPARAMETERS},
            "training_tasks": [task_record(task) for task in job["tasks"] if task["kind"] == TaskKind.TRAIN],
        },
    }


def status_record(job: Mapping[str, Any], job_folder: str) -> dict[str, Any]:
    """What `GET /jobs/{id}/status` answers."""
    return {
        "job_id": job["job_id"],
        "status": status_word(job),
        "current_phase": current_phase(job),
        "progress_percent": round(100 * job["fraction"], 1),
        "progress_message": job["message"] or job["reason"],
        "phase_progress": {
            manager["phase"]: {
                "status": PHASE_STATUS[manager["state"]],
                "progress": round(100 * manager["fraction"], 1),
                "message": manager["message"],
            }
            for manager in job["managers"]
        },
        "updated_at": job["updated_utc"],
        "job_folder": job_folder,
    }


def task_record(task: Mapping[str, Any]) -> dict[str, Any]:
    """A task among a job's details."""
    return {"task_id": task["task_id"], "model_name": task["title"], "status": TASK_STATUS[task["state"]]}


def task_progress(task: Mapping[str, Any]) -> dict[str, Any]:
    """The progress of one task."""
    progress = task["progress"] or {}
    error = task["error"] or {}
    return {
        "status": TASK_STATUS[task["state"]],
        "message": error.get("message", "") or task["reason"] or task["title"],
        "current_epoch": progress.get("epoch", 0),
        "total_epochs": progress.get("max_epochs", 0),
        "progress_percent": round(100 * progress.get("fraction", 0.0), 1),
    }


def selections_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The predecessor's selections from a job's data section."""
    names = {"train": "train_files", "validation": "val_files", "test": "test_files"}
    return {former: list(data.get(role) or []) for role, former in names.items()}


def data_of(selections: Mapping[str, Any]) -> dict[str, list[str]]:
    """A job's data section from the predecessor's selections; empty when they name no files.

    Its oldest form knew no validation files: then the test files choose the weights, and are reported as such.
    """
    files = {
        role: [str(path) for path in given]
        for role, name in (("train", "train_files"), ("validation", "val_files"), ("test", "test_files"))
        if isinstance(given := selections.get(name), list) and given
    }
    if files and "validation" not in files and "test" in files:
        files["validation"] = files.pop("test")
    return files
