"""The problem of a job and its remedies: a headline first, details for experts. Pure functions."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vestim_core.spec.states import JobState, TaskState
from vestim_gui.detail.half_batch import with_half_batch
from vestim_gui.store.job_history import JobHistory

_RETRY_ACTION = re.compile(r"^Retry with ([0-9.eE+-]+)$")
_HALF_BATCH_ACTION = "Resume with half the batch"


class Remedy(StrEnum):
    """Actions that a button below the problem can start."""

    RESUME = "resume"
    NEW_JOB = "new job"
    LOG = "log"
    FOLDER = "folder"


@dataclass(frozen=True)
class RemedyOffer:
    """One button. document: starts the new job. task_id: the task whose log is shown."""

    text: str
    remedy: Remedy
    document: dict[str, Any] | None = None
    task_id: str = ""


@dataclass(frozen=True)
class JobProblem:
    """A problem as shown to the user. headline: what happened. explanation: why, and what is kept. details: for
    experts. kind: of the label."""

    headline: str
    explanation: str
    details: str
    offers: tuple[RemedyOffer, ...]
    kind: str = "error"


def find_job_problem(
    row: Mapping[str, Any], details: Mapping[str, Any] | None, history: JobHistory
) -> JobProblem | None:
    """The problem of a job that failed, was stopped, waits, or lost some of its tasks; None if all is well."""
    failed_tasks = _failed_tasks(details, history)
    error = row.get("error") or next((error for _, error in failed_tasks), None)
    spec = (details or {}).get("spec") or {}
    first_id = failed_tasks[0][0] if failed_tasks else ""
    if row["state"] == JobState.FAILED:
        return _from_error(error or {"message": "The job failed."}, spec, first_id, failed_tasks, "error")
    if row["state"] == JobState.STOPPED:
        kept_note = "What was trained until then is kept." if _has_model(details) else "Nothing was trained before."
        reason = str(row.get("message") or "")
        return JobProblem(
            "The job was stopped before it was done.",
            _join_sentences(reason, kept_note),
            _details_text(failed_tasks),
            _resume_offer(),
            "warn",
        )
    if row["state"] == JobState.HELD:
        reason = str(row.get("message") or "It waits for your word.")
        return JobProblem("This job waits for you.", reason, "", _resume_offer(), "warn")
    if row["state"] == JobState.PAUSED and row.get("message"):
        offers = (*_resume_offer(), RemedyOffer("Open folder", Remedy.FOLDER))
        return JobProblem(_as_sentence(f"Paused: {row['message']}"), "", "", offers, "warn")
    if failed_tasks and error is not None:
        if row["state"] == JobState.DONE:
            task_count = len((details or {}).get("tasks") or failed_tasks)
            count_note = f"{len(failed_tasks)} of {task_count} tasks failed; the others are done. "
            return _from_error(error, spec, first_id, failed_tasks, "warn", prefix=count_note)
        return _from_error(error, spec, first_id, failed_tasks, "warn")
    return None


def missing_input(history: JobHistory) -> str:
    """Text on the input that a phase waits for; empty if none does."""
    waiting_phases = [phase for phase in history.phases.values() if phase.get("state") == "needs_input"]
    return str(waiting_phases[0].get("message") or "It waits for a choice of yours.") if waiting_phases else ""


def _failed_tasks(details: Mapping[str, Any] | None, history: JobHistory) -> list[tuple[str, dict[str, Any]]]:
    """Ids and errors of the tasks whose last attempt failed."""
    error_by_task = {
        task["task_id"]: task["error"]
        for task in (details or {}).get("tasks") or ()
        if task.get("error") and task["state"] == TaskState.FAILED
    }
    for task in history.tasks.values():
        if task.state == TaskState.FAILED and task.error:
            error_by_task.setdefault(task.task_id, task.error)
    return list(error_by_task.items())


def _from_error(
    error: Mapping[str, Any],
    spec: Mapping[str, Any],
    task_id: str,
    failed_tasks: Sequence[tuple[str, Mapping[str, Any]]],
    kind: str,
    prefix: str = "",
) -> JobProblem:
    message = prefix + str(error.get("message") or "It failed without a word.")
    headline, explanation = _split_headline(message)
    offers = [offer for action in error.get("actions") or () if (offer := _offer_for(str(action), spec)) is not None]
    if not any(offer.remedy is Remedy.NEW_JOB for offer in offers):
        offers.insert(0, *_resume_offer())
    offers.append(RemedyOffer("Show log", Remedy.LOG, task_id=task_id))
    return JobProblem(headline, explanation, _details_text(failed_tasks), tuple(offers), kind)


def _offer_for(action: str, spec: Mapping[str, Any]) -> RemedyOffer | None:
    """The button for an action named by the engine; None if there is no such button."""
    if (match := _RETRY_ACTION.match(action)) and spec:
        return RemedyOffer(action, Remedy.NEW_JOB, with_training_fields(spec, {"learning_rate": float(match[1])}))
    if action == _HALF_BATCH_ACTION and spec:
        return RemedyOffer("Try with half the batch", Remedy.NEW_JOB, with_half_batch(spec))
    return None


def with_training_fields(spec: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A job's document with these fields in every training section."""
    document = copy.deepcopy(dict(spec))
    document["training"] = [{**section, **fields} for section in _training_sections(document)]
    return document


def _training_sections(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    training = document.get("training") or [{}]
    return list(training) if isinstance(training, list) else [training]


def _resume_offer() -> tuple[RemedyOffer, ...]:
    return (RemedyOffer("Resume", Remedy.RESUME),)


def _has_model(details: Mapping[str, Any] | None) -> bool:
    return any(task.get("has_model") for task in (details or {}).get("tasks") or ())


def _split_headline(message: str) -> tuple[str, str]:
    """First sentence and the rest; a full stop within a number or a file name ends no sentence."""
    match = re.search(r"[.!?](?=\s+[A-Z\"0-9(])", message)
    return (message[: match.end()], message[match.end() :].strip()) if match else (_as_sentence(message), "")


def _as_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _join_sentences(*sentences: str) -> str:
    return " ".join(_as_sentence(sentence) for sentence in sentences if sentence)


def _details_text(failed_tasks: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Every error of every failed task, one per line."""
    lines = []
    for task_id, error in failed_tasks:
        location = f" ({error['location']})" if error.get("location") else ""
        lines.append(f"{task_id}: {error.get('code', 'failed')}{location}: {error.get('message', '')}")
        lines += [
            f"    {problem.get('location', '')}: {problem.get('message', '')}"
            for problem in error.get("problems") or ()
        ]
    return "\n".join(lines)
