"""Training speeds and useful thread counts measured on this machine, by kind of training. The file may be lost at any
time."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.tasks import Task
from vestim_core.jobs.thread_grants import training_kind
from vestim_core.spec.estimates import speed_key
from vestim_core.spec.job import Trial
from vestim_core.spec.schema_upgrade import RENAMED_METHODS
from vestim_core.system import read_json, write_json

MAX_KINDS = 300  # arbitrary: bounds the file
MAX_SPEEDS_PER_KIND = 15
"""Newest speeds of each kind that enter the median; arbitrary: enough that a single outlier does not change it."""


def read_speeds(path: Path) -> dict[str, float]:
    """Rows per second by kind of training: the median of the newest values; empty when there is no file."""
    return {key: median(values) for key, values in _read(path).items()}


def record_speed(path: Path, task: Task) -> None:
    """Store the speed that a training measured, if it did; with too many kinds, the one trained longest ago is dropped.

    `OSError` when the file cannot be written.
    """
    summary = task.result.get("training")
    speed = summary.get("rows_per_s") if isinstance(summary, dict) else None
    try:
        trial = Trial.model_validate(task.document.get("trial"))
    except ValidationError:
        return
    if not isinstance(speed, int | float) or not speed > 0 or not isinstance(summary, dict):
        return
    device = str(summary.get("device", "cpu"))
    key = speed_key(trial.model, trial.training, len(trial.signals.features), task.threads, device)
    speeds = _read(path)
    values = [*speeds.pop(key, []), float(speed)][-MAX_SPEEDS_PER_KIND:]
    newest_speeds = dict([*speeds.items(), (key, values)][-MAX_KINDS:])
    _write(path, newest_speeds, read_thread_counts(path))


def read_thread_counts(path: Path) -> dict[str, int]:
    """Number of threads that paid, by kind of training (see `load_key`); empty when there is no file."""
    try:
        record: Any = read_json(path)["threads"]
        return {_present_key(kind): int(count) for kind, count in record.items() if int(count) > 0}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def record_thread_count(path: Path, task: Task) -> None:
    """Store the number of threads that a training found to pay, for its kind. `OSError` when the file cannot be
    written."""
    thread_counts = read_thread_counts(path)
    thread_counts.pop(training_kind(task), None)
    newest_counts = dict([*thread_counts.items(), (training_kind(task), task.threads)][-MAX_KINDS:])
    _write(path, _read(path), newest_counts)


def _read(path: Path) -> dict[str, list[float]]:
    try:
        record: Any = read_json(path)["rows_per_s"]
        return {_present_key(key): [float(value) for value in values] for key, values in record.items() if values}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _present_key(key: str) -> str:
    """The key with the present name of its training method."""
    return "/".join(RENAMED_METHODS.get(part, part) for part in str(key).split("/"))


def _write(path: Path, rows_per_s: dict[str, list[float]], threads: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"schema_version": 1, "rows_per_s": rows_per_s, "threads": threads})
