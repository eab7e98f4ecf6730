"""Where each task of a followed job stands, put together from its events and the newest progress. Prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vestim_core.cli.events import epoch_errors, epoch_words, result_words, task_title
from vestim_core.cli.output import plain
from vestim_core.cli.values import duration
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import split_attempt_key
from vestim_core.spec.states import TASK_ENDS, Phase, TaskState

PREPARING = (Phase.DATA_IMPORT.value, Phase.DATA_PROCESSING.value, Phase.DATA_AUGMENTATION.value)
"""The phases of one preparing task, in their order."""


@dataclass(slots=True)
class Row:
    """One task. fraction: 0 to 1. words: what it is doing or what came of it. left: the time that it still takes.
    figures: its newest errors.
    """

    title: str
    state: str
    fraction: float = 0.0
    words: str = ""
    left: str = ""
    figures: str = ""

    @property
    def started(self) -> bool:
        """Whether there is anything to show of it."""
        return self.state not in {TaskState.WAITING, TaskState.READY} or bool(self.words)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in TASK_ENDS

    @property
    def text(self) -> str:
        """Everything beside the bar."""
        if self.ended:
            return self.words or self.state
        left = f"{self.left} left" if self.left else ""
        return ", ".join(filter(None, (self.words or self.state, left, self.figures)))


class Board:
    """The rows of one job, by task."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.rows: dict[str, Row] = {}
        for task in job["tasks"]:
            row = self.rows[task["task_id"]] = Row(task_title(task["kind"], task["title"]), task["state"])
            if task["progress"].get("epoch"):
                self._epoch(row, task["progress"])
            if task["result"]:
                row.words = result_words(task["result"])
            if row.ended:
                self._end(row, task.get("error"))

    def apply(self, event: dict[str, Any]) -> None:
        """Take in one event."""
        data, row = event["data"], self.rows.get(event["task"])
        if row is None:
            return
        match event["kind"]:
            case EventKind.TASK:
                row.state = str(data.get("state"))
                if row.ended:
                    self._end(row, None)
            case EventKind.ATTEMPT if data.get("error"):
                row.words, row.left = plain(data["error"].get("message", "")), ""
            case EventKind.PHASE:
                self._phase(row, data)
            case EventKind.EPOCH:
                self._epoch(row, data)
            case EventKind.RESULT:
                row.words = result_words(data)

    def progress(self, news: dict[str, Any]) -> None:
        """Take in the newest progress of one attempt."""
        row = self.rows.get(split_attempt_key(news["attempt"])[1])
        if row is None or row.ended:
            return
        if "phase" in news:
            self._phase(row, news)
            return
        row.fraction = max(row.fraction, float(news.get("fraction") or 0.0))
        if news.get("message"):
            row.words = plain(news["message"])
        elif "epoch" in news and not row.words:
            row.words = epoch_words(news)
        if "time_left_s" in news:
            row.left = duration(float(news["time_left_s"]))

    def _phase(self, row: Row, data: dict[str, Any]) -> None:
        if data.get("phase") in PREPARING:
            row.fraction = (PREPARING.index(data["phase"]) + float(data.get("fraction") or 0.0)) / len(PREPARING)
        row.words = plain(data.get("message") or str(data.get("phase", "")).replace("_", " "))

    def _epoch(self, row: Row, data: dict[str, Any]) -> None:
        row.fraction = float(data["epoch"]) / max(float(data.get("max_epochs") or 1), 1.0)
        row.words = epoch_words(data)
        row.figures = epoch_errors(data, "train", "val")

    def _end(self, row: Row, error: dict[str, Any] | None) -> None:
        row.left = ""
        if row.state == TaskState.DONE:
            row.fraction = 1.0
        if error:
            row.words = plain(error.get("message", ""))
