"""Views of a container: a row of the job list, and the facts that the reconciler decides by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from vestim_core.jobs.managers.training import mean_task_fraction
from vestim_core.jobs.reconciler import AttemptFacts, JobFacts, TaskFacts
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.time_left import job_time_left_s
from vestim_core.spec.states import TERMINAL_TASK_STATES, Phase, PhaseState, TaskKind

if TYPE_CHECKING:
    from vestim_core.jobs.job_container import JobContainer

_DURATION_WEIGHTS = {
    TaskKind.PREPARE: 1.0,
    TaskKind.BASELINE: 0.5,
    TaskKind.TRAIN: 10.0,
    TaskKind.TEST: 1.0,
    TaskKind.ENSEMBLE: 0.1,
}
"""Rough relative duration of each kind of task, for a job's progress; a training takes most of the time."""


def job_summary(job: JobContainer) -> dict[str, Any]:
    """One row of the job list, as plain values."""
    running_manager = next((manager for manager in job.managers.values() if manager.state is PhaseState.RUNNING), None)
    blocked_manager = next(
        (manager for manager in job.managers.values() if manager.state is PhaseState.NEEDS_INPUT), None
    )
    return {
        "job_id": job.job_id,
        "name": job.name,
        "state": job.state.value,
        "intent": job.intent.value,
        "archived": job.archived,
        "tags": job.tags,
        "imported": is_imported(job),
        "note": job.note,
        "message": job.reason,
        "position": job.position,
        "phase": running_manager.phase.value if running_manager else "",
        "activity": running_manager.message if running_manager else "",
        "fraction": job_fraction(job.tasks.values()),
        "tasks": dict(Counter(task.state.value for task in job.tasks.values())),
        "best": job.managers[Phase.TESTING].details.get("best"),
        "baseline": job.managers[Phase.TESTING].details.get("baseline"),
        "needs": {"phase": blocked_manager.phase.value, "message": blocked_manager.message}
        if blocked_manager
        else None,
        **training_summary(job.tasks.values()),
        "target": _target_names(job),
        "error": job.error,
        "created_utc": job.created_utc,
        "started_utc": job.started_utc,
        "ended_utc": job.ended_utc,
        "updated_utc": job.updated_utc,
        "last_seq": job.last_seq,
    }


def is_imported(job: JobContainer) -> bool:
    """True if the job's trainings ran in PyBattML."""
    imported = job.provenance.get("imported")
    return isinstance(imported, dict) and bool(imported.get("tasks"))


def training_summary(tasks: Iterable[Task]) -> dict[str, Any]:
    """Summary of a job's trials.

    Number, how many are done, kinds of model and methods, seconds that all may still take, epoch and most epochs of the
    one that is furthest, and the best validation error so far (None before the first epoch).
    """
    trials = [task for task in tasks if task.kind is TaskKind.TRAIN]
    epochs, max_epochs = max(
        (
            (_count_or_zero(task.progress.get("epoch")), _count_or_zero(task.progress.get("max_epochs")))
            for task in trials
        ),
        default=(0, 0),
    )
    errors = [
        (value, key.removeprefix("best_validation_"))
        for task in trials
        for key, value in task.progress.items()
        if key.startswith("best_validation_rmse") and isinstance(value, int | float)
    ]
    value, metric = min(errors, default=(None, ""))
    return {
        "models": len(trials),
        "models_done": sum(task.state in TERMINAL_TASK_STATES for task in trials),
        "kinds": _distinct_settings(trials, "model", "kind"),
        "methods": _distinct_settings(trials, "training", "method"),
        "time_left_s": job_time_left_s(trials),
        "epochs": epochs,
        "max_epochs": max_epochs,
        "validation": None if value is None else {"metric": metric, "value": value},
    }


def _target_names(job: JobContainer) -> str:
    """The target of the job's models; for a draft as typed so far, empty for none."""
    if targets := _distinct_settings(
        (task for task in job.tasks.values() if task.kind is TaskKind.TRAIN), "signals", "target"
    ):
        return ", ".join(targets)
    signals = job.document.get("signals")
    return str(signals.get("target") or "") if isinstance(signals, dict) else ""


def _distinct_settings(trials: Iterable[Task], section: str, name: str) -> list[str]:
    """Distinct values of a setting among trials, in order."""
    return list(dict.fromkeys(str(trial[section][name]) for task in trials if (trial := task.document.get("trial"))))


def _count_or_zero(reported: Any) -> int:
    """A count that a worker reported; 0 when it is no integer."""
    return reported if isinstance(reported, int) and not isinstance(reported, bool) else 0


def job_fraction(tasks: Iterable[Task]) -> float:
    """Progress of a job from 0 to 1, weighted by the usual duration of each kind of task."""
    groups: dict[TaskKind, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.kind, []).append(task)
    shares = {kind: _DURATION_WEIGHTS.get(kind, 1.0) * len(group) for kind, group in groups.items()}
    weighted_progress = sum(shares[kind] * mean_task_fraction(group) for kind, group in groups.items())
    return weighted_progress / sum(shares.values()) if shares else 0.0


def job_facts(job: JobContainer) -> JobFacts:
    """The facts that the reconciler decides by."""
    return JobFacts(job.state, job.intent, [_task_facts(task) for task in job.tasks.values()], job.test_after_stop)


def _task_facts(task: Task) -> TaskFacts:
    attempt = task.attempt
    facts = None
    if attempt is not None:
        ladder_state = (attempt.sent_intent, attempt.intent_sent_s, attempt.terminated_s, attempt.killed_s)
        facts = AttemptFacts(attempt.index, attempt.state, attempt.has_ended, *ladder_state)
    return TaskFacts(task.task_id, task.kind, task.state, task.depends_on, task.has_model, task.retries, facts)
