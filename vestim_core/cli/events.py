"""Events in words: one readable line each, the same for everybody who follows the job."""

from __future__ import annotations

from typing import Any

from vestim_core.cli.output import plain
from vestim_core.cli.values import local, named, number
from vestim_core.spec.events import EventKind
from vestim_core.spec.figures import unit_of
from vestim_core.spec.states import TaskKind

VERBS = {TaskKind.TRAIN.value: "Train ", TaskKind.TEST.value: "Test "}
"""What is put before a task's title where two kinds of task bear the same."""


def task_title(kind: str, title: str) -> str:
    """What a task is called among all tasks of a job."""
    return f"{VERBS.get(kind, '')}{plain(title)}"


def event_line(event: dict[str, Any]) -> str:
    """Number, local time, task and what happened."""
    return f"{event['seq']:>5}  {local(event['time_utc'])}  {event['task'] or 'job':<10}  {sentence(event)}"


def sentence(event: dict[str, Any]) -> str:
    """What an event says, without its number and time."""
    data = event["data"]
    return plain(
        _WORDS[EventKind(event["kind"])](data, event) if event["kind"] in set(EventKind) else f"{event['kind']} {data}"
    )


def epoch_words(data: dict[str, Any]) -> str:
    """`epoch 3/12`."""
    return f"epoch {data.get('epoch', '?')}/{data.get('max_epochs', '?')}"


def epoch_errors(data: dict[str, Any], training: str, validation: str) -> str:
    """`training 20.1, validation 18.3 mV`, with these words for the two."""
    name, ours = named(data, "validation_rmse")
    return f"{training} {number(named(data, 'train_rmse')[1])}, {validation} {number(ours)} {unit_of(name)}".rstrip()


def result_words(data: dict[str, Any]) -> str:
    """What a task reported at its end: its errors, its best epoch, or the rows that it prepared."""
    if overall := data.get("overall"):
        return "RMSE " + ", ".join(f"{_rmse(metrics)} ({role})" for role, metrics in overall.items())
    if training := data.get("training"):
        if not training.get("best_epoch"):
            return "no epoch was finished"
        best = _rmse(training.get("validation", {}))
        return f"{training.get('epochs')} epochs, best {training['best_epoch']}: validation RMSE {best}"
    if "retest" in data:
        return f"{data['models']} model{'' if data['models'] == 1 else 's'}"
    if "rows" in data:
        return f"{data.get('files')} files, {data['rows']:,} rows"
    return "result"


def _rmse(metrics: dict[str, Any]) -> str:
    name, value = named(metrics, "rmse")
    return f"{number(value)} {unit_of(name)}".rstrip()


def _job(data: dict[str, Any], event: dict[str, Any]) -> str:
    if "state" in data:
        reason = f": {data['reason']}" if data.get("reason") else ""
        return f"is {data['state']}{_because(data) or reason}"
    if "intent" in data:
        return f"is asked to {data['intent']}"
    if "task_count" in data:
        return f"has {data['task_count']} tasks, {data.get('trial_count')} models to train"
    return ", ".join(f"{key} {value}" for key, value in data.items())


def _phase(data: dict[str, Any], event: dict[str, Any]) -> str:
    message = f": {data['message']}" if data.get("message") else ""
    return f"{str(data.get('phase', '')).replace('_', ' ')} {str(data.get('state', '')).replace('_', ' ')}{message}"


def _task(data: dict[str, Any], event: dict[str, Any]) -> str:
    reason = f": {data['reason']}" if data.get("reason") else ""
    return f"{task_title(data.get('kind', ''), data.get('title', ''))} is {data.get('state')}{reason}"


def _attempt(data: dict[str, Any], event: dict[str, Any]) -> str:
    process = f" (process {data['pid']})" if data.get("pid") else ""
    return f"attempt {event['attempt']} {data.get('state')}{process}{_because(data)}"


def _epoch(data: dict[str, Any], event: dict[str, Any]) -> str:
    name, best = named(data, "best_validation_rmse")
    known = (
        ""
        if data.get("best_epoch") == data.get("epoch")
        else f"best {number(best)} {unit_of(name)} at epoch {data.get('best_epoch')}"
    )
    return ", ".join(filter(None, (epoch_words(data), epoch_errors(data, "training", "validation"), known)))


def _checkpoint(data: dict[str, Any], event: dict[str, Any]) -> str:
    return f"checkpoint after epoch {data.get('epoch')}"


def _finding(data: dict[str, Any], event: dict[str, Any]) -> str:
    text = str(data.get("sentence", ""))
    where = f"{data['file']}: " if data.get("file") and data["file"] not in text else ""
    return f"{data.get('severity', 'finding')}: {where}{text}"


def _result(data: dict[str, Any], event: dict[str, Any]) -> str:
    return result_words(data)


def _message(data: dict[str, Any], event: dict[str, Any]) -> str:
    return f"{data.get('level', 'message')}: {data.get('text', '')}"


def _because(data: dict[str, Any]) -> str:
    error = data.get("error")
    return f": {error.get('message', '')}" if error else ""


_WORDS = {
    EventKind.JOB: _job,
    EventKind.PHASE: _phase,
    EventKind.TASK: _task,
    EventKind.ATTEMPT: _attempt,
    EventKind.EPOCH: _epoch,
    EventKind.CHECKPOINT: _checkpoint,
    EventKind.FINDING: _finding,
    EventKind.RESULT: _result,
    EventKind.MESSAGE: _message,
}
