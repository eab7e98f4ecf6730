"""State of a legacy job and its trainings, from its registry entry and its files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from vestim_core.jobs.legacy.job_reader import LegacyJob, LegacyTask
from vestim_core.jobs.legacy.training_history import finite_float
from vestim_core.spec.states import AttemptState

FINISHED_STATUSES = frozenset(
    {"complete", "completed", "training_completed", "job_training_completed", "task_completed"}
)
FAILED_STATUSES = frozenset({"error", "task_error", "failed"})
ACTIVE_STATUSES = frozenset(
    {
        "processing_data",
        "augmenting_data",
        "starting_training",
        "running",
        "training",
        "training_progress",
        "stopping",
    }
)
"""Statuses of jobs that PyBattML was running: none of that runs here."""
_MAX_TEXT = 300  # characters of a status or message that are kept; arbitrary: a few lines


def registry_status(job: LegacyJob) -> str:
    """The registry's status, empty where it has none."""
    status = job.registry_entry.get("status")
    return status.strip().lower()[:_MAX_TEXT] if isinstance(status, str) else ""


def attempt_end(job: LegacyJob, task: LegacyTask, *, is_tested: bool) -> AttemptState:
    """End state of a training: finished, failed, or stopped where it did not finish."""
    progress = job.registry_entry.get("task_progress")
    task_record = progress.get(task.task_id) if isinstance(progress, dict) else None
    task_status = str(task_record.get("status") or "").lower() if isinstance(task_record, dict) else ""
    has_result = bool(task.summary) or is_tested
    if has_result or (task.weights and (task_status or registry_status(job)) in FINISHED_STATUSES):
        return AttemptState.FINISHED
    if task_status in FAILED_STATUSES or (not task_status and registry_status(job) in FAILED_STATUSES):
        return AttemptState.FAILED
    return AttemptState.STOPPED


def status_notes(job: LegacyJob, *, all_finished: bool) -> list[str]:
    """Notes for the user on the job's state."""
    status, message = registry_status(job), job.registry_entry.get("progress_message")
    suffix = f" ({message.strip()[:_MAX_TEXT]})" if isinstance(message, str) and message.strip() else ""
    if status in ACTIVE_STATUSES:
        return [f"it was in '{status}'{suffix} when its registry was written; nothing of it runs here"]
    if status in FAILED_STATUSES:
        return [f"it had ended with an error{suffix}"]
    if job.tasks and not all_finished:
        return ["its training had not come to its end; nothing of it runs here"]
    return []


def created_utc(job: LegacyJob) -> str:
    """Creation time of the job."""
    date_in_id = job.job_id.removeprefix("job_")[:15]
    for recorded in (job.metadata.get("creation_date"), job.registry_entry.get("created_at")):
        if moment := to_utc(recorded):
            return moment
    try:
        return _timestamp(datetime.strptime(date_in_id, "%Y%m%d-%H%M%S"))
    except (ValueError, OverflowError, OSError):
        return _timestamp(datetime.now())


def ended_utc(job: LegacyJob, created: str) -> str:
    """End time of the job: from its registry entry, else its creation time plus the duration of its trainings."""
    if (recorded := to_utc(job.registry_entry.get("updated_at"))) > created:
        return recorded
    duration_s = 0.0
    for task in job.tasks:
        training_time_s = finite_float(task.summary.get("training_time_seconds"))
        elapsed_s = task.epochs[-1].elapsed_s if task.epochs else None
        duration_s += training_time_s if training_time_s is not None else elapsed_s or 0.0
    try:
        return _timestamp(datetime.fromisoformat(created) + timedelta(seconds=max(duration_s, 0.0)))
    except (OverflowError, ValueError):
        return created


def to_utc(value: Any) -> str:
    """Convert a date and time to a stored timestamp; without a zone it is this machine's time. Empty for any other
    value."""
    try:
        return _timestamp(datetime.fromisoformat(value)) if isinstance(value, str) else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
