"""Current jobs in PyBattML's format: its status values, phases and field names, from one table each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestim_core.spec.states import TERMINAL_JOB_STATES, JobState, Phase, PhaseState, TaskKind, TaskState

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
"""Status of a job that was trained in PyBattML, regardless of its final state."""
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
_HYPERPARAMETER_SECTIONS = {"signals", "preparation", "model", "training", "testing"}


def legacy_status(job: Mapping[str, Any]) -> str:
    """PyBattML's status of a job in the format of `show_job`."""
    if job["state"] == JobState.RUNNING:
        return RUNNING_STATUS.get(job["phase"], "training")
    if job.get("imported") and job["state"] in TERMINAL_JOB_STATES:
        return IMPORTED
    if job["state"] != JobState.DRAFT:
        return JOB_STATUS[job["state"]]
    document = job.get("spec") or {}
    if job["tasks"]:
        return "training_setup_complete"
    if _HYPERPARAMETER_SECTIONS & set(document):
        return "hyperparameters_set"
    return "data_augmented" if document.get("data") else JOB_STATUS[JobState.DRAFT]


def legacy_phase(job: Mapping[str, Any]) -> str:
    """PyBattML's phase of a job."""
    if job["state"] == JobState.DONE:
        return "completed"
    open_phases = [manager["phase"] for manager in job["managers"] if manager["state"] != PhaseState.DONE]
    started = any(manager["state"] == PhaseState.DONE for manager in job["managers"])
    return str(job["phase"] or (open_phases[0] if started and open_phases else "initialization"))


def job_record(job: Mapping[str, Any], job_folder: str) -> dict[str, Any]:
    """Answer of `GET /jobs/{id}`."""
    document = job.get("spec") or {}
    return {
        "job_id": job["job_id"],
        "status": legacy_status(job),
        "created_at": job["created_utc"],
        "updated_at": job["updated_utc"],
        "selections": legacy_selections(document.get("data") or {}),
        "job_folder": job_folder,
        "details": {
            "hyperparameters": {key: value for key, value in document.items() if key in _HYPERPARAMETER_SECTIONS},
            "training_tasks": [task_record(task) for task in job["tasks"] if task["kind"] == TaskKind.TRAIN],
        },
    }


def status_record(job: Mapping[str, Any], job_folder: str) -> dict[str, Any]:
    """Answer of `GET /jobs/{id}/status`."""
    return {
        "job_id": job["job_id"],
        "status": legacy_status(job),
        "current_phase": legacy_phase(job),
        "progress_percent": round(100 * job["fraction"], 1),
        "progress_message": job["activity"] or job["message"],
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
    """A task within the details of a job."""
    return {"task_id": task["task_id"], "model_name": task["title"], "status": TASK_STATUS[task["state"]]}


def task_progress(task: Mapping[str, Any]) -> dict[str, Any]:
    """Progress of one task."""
    progress = task["progress"] or {}
    error = task["error"] or {}
    return {
        "status": TASK_STATUS[task["state"]],
        "message": error.get("message", "") or task["message"] or task["title"],
        "current_epoch": progress.get("epoch", 0),
        "total_epochs": progress.get("max_epochs", 0),
        "progress_percent": round(100 * progress.get("fraction", 0.0), 1),
    }


def legacy_selections(data: Mapping[str, Any]) -> dict[str, Any]:
    """PyBattML's selections for a job's data section."""
    legacy_names = {"train": "train_files", "validation": "val_files", "test": "test_files"}
    return {legacy_name: list(data.get(role) or []) for role, legacy_name in legacy_names.items()}


def data_section(selections: Mapping[str, Any]) -> dict[str, list[str]]:
    """Data section of a job from PyBattML's selections; empty when they name no files.

    The oldest format has no validation files; then the test files select the weights and are reported as validation
    files.
    """
    files = {
        role: [str(path) for path in paths]
        for role, name in (("train", "train_files"), ("validation", "val_files"), ("test", "test_files"))
        if isinstance(paths := selections.get(name), list) and paths
    }
    if files and "validation" not in files and "test" in files:
        files["validation"] = files.pop("test")
    return files
