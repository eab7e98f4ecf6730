"""How a job of the predecessor and its trainings stood, by its registry's words and by what it left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from vestim_core.jobs.legacy.former_job import FormerJob, FormerTask
from vestim_core.jobs.legacy.history import finite
from vestim_core.spec.states import AttemptState

DONE = frozenset({"complete", "completed", "training_completed", "job_training_completed", "task_completed"})
FAILED = frozenset({"error", "task_error", "failed"})
UNDER_WAY = frozenset(
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
"""Statuses of jobs that the predecessor was working on: nothing of that runs here."""
_LONGEST = 300


def status_of(job: FormerJob) -> str:
    """The registry's word, empty where it said none."""
    status = job.entry.get("status")
    return status.strip().lower()[:_LONGEST] if isinstance(status, str) else ""


def end_of(job: FormerJob, task: FormerTask, *, tested: bool) -> AttemptState:
    """How a training ended: finished, failed, or stopped where it had not come to its end."""
    progress = job.entry.get("task_progress")
    own = progress.get(task.task_id) if isinstance(progress, dict) else None
    said = str(own.get("status") or "").lower() if isinstance(own, dict) else ""
    ended_well = bool(task.summary) or tested
    if ended_well or (task.weights and (said or status_of(job)) in DONE):
        return AttemptState.FINISHED
    if said in FAILED or (not said and status_of(job) in FAILED):
        return AttemptState.FAILED
    return AttemptState.STOPPED


def words_on(job: FormerJob, *, all_ended: bool) -> list[str]:
    """What is to be said of how the job stood."""
    status, message = status_of(job), job.entry.get("progress_message")
    told = f" ({message.strip()[:_LONGEST]})" if isinstance(message, str) and message.strip() else ""
    if status in UNDER_WAY:
        return [f"it was in '{status}'{told} when its registry was written; nothing of it runs here"]
    if status in FAILED:
        return [f"it had ended with an error{told}"]
    if job.tasks and not all_ended:
        return ["its training had not come to its end; nothing of it runs here"]
    return []


def made_utc(job: FormerJob) -> str:
    """When the job was made."""
    named = job.job_id.removeprefix("job_")[:15]
    for said in (job.metadata.get("creation_date"), job.entry.get("created_at")):
        if moment := utc(said):
            return moment
    try:
        return _written(datetime.strptime(named, "%Y%m%d-%H%M%S"))
    except (ValueError, OverflowError, OSError):
        return _written(datetime.now())


def ended_utc(job: FormerJob, made: str) -> str:
    """When the job had ended: as its registry says, else as long after it was made as its trainings took."""
    if (told := utc(job.entry.get("updated_at"))) > made:
        return told
    took_s = 0.0
    for task in job.tasks:
        said = finite(task.summary.get("training_time_seconds"))
        last = task.epochs[-1].elapsed_s if task.epochs else None
        took_s += said if said is not None else last or 0.0
    try:
        return _written(datetime.fromisoformat(made) + timedelta(seconds=max(took_s, 0.0)))
    except (OverflowError, ValueError):
        return made


def utc(said: Any) -> str:
    """A date and time as it is kept here; one without a zone is this machine's. Empty for what is none."""
    try:
        return _written(datetime.fromisoformat(said)) if isinstance(said, str) else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
