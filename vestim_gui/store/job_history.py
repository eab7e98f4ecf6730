"""JobHistory: what a job's events add up to. Pure: the same events in the same order give the same history.

A later attempt of a task repeats the epochs after its last checkpoint: its epoch replaces the same epoch of an earlier
attempt, and epochs beyond it are forgotten until they come again.
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
    """One task. epochs: by number, each as the event's data. attempt: the newest, from 1. error: of its newest end."""

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
        """Epoch numbers and the values of `name` (`train_rmse_mV`), in order; NaN where an epoch has none."""
        numbers = sorted(self.epochs)
        values = [_number(self.epochs[number].get(name)) for number in numbers]
        return np.array(numbers, dtype=np.float64), np.array(values, dtype=np.float64)

    def names(self) -> list[str]:
        """Names of all values that an epoch has."""
        return list(next(iter(self.epochs.values()), {}))

    @property
    def last(self) -> dict[str, Any] | None:
        """The newest epoch."""
        return self.epochs[max(self.epochs)] if self.epochs else None


@dataclass(slots=True)
class JobHistory:
    """One job. findings, messages: whole events. phases: newest data of each phase, with `task` and `time_utc`.

    results: by task, newest. states: each change of the job's state, as `(time_utc, state)`. seq: the last event's
    number.
    """

    tasks: dict[str, TaskHistory] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    phases: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: list[tuple[str, str]] = field(default_factory=list)
    seq: int = 0

    def apply(self, events: Iterable[dict[str, Any]]) -> set[str]:
        """Take in the next events; what changed: "job", "tasks", "epochs", "results", "findings", "messages",
        "phases"."""
        changed: set[str] = set()
        for event in events:
            if event["seq"] <= self.seq:
                continue
            self.seq = event["seq"]
            if word := self._apply(event):
                changed.add(word)
        return changed

    def _apply(self, event: dict[str, Any]) -> str:
        kind, data = event["kind"], event["data"]
        if kind == EventKind.EPOCH:
            self._epoch(self._task(event), event)
            return "epochs"
        if kind in (EventKind.TASK, EventKind.ATTEMPT):
            return self._change(self._task(event), event)
        if kind == EventKind.RESULT:
            task = self._task(event)
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
            if "task_count" in data:  # the tasks were set up, perhaps anew
                self.tasks.clear()
                self.results.clear()
            if "state" in data:
                self.states.append((event["time_utc"], data["state"]))
            return "job"
        return ""

    def _task(self, event: dict[str, Any]) -> TaskHistory:
        return self.tasks.setdefault(event["task"], TaskHistory(event["task"]))

    def _epoch(self, task: TaskHistory, event: dict[str, Any]) -> None:
        number = int(event["data"]["epoch"])
        if event["attempt"] != task.attempt:
            self._next_attempt(task, event["attempt"])
        if task.epochs and number <= max(task.epochs):
            task.epochs = {epoch: data for epoch, data in task.epochs.items() if epoch < number}
        task.epochs[number] = event["data"]

    def _change(self, task: TaskHistory, event: dict[str, Any]) -> str:
        data = event["data"]
        if event["attempt"] > task.attempt:
            self._next_attempt(task, event["attempt"])
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

    def _next_attempt(self, task: TaskHistory, attempt: int) -> None:
        task.attempt, task.ended_utc = attempt, ""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
