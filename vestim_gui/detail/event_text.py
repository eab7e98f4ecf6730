"""Events in words, as the log shows them: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from vestim_core.spec.events import EventKind
from vestim_gui.detail.facts import overall_rmse, rmse_name
from vestim_gui.numbers import count, metric

Data = Mapping[str, Any]
TITLES = {"train": "Train ", "test": "Test "}
"""Put before a task's title where two kinds of task bear the same."""
ROLES = ("train", "validation", "test")


def local_time(time_utc: str) -> str:
    """A time of the protocol as this machine's clock shows it."""
    return datetime.fromisoformat(time_utc).astimezone().strftime("%H:%M:%S") if time_utc else ""


def line(event: Data, title_of: Callable[[str], str]) -> str:
    """Local time, what it is about, and what happened. title_of: gives a task's title by its id."""
    about = title_of(event["task"]) if event.get("task") else "Job"
    return f"{local_time(event['time_utc'])}  {one_line(about)}: {one_line(sentence(event))}"


def sentence(event: Data) -> str:
    """What an event says; for a kind of a later version, its values."""
    words = _WORDS.get(event["kind"])
    return words(event["data"], event) if words else f"{event['kind']} {event['data']}"


def one_line(text: str) -> str:
    """Text from outside without breaks of line and other control characters."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def state_words(state: Any) -> str:
    """`needs input` of `needs_input`."""
    return str(state or "").replace("_", " ")


def _job(data: Data, event: Data) -> str:
    if "state" in data:
        reason = f": {data['reason']}" if data.get("reason") else ""
        return f"is {state_words(data['state'])}{_because(data) or reason}"
    if "intent" in data:
        return f"is asked to {data['intent']}"
    if "task_count" in data:
        return f"has {data['task_count']} tasks, {data.get('trial_count')} models to train"
    return ", ".join(f"{key} {value}" for key, value in data.items())


def _phase(data: Data, event: Data) -> str:
    message = f": {data['message']}" if data.get("message") else ""
    return f"{state_words(data.get('phase'))} {state_words(data.get('state'))}{message}"


def _task(data: Data, event: Data) -> str:
    reason = f": {data['reason']}" if data.get("reason") else ""
    return f"is {state_words(data.get('state'))}{reason}"


def _attempt(data: Data, event: Data) -> str:
    process = f" (process {data['pid']})" if data.get("pid") else ""
    return f"attempt {event['attempt']} {state_words(data.get('state'))}{process}{_because(data)}"


def _epoch(data: Data, event: Data) -> str:
    parts = [f"epoch {data.get('epoch', '?')} of {data.get('max_epochs', '?')}"]
    for part in ("train", "validation"):
        if name := rmse_name(data, f"{part}_rmse"):
            parts.append(f"{part} {metric(name, data[name])}")
    if data.get("best_epoch") and data["best_epoch"] == data.get("epoch"):
        parts.append("the best so far")
    return ", ".join(parts)


def _checkpoint(data: Data, event: Data) -> str:
    return f"saved after epoch {data.get('epoch')}"


def _finding(data: Data, event: Data) -> str:
    text = str(data.get("sentence", ""))
    where = f"{data['file']}: " if data.get("file") and data["file"] not in text else ""
    return f"{data.get('severity', 'finding')}: {where}{text}"


def _result(data: Data, event: Data) -> str:
    if data.get("overall"):
        found = [(role, overall_rmse(data, role)) for role in ROLES]
        return "RMSE " + ", ".join(f"{metric(*rmse)} ({role})" for role, rmse in found if rmse)
    if training := data.get("training"):
        return f"{training.get('epochs')} epochs, best at epoch {training.get('best_epoch')}"
    if "rows" in data:
        return f"{data.get('files')} files, {count(data['rows'])} rows"
    return "has a result"


def _message(data: Data, event: Data) -> str:
    return f"{data.get('level', 'message')}: {data.get('text', '')}"


def _because(data: Data) -> str:
    error = data.get("error")
    return f": {error.get('message', '')}" if error else ""


_WORDS: dict[str, Callable[[Data, Data], str]] = {
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
