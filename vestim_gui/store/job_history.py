"""JobHistory: the state that a job's events add up to. Pure: the same events in the same order give the same history.

A later attempt of a task repeats the epochs after its last checkpoint: its epoch replaces the same epoch of the earlier
attempt, and later epochs are dropped until they are trained again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestim_core.spec.events import EventKind

Series = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(slots=True)
class TaskHistory:
    """One task. epochs: event data by epoch. attempt: the newest, from 1. error: from the newest attempt's end."""

    task_id: str
    kind: str = ""
    title: str = ""
    state: str = ""
    attempt: int = 0
    attempt_state: str = ""
    epochs: dict[int, dict[str, Any]] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    started_utc: str = ""
    ended_utc: str = ""

    def series(self, name: str) -> Series:
        """Epochs and the values of `name` (`train_rmse_mV`), in order; NaN where an epoch has no value."""
        epochs = sorted(self.epochs)
        values = [_finite_or_nan(self.epochs[epoch].get(name)) for epoch in epochs]
        return np.array(epochs, dtype=np.float64), np.array(values, dtype=np.float64)

    def names(self) -> list[str]:
        """Names of all values of an epoch."""
        return list(next(iter(self.epochs.values()), {}))

    @property
    def last(self) -> dict[str, Any] | None:
        """Data of the newest epoch; None before the first."""
        return self.epochs[max(self.epochs)] if self.epochs else None


@dataclass(slots=True)
class JobHistory:
    """One job. findings, messages: whole events. phases: newest data of each phase, with `task` and `time_utc`.

    results: newest by task. states: each change of the job's state, as `(time_utc, state)`. seq: number of the last
    event.
    """

    tasks: dict[str, TaskHistory] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    phases: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: list[tuple[str, str]] = field(default_factory=list)
    seq: int = 0

    def apply(self, events: Iterable[dict[str, Any]]) -> set[str]:
        """Apply the next events; return what changed: "job", "tasks", "epochs", "results", "findings", "messages",
        "phases"."""
        changed: set[str] = set()
        for event in events:
            if event["seq"] <= self.seq:
                continue
            self.seq = event["seq"]
            if change := self._apply_event(event):
                changed.add(change)
        return changed

    def _apply_event(self, event: dict[str, Any]) -> str:
        kind, data = event["kind"], event["data"]
        if kind == EventKind.EPOCH:
            self._apply_epoch(self._task_of(event), event)
            return "epochs"
        if kind in (EventKind.TASK, EventKind.ATTEMPT):
            return self._apply_task(self._task_of(event), event)
        if kind == EventKind.RESULT:
            task = self._task_of(event)
            task.result = self.results[task.task_id] = {**(task.result or {}), **data}
            return "results"
        if kind == EventKind.FINDING:
            self.findings.append(event)
            return "findings"
        if kind == EventKind.MESSAGE:
            self.messages.append(event)
            return "messages"
        if kind == EventKind.PHASE:
            self.phases[data.get("phase", "")] = {**data, "task": event["task"], "time_utc": event["time_utc"]}
            return "phases"
        if kind == EventKind.JOB:
            if "task_count" in data:  # the tasks were set up, perhaps again
                self.tasks.clear()
                self.results.clear()
            if "state" in data:
                self.states.append((event["time_utc"], data["state"]))
            return "job"
        return ""

    def _task_of(self, event: dict[str, Any]) -> TaskHistory:
        return self.tasks.setdefault(event["task"], TaskHistory(event["task"]))

    def _apply_epoch(self, task: TaskHistory, event: dict[str, Any]) -> None:
        epoch = int(event["data"]["epoch"])
        if event["attempt"] != task.attempt:
            self._start_attempt(task, event["attempt"])
        if task.epochs and epoch <= max(task.epochs):
            task.epochs = {earlier: data for earlier, data in task.epochs.items() if earlier < epoch}
        task.epochs[epoch] = event["data"]

    def _apply_task(self, task: TaskHistory, event: dict[str, Any]) -> str:
        data = event["data"]
        if event["attempt"] > task.attempt:
            self._start_attempt(task, event["attempt"])
        if event["kind"] == EventKind.TASK:
            task.state = data.get("state", task.state)
            task.kind = data.get("kind", task.kind)
            task.title = data.get("title", task.title)
            if task.state == "running" and not task.started_utc:
                task.started_utc = event["time_utc"]
            if task.state in ("done", "failed", "stopped", "skipped"):
                task.ended_utc = event["time_utc"]
        else:
            task.attempt_state = data.get("state", task.attempt_state)
            task.error = data.get("error")
        return "tasks"

    def _start_attempt(self, task: TaskHistory, attempt: int) -> None:
        task.attempt, task.ended_utc = attempt, ""


def _finite_or_nan(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
