"""Text of events: one readable line each, the same for every follower of a job."""

from __future__ import annotations

from typing import Any

from vestim_core.cli.output import plain_text
from vestim_core.cli.value_format import find_metric, format_local_time, format_number
from vestim_core.spec.display_format import metric_unit
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import TaskKind

TITLE_PREFIXES = {TaskKind.TRAIN.value: "Train ", TaskKind.TEST.value: "Test "}
"""Prefixes that tell tasks of different kinds with equal titles apart."""


def task_title(kind: str, title: str) -> str:
    """Title of a task, unique among the tasks of a job."""
    return f"{TITLE_PREFIXES.get(kind, '')}{plain_text(title)}"


def event_line(event: dict[str, Any]) -> str:
    """Sequence number, local time, task id and text of an event."""
    return (
        f"{event['seq']:>5}  {format_local_time(event['time_utc'])}  {event['task'] or 'job':<10}  {event_text(event)}"
    )


def event_text(event: dict[str, Any]) -> str:
    """Text of an event without its sequence number and time."""
    data = event["data"]
    return plain_text(
        _TEXTS[EventKind(event["kind"])](data, event) if event["kind"] in set(EventKind) else f"{event['kind']} {data}"
    )


def epoch_text(data: dict[str, Any]) -> str:
    """`epoch 3/12`."""
    return f"epoch {data.get('epoch', '?')}/{data.get('max_epochs', '?')}"


def epoch_errors(data: dict[str, Any], training_label: str, validation_label: str) -> str:
    """`training 20.1, validation 18.3 mV`, with the given labels."""
    name, validation_rmse = find_metric(data, "validation_rmse")
    train_text = format_number(find_metric(data, "train_rmse")[1])
    validation_text = f"{format_number(validation_rmse)} {metric_unit(name)}"
    return f"{training_label} {train_text}, {validation_label} {validation_text}".rstrip()


def result_text(data: dict[str, Any]) -> str:
    """Summary of a task's result: its errors, its best epoch, or the number of prepared rows."""
    if overall := data.get("overall"):
        return "RMSE " + ", ".join(f"{_rmse_text(metrics)} ({role})" for role, metrics in overall.items())
    if training := data.get("training"):
        if not training.get("best_epoch"):
            return "no epoch was finished"
        best = _rmse_text(training.get("validation", {}))
        return f"{training.get('epochs')} epochs, best {training['best_epoch']}: validation RMSE {best}"
    if "evaluation" in data:
        return f"{data['models']} model{'' if data['models'] == 1 else 's'}"
    if "rows" in data:
        return f"{data.get('files')} files, {data['rows']:,} rows"
    return "result"


def _rmse_text(metrics: dict[str, Any]) -> str:
    name, value = find_metric(metrics, "rmse")
    return f"{format_number(value)} {metric_unit(name)}".rstrip()


def _job_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    if "state" in data:
        reason = f": {data['message']}" if data.get("message") else ""
        return f"is {data['state']}{_error_suffix(data) or reason}"
    if "intent" in data:
        return f"is asked to {data['intent']}"
    if "task_count" in data:
        return f"has {data['task_count']} tasks, {data.get('trial_count')} models to train"
    return ", ".join(f"{key} {value}" for key, value in data.items())


def _phase_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    message = f": {data['message']}" if data.get("message") else ""
    return f"{str(data.get('phase', '')).replace('_', ' ')} {str(data.get('state', '')).replace('_', ' ')}{message}"


def _task_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    reason = f": {data['message']}" if data.get("message") else ""
    return f"{task_title(data.get('kind', ''), data.get('title', ''))} is {data.get('state')}{reason}"


def _attempt_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    process = f" (process {data['pid']})" if data.get("pid") else ""
    return f"attempt {event['attempt']} {data.get('state')}{process}{_error_suffix(data)}"


def _epoch_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    name, best = find_metric(data, "best_validation_rmse")
    best_text = (
        ""
        if data.get("best_epoch") == data.get("epoch")
        else f"best {format_number(best)} {metric_unit(name)} at epoch {data.get('best_epoch')}"
    )
    return ", ".join(filter(None, (epoch_text(data), epoch_errors(data, "training", "validation"), best_text)))


def _checkpoint_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    return f"checkpoint after epoch {data.get('epoch')}"


def _finding_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    text = str(data.get("message", ""))
    file_prefix = f"{data['file']}: " if data.get("file") and data["file"] not in text else ""
    return f"{data.get('severity', 'finding')}: {file_prefix}{text}"


def _result_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    return result_text(data)


def _message_text(data: dict[str, Any], event: dict[str, Any]) -> str:
    return f"{data.get('level', 'message')}: {data.get('text', '')}"


def _error_suffix(data: dict[str, Any]) -> str:
    error = data.get("error")
    return f": {error.get('message', '')}" if error else ""


_TEXTS = {
    EventKind.JOB: _job_text,
    EventKind.PHASE: _phase_text,
    EventKind.TASK: _task_text,
    EventKind.ATTEMPT: _attempt_text,
    EventKind.EPOCH: _epoch_text,
    EventKind.CHECKPOINT: _checkpoint_text,
    EventKind.FINDING: _finding_text,
    EventKind.RESULT: _result_text,
    EventKind.MESSAGE: _message_text,
}
