"""What went wrong with a job, and what can be done now: a sentence first, details for those who ask. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vestim_core.spec.states import JobState, TaskState
from vestim_gui.store.job_history import JobHistory

_RETRY = re.compile(r"^Retry with ([0-9.eE+-]+)$")
_HALF_BATCH = "Resume with half the batch"
BATCH_FIELDS = ("streams", "batch_rows")


class Remedy(StrEnum):
    """What a button under the sentence does."""

    RESUME = "resume"
    NEW_JOB = "new job"
    LOG = "log"
    FOLDER = "folder"


@dataclass(frozen=True)
class Offer:
    """One button. document: what the new job starts from. task_id: whose log is shown."""

    words: str
    remedy: Remedy
    document: dict[str, Any] | None = None
    task_id: str = ""


@dataclass(frozen=True)
class Trouble:
    """headline: what happened. rest: why, and what is kept. details: for experts. kind: of the label."""

    headline: str
    rest: str
    details: str
    offers: tuple[Offer, ...]
    kind: str = "error"


def trouble_of(row: Mapping[str, Any], shown: Mapping[str, Any] | None, history: JobHistory) -> Trouble | None:
    """The trouble of a job that failed, was stopped, waits, or lost some of its tasks; None when all is well."""
    failed = _failed_tasks(shown, history)
    error = row.get("error") or next((error for _, error in failed), None)
    spec = (shown or {}).get("spec") or {}
    first = failed[0][0] if failed else ""
    if row["state"] == JobState.FAILED:
        return _from_error(error or {"message": "The job failed."}, spec, first, failed, "error")
    if row["state"] == JobState.STOPPED:
        kept = "What was trained until then is kept." if _has_model(shown) else "Nothing was trained before."
        reason = str(row.get("reason") or "")
        return Trouble(
            "The job was stopped before it was done.", _joined(reason, kept), _details(failed), _resume(), "warn"
        )
    if row["state"] == JobState.HELD:
        reason = str(row.get("reason") or "It waits for your word.")
        return Trouble("This job waits for you.", reason, "", _resume(), "warn")
    if row["state"] == JobState.PAUSED and row.get("reason"):
        offers = (*_resume(), Offer("Open folder", Remedy.FOLDER))
        return Trouble(_sentence(f"Paused: {row['reason']}"), "", "", offers, "warn")
    if failed and error is not None:
        if row["state"] == JobState.DONE:
            more = f"{len(failed)} of {len((shown or {}).get('tasks') or failed)} tasks failed; the others are done. "
            return _from_error(error, spec, first, failed, "warn", before=more)
        return _from_error(error, spec, first, failed, "warn")
    return None


def needs_input(history: JobHistory) -> str:
    """What a phase waits for, in words; empty where none does."""
    waiting = [phase for phase in history.phases.values() if phase.get("state") == "needs_input"]
    return str(waiting[0].get("message") or "It waits for a choice of yours.") if waiting else ""


def _failed_tasks(shown: Mapping[str, Any] | None, history: JobHistory) -> list[tuple[str, dict[str, Any]]]:
    """Ids and errors of the tasks whose last attempt went wrong."""
    found = {
        task["task_id"]: task["error"]
        for task in (shown or {}).get("tasks") or ()
        if task.get("error") and task["state"] == TaskState.FAILED
    }
    for task in history.tasks.values():
        if task.state == TaskState.FAILED and task.error:
            found.setdefault(task.task_id, task.error)
    return list(found.items())


def _from_error(
    error: Mapping[str, Any],
    spec: Mapping[str, Any],
    task_id: str,
    failed: Sequence[tuple[str, Mapping[str, Any]]],
    kind: str,
    before: str = "",
) -> Trouble:
    message = before + str(error.get("message") or "It failed without a word.")
    headline, rest = _split(message)
    offers = [offer for words in error.get("actions") or () if (offer := _offer(str(words), spec)) is not None]
    if not any(offer.remedy is Remedy.NEW_JOB for offer in offers):
        offers.insert(0, *_resume())
    offers.append(Offer("Show log", Remedy.LOG, task_id=task_id))
    return Trouble(headline, rest, _details(failed), tuple(offers), kind)


def _offer(words: str, spec: Mapping[str, Any]) -> Offer | None:
    """The button for an action that the engine names; None for what no button does."""
    if (match := _RETRY.match(words)) and spec:
        return Offer(words, Remedy.NEW_JOB, changed(spec, {"learning_rate": float(match[1])}))
    if words == _HALF_BATCH and spec:
        return Offer("Try with half the batch", Remedy.NEW_JOB, halved(spec))
    return None


def changed(spec: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A job's document with other values in every training section."""
    document = copy.deepcopy(dict(spec))
    document["training"] = [{**section, **fields} for section in _sections(document)]
    return document


def halved(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A job's document with half the batch in every training section that says how large it is."""
    document = copy.deepcopy(dict(spec))
    document["training"] = [
        {
            name: _half(value) if name in BATCH_FIELDS else value
            for name, value in {**_batch(section), **section}.items()
        }
        for section in _sections(document)
    ]
    return document


def _batch(section: Mapping[str, Any]) -> dict[str, Any]:
    """The default of the batch of a training section, which need not be written in it."""
    return {"batch_rows": 1024} if section.get("method") == "rows" else {"streams": 64}


def _half(value: Any) -> Any:
    if isinstance(value, list):
        return [_half(item) for item in value]
    return max(value // 2, 1) if isinstance(value, int) else value


def _sections(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    training = document.get("training") or [{}]
    return list(training) if isinstance(training, list) else [training]


def _resume() -> tuple[Offer, ...]:
    return (Offer("Resume", Remedy.RESUME),)


def _has_model(shown: Mapping[str, Any] | None) -> bool:
    return any(task.get("has_model") for task in (shown or {}).get("tasks") or ())


def _split(message: str) -> tuple[str, str]:
    """The first sentence and the rest; a stop within a number or a file name ends none."""
    match = re.search(r"[.!?](?=\s+[A-Z\"0-9(])", message)
    return (message[: match.end()], message[match.end() :].strip()) if match else (_sentence(message), "")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _joined(*sentences: str) -> str:
    return " ".join(_sentence(sentence) for sentence in sentences if sentence)


def _details(failed: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Every error of every failed task, one a line."""
    lines = []
    for task_id, error in failed:
        place = f" ({error['place']})" if error.get("place") else ""
        lines.append(f"{task_id}: {error.get('code', 'failed')}{place}: {error.get('message', '')}")
        lines += [
            f"    {problem.get('place', '')}: {problem.get('sentence', '')}" for problem in error.get("problems") or ()
        ]
    return "\n".join(lines)
