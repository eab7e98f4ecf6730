"""State of each task of a followed job, built from its events and newest progress. Prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vestim_core.cli.event_lines import epoch_errors, epoch_text, result_text, task_title
from vestim_core.cli.output import plain_text
from vestim_core.cli.value_format import format_duration
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import split_attempt_key
from vestim_core.spec.states import TERMINAL_TASK_STATES, Phase, TaskState

PREPARATION_PHASES = (Phase.DATA_IMPORT.value, Phase.DATA_PROCESSING.value, Phase.DATA_AUGMENTATION.value)
"""Phases of a preparation task, in order."""


@dataclass(slots=True)
class TaskRow:
    """State of one task.

    fraction: 0 to 1. message: current activity, or the outcome after its end. time_left: estimated remaining time.
    errors: its newest training and validation errors.
    """

    title: str
    state: str
    fraction: float = 0.0
    message: str = ""
    time_left: str = ""
    errors: str = ""

    @property
    def has_started(self) -> bool:
        """True when there is something to show."""
        return self.state not in {TaskState.WAITING, TaskState.READY} or bool(self.message)

    @property
    def has_ended(self) -> bool:
        """True when the task is in a final state."""
        return self.state in TERMINAL_TASK_STATES

    @property
    def text(self) -> str:
        """Text beside the bar."""
        if self.has_ended:
            return self.message or self.state
        time_left_text = f"{self.time_left} left" if self.time_left else ""
        return ", ".join(filter(None, (self.message or self.state, time_left_text, self.errors)))


class TaskBoard:
    """Rows of one job by task id. Fed by the thread that follows the job."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.rows: dict[str, TaskRow] = {}
        for task in job["tasks"]:
            row = self.rows[task["task_id"]] = TaskRow(task_title(task["kind"], task["title"]), task["state"])
            if task["progress"].get("epoch"):
                self._apply_epoch(row, task["progress"])
            if task["result"]:
                row.message = result_text(task["result"])
            if row.has_ended:
                self._finish(row, task.get("error"))

    def apply_event(self, event: dict[str, Any]) -> None:
        """Update the row that an event belongs to."""
        data, row = event["data"], self.rows.get(event["task"])
        if row is None:
            return
        match event["kind"]:
            case EventKind.TASK:
                row.state = str(data.get("state"))
                if row.has_ended:
                    self._finish(row, None)
            case EventKind.ATTEMPT if data.get("error"):
                row.message, row.time_left = plain_text(data["error"].get("message", "")), ""
            case EventKind.PHASE:
                self._apply_phase(row, data)
            case EventKind.EPOCH:
                self._apply_epoch(row, data)
            case EventKind.RESULT:
                row.message = result_text(data)

    def apply_progress(self, progress: dict[str, Any]) -> None:
        """Update a row with the newest progress of one attempt."""
        row = self.rows.get(split_attempt_key(progress["attempt"])[1])
        if row is None or row.has_ended:
            return
        if "phase" in progress:
            self._apply_phase(row, progress)
            return
        row.fraction = max(row.fraction, float(progress.get("fraction") or 0.0))
        if progress.get("message"):
            row.message = plain_text(progress["message"])
        elif "epoch" in progress and not row.message:
            row.message = epoch_text(progress)
        if "time_left_s" in progress:
            row.time_left = format_duration(float(progress["time_left_s"]))

    def _apply_phase(self, row: TaskRow, data: dict[str, Any]) -> None:
        if data.get("phase") in PREPARATION_PHASES:
            row.fraction = (PREPARATION_PHASES.index(data["phase"]) + float(data.get("fraction") or 0.0)) / len(
                PREPARATION_PHASES
            )
        row.message = plain_text(data.get("message") or str(data.get("phase", "")).replace("_", " "))

    def _apply_epoch(self, row: TaskRow, data: dict[str, Any]) -> None:
        row.fraction = float(data["epoch"]) / max(float(data.get("max_epochs") or 1), 1.0)
        row.message = epoch_text(data)
        row.errors = epoch_errors(data, "train", "val")

    def _finish(self, row: TaskRow, error: dict[str, Any] | None) -> None:
        row.time_left = ""
        if row.state == TaskState.DONE:
            row.fraction = 1.0
        if error:
            row.message = plain_text(error.get("message", ""))
