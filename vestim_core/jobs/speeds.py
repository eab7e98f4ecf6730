"""How fast trainings of each kind have been on this machine, and with how many threads that paid: a small file that may
be lost at any time."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.tasks import Task
from vestim_core.jobs.threads import kind_of
from vestim_core.spec.estimates import speed_key
from vestim_core.spec.job import Trial
from vestim_core.system import read_json, write_json

MAX_KINDS = 300
KEPT = 15
"""Newest speeds that are kept of each kind."""


def read_speeds(path: Path) -> dict[str, float]:
    """Rows a second of each kind of training: the median of the last ones; empty when there is no such file."""
    return {key: median(values) for key, values in _read(path).items()}


def record_speed(path: Path, task: Task) -> None:
    """Keep what a training measured of itself, if it did; of too many kinds the one longest not trained goes.

    `OSError` when it cannot be written.
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
    known = _read(path)
    values = [*known.pop(key, []), float(speed)][-KEPT:]
    kept = dict([*known.items(), (key, values)][-MAX_KINDS:])
    _write(path, kept, read_threads(path))


def read_threads(path: Path) -> dict[str, int]:
    """How many threads paid for each kind of training, see `kind_key`; empty when there is no such file."""
    try:
        record: Any = read_json(path)["threads"]
        return {str(kind): int(count) for kind, count in record.items() if int(count) > 0}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def record_threads(path: Path, task: Task) -> None:
    """Keep how many threads a training has found to pay, for all of its kind. `OSError` when it cannot be written."""
    known = read_threads(path)
    known.pop(kind_of(task), None)
    kept = dict([*known.items(), (kind_of(task), task.threads)][-MAX_KINDS:])
    _write(path, _read(path), kept)


def _read(path: Path) -> dict[str, list[float]]:
    try:
        record: Any = read_json(path)["rows_per_s"]
        return {str(key): [float(value) for value in values] for key, values in record.items() if values}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(path: Path, rows_per_s: dict[str, list[float]], threads: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"schema_version": 1, "rows_per_s": rows_per_s, "threads": threads})
