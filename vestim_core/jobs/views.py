"""A container seen from outside: as a row of the job list, and as the facts that the reconciler decides by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from vestim_core.jobs.managers.training import fraction_of_tasks
from vestim_core.jobs.reconciler import AttemptFacts, JobFacts, TaskFacts
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.time_left import job_left_s
from vestim_core.spec.states import TASK_ENDS, Phase, PhaseState, TaskKind

if TYPE_CHECKING:
    from vestim_core.jobs.container import JobContainer

_WEIGHTS = {
    TaskKind.PREPARE: 1.0,
    TaskKind.BASELINE: 0.5,
    TaskKind.TRAIN: 10.0,
    TaskKind.TEST: 1.0,
    TaskKind.ENSEMBLE: 0.1,
}
"""Rough shares of a job's time, for its progress."""


def summary_of(job: JobContainer) -> dict[str, Any]:
    """One row of the job list, as plain values."""
    phase = next((manager for manager in job.managers.values() if manager.state is PhaseState.RUNNING), None)
    needs = next((manager for manager in job.managers.values() if manager.state is PhaseState.NEEDS_INPUT), None)
    return {
        "job_id": job.job_id,
        "name": job.name,
        "state": job.state.value,
        "intent": job.intent.value,
        "archived": job.archived,
        "tags": job.tags,
        "imported": is_imported(job),
        "note": job.note,
        "reason": job.reason,
        "position": job.position,
        "phase": phase.phase.value if phase else "",
        "message": phase.message if phase else "",
        "fraction": fraction_of(job.tasks.values()),
        "tasks": dict(Counter(task.state.value for task in job.tasks.values())),
        "best": job.managers[Phase.TESTING].details.get("best"),
        "baseline": job.managers[Phase.TESTING].details.get("baseline"),
        "needs": {"phase": needs.phase.value, "message": needs.message} if needs else None,
        **training_of(job.tasks.values()),
        "target": _target_of(job),
        "error": job.error,
        "created_utc": job.created_utc,
        "started_utc": job.started_utc,
        "ended_utc": job.ended_utc,
        "updated_utc": job.updated_utc,
        "last_seq": job.last_seq,
    }


def is_imported(job: JobContainer) -> bool:
    """Whether the trainings of a job took place in the former program."""
    imported = job.provenance.get("imported")
    return isinstance(imported, dict) and bool(imported.get("tasks"))


def training_of(tasks: Iterable[Task]) -> dict[str, Any]:
    """What the trainings of a job have come to: their number, how many are done, the kinds of model and their methods,
    the seconds that all may still take, the epoch of the one that is furthest and the most that it may take, and the
    best error in validation so far (None before the first epoch)."""
    trainings = [task for task in tasks if task.kind is TaskKind.TRAIN]
    epochs, max_epochs = max(
        ((_whole(task.progress.get("epoch")), _whole(task.progress.get("max_epochs"))) for task in trainings),
        default=(0, 0),
    )
    errors = [
        (value, key.removeprefix("best_validation_"))
        for task in trainings
        for key, value in task.progress.items()
        if key.startswith("best_validation_rmse") and isinstance(value, int | float)
    ]
    value, metric = min(errors, default=(None, ""))
    return {
        "models": len(trainings),
        "models_done": sum(task.state in TASK_ENDS for task in trainings),
        "kinds": _named(trainings, "model", "kind"),
        "methods": _named(trainings, "training", "method"),
        "time_left_s": job_left_s(trainings),
        "epochs": epochs,
        "max_epochs": max_epochs,
        "validation": None if value is None else {"metric": metric, "value": value},
    }


def _target_of(job: JobContainer) -> str:
    """What the models of a job estimate; of a draft what was typed so far, empty for nothing."""
    if set_up := _named((task for task in job.tasks.values() if task.kind is TaskKind.TRAIN), "signals", "target"):
        return ", ".join(set_up)
    signals = job.document.get("signals")
    return str(signals.get("target") or "") if isinstance(signals, dict) else ""


def _named(trainings: Iterable[Task], section: str, name: str) -> list[str]:
    """The different values of a setting among trainings, in order."""
    return list(dict.fromkeys(str(trial[section][name]) for task in trainings if (trial := task.document.get("trial"))))


def _whole(reported: Any) -> int:
    """A count that a worker reported; 0 for what is none."""
    return reported if isinstance(reported, int) and not isinstance(reported, bool) else 0


def fraction_of(tasks: Iterable[Task]) -> float:
    """How far a job is, from 0 to 1, weighted by what kinds of task usually take."""
    groups: dict[TaskKind, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.kind, []).append(task)
    shares = {kind: _WEIGHTS.get(kind, 1.0) * len(group) for kind, group in groups.items()}
    done = sum(shares[kind] * fraction_of_tasks(group) for kind, group in groups.items())
    return done / sum(shares.values()) if shares else 0.0


def facts_of(job: JobContainer) -> JobFacts:
    """What the reconciler has to know."""
    return JobFacts(job.state, job.intent, [_task_facts(task) for task in job.tasks.values()], job.test_after_stop)


def _task_facts(task: Task) -> TaskFacts:
    attempt = task.attempt
    facts = None
    if attempt is not None:
        ladder = (attempt.asked, attempt.asked_s, attempt.terminated_s, attempt.killed_s)
        facts = AttemptFacts(attempt.number, attempt.state, attempt.ended, *ladder)
    return TaskFacts(task.task_id, task.kind, task.state, task.depends_on, task.has_model, task.retries, facts)
