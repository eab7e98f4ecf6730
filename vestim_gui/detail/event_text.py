"""Events as text, one line each, for the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from vestim_core.spec.events import EventKind
from vestim_gui.detail.job_results import find_rmse_name, overall_rmse
from vestim_gui.display_numbers import format_count, format_metric

Data = Mapping[str, Any]
TASK_PREFIXES = {"train": "Train ", "test": "Test "}
"""Prefixes of a task's title for the two kinds of task that share titles."""
ROLES = ("train", "validation", "test")


def clock_time(time_utc: str) -> str:
    """A protocol time on this machine's clock."""
    return datetime.fromisoformat(time_utc).astimezone().strftime("%H:%M:%S") if time_utc else ""


def log_line(event: Data, title_of: Callable[[str], str]) -> str:
    """Local time, subject and text of an event. title_of: returns a task's title by its id."""
    subject = title_of(event["task"]) if event.get("task") else "Job"
    text = strip_control_characters(event_text(event))
    return f"{clock_time(event['time_utc'])}  {strip_control_characters(subject)}: {text}"


def event_text(event: Data) -> str:
    """Text of an event; of a kind from a later version, its values."""
    text_of = _TEXT_BY_KIND.get(event["kind"])
    return text_of(event["data"], event) if text_of else f"{event['kind']} {event['data']}"


def strip_control_characters(text: str) -> str:
    """Text from outside without line breaks and other control characters."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def state_text(state: Any) -> str:
    """`needs input` for `needs_input`."""
    return str(state or "").replace("_", " ")


def _job(data: Data, event: Data) -> str:
    if "state" in data:
        reason = f": {data['message']}" if data.get("message") else ""
        return f"is {state_text(data['state'])}{_error_suffix(data) or reason}"
    if "intent" in data:
        return f"is asked to {data['intent']}"
    if "task_count" in data:
        return f"has {data['task_count']} tasks, {data.get('trial_count')} models to train"
    return ", ".join(f"{key} {value}" for key, value in data.items())


def _phase(data: Data, event: Data) -> str:
    message = f": {data['message']}" if data.get("message") else ""
    return f"{state_text(data.get('phase'))} {state_text(data.get('state'))}{message}"


def _task(data: Data, event: Data) -> str:
    reason = f": {data['message']}" if data.get("message") else ""
    return f"is {state_text(data.get('state'))}{reason}"


def _attempt(data: Data, event: Data) -> str:
    process = f" (process {data['pid']})" if data.get("pid") else ""
    return f"attempt {event['attempt']} {state_text(data.get('state'))}{process}{_error_suffix(data)}"


def _epoch(data: Data, event: Data) -> str:
    parts = [f"epoch {data.get('epoch', '?')} of {data.get('max_epochs', '?')}"]
    for part in ("train", "validation"):
        if name := find_rmse_name(data, f"{part}_rmse"):
            parts.append(f"{part} {format_metric(name, data[name])}")
    if data.get("best_epoch") and data["best_epoch"] == data.get("epoch"):
        parts.append("the best so far")
    return ", ".join(parts)


def _checkpoint(data: Data, event: Data) -> str:
    return f"saved after epoch {data.get('epoch')}"


def _finding(data: Data, event: Data) -> str:
    text = str(data.get("message", ""))
    file_prefix = f"{data['file']}: " if data.get("file") and data["file"] not in text else ""
    return f"{data.get('severity', 'finding')}: {file_prefix}{text}"


def _result(data: Data, event: Data) -> str:
    if data.get("overall"):
        errors = [(role, overall_rmse(data, role)) for role in ROLES]
        return "RMSE " + ", ".join(f"{format_metric(*rmse)} ({role})" for role, rmse in errors if rmse)
    if training := data.get("training"):
        return f"{training.get('epochs')} epochs, best at epoch {training.get('best_epoch')}"
    if "rows" in data:
        return f"{data.get('files')} files, {format_count(data['rows'])} rows"
    return "has a result"


def _message(data: Data, event: Data) -> str:
    return f"{data.get('level', 'message')}: {data.get('message', '')}"


def _error_suffix(data: Data) -> str:
    error = data.get("error")
    return f": {error.get('message', '')}" if error else ""


_TEXT_BY_KIND: dict[str, Callable[[Data, Data], str]] = {
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
