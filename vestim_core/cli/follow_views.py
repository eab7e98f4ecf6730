"""Views of a followed job: JSON lines, plain lines, and lines above live bars on a terminal.

Every view gets the same batches in the same order. Printed lines depend on the events alone, so that two followers
print the same; only the bars show progress within an epoch.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from vestim_core.cli.event_lines import event_line, event_text
from vestim_core.cli.output import print_json
from vestim_core.cli.task_board import TaskBoard, TaskRow
from vestim_core.client import EventBatch
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import JobState, PhaseState

MAX_BARS = 12  # leaves room for printed lines above the bars on a terminal of 24 lines
EPOCH_LINE_S = 3.0
"""Minimum interval between epoch lines of one training when neither a terminal nor all events are shown."""
REBUILT_MESSAGE = "The registry was rebuilt: the numbers of events start over."


class View:
    """Shows the batches of a followed job. live: whether progress within epochs is wanted."""

    live = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal."""

    def show(self, batch: EventBatch) -> None:
        """Show one batch."""
        raise NotImplementedError


class JsonView(View):
    """One event per line as JSON."""

    def show(self, batch: EventBatch) -> None:
        """Print the events of a batch."""
        for event in batch.events:
            print_json(event)


class LinesView(View):
    """Lines only: every event, or just those that show the job's progress."""

    def __init__(self, console: Console, board: TaskBoard, *, every_event: bool) -> None:
        self._console = console
        self._board = board
        self._every_event = every_event
        self._last_epoch_line_s: dict[str, float] = {}

    def show(self, batch: EventBatch) -> None:
        """Print lines for the events of a batch."""
        if batch.reset:
            self._print(REBUILT_MESSAGE)
        for event in batch.events:
            self._board.apply_event(event)
            if self._every_event:
                self._print(event_line(event))
            elif line := self._progress_line(event):
                self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)

    def _progress_line(self, event: dict[str, Any]) -> str:
        """Line for an event that shows the job's progress; empty for other events."""
        row = self._board.rows.get(event["task"])
        title = row.title if row else "Job"
        match event["kind"]:
            case EventKind.FINDING | EventKind.MESSAGE | EventKind.RESULT:
                return f"{title}: {event_text(event)}"
            case EventKind.PHASE if row and event["data"].get("state") in {PhaseState.DONE, PhaseState.FAILED}:
                return f"{title}: {event['data'].get('message')}"
            case EventKind.ATTEMPT if event["data"].get("error"):
                return f"{title}: {event_text(event)}"
            case EventKind.EPOCH if (
                time.monotonic() - self._last_epoch_line_s.get(event["task"], float("-inf")) >= EPOCH_LINE_S
            ):
                self._last_epoch_line_s[event["task"]] = time.monotonic()
                return f"{title}: {event_text(event)}"
            case EventKind.JOB if event["data"].get("state") not in {None, JobState.QUEUED}:
                return f"{title} {event_text(event)}"
        return ""


class BarsView(LinesView):
    """One bar per task on a terminal; permanent lines are printed above."""

    live = True

    def __init__(self, console: Console, board: TaskBoard, *, every_event: bool) -> None:
        super().__init__(console, board, every_event=every_event)
        self._bars = Progress(
            TextColumn(
                "{task.fields[title]}",
                markup=False,
                table_column=Column(max_width=22, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=10),
            TextColumn(
                "{task.fields[text]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
            ),
            console=console,
            expand=True,
            refresh_per_second=5,
        )
        self._bar_ids: dict[str, TaskID] = {}
        self._overflow_bar = self._bars.add_task("", total=1, title="", text="", visible=False)

    def __enter__(self) -> Self:
        self._draw()
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, batch: EventBatch) -> None:
        """Print permanent lines, then update the bars."""
        super().show(batch)
        for progress in batch.progress:
            self._board.apply_progress(progress)
        self._draw()

    def _progress_line(self, event: dict[str, Any]) -> str:
        """With bars on screen, only lines that the bars cannot show."""
        return super()._progress_line(event) if event["kind"] in {EventKind.FINDING, EventKind.MESSAGE} else ""

    def _draw(self) -> None:
        visible_ids = _visible_tasks(self._board.rows)
        for task_id, bar in self._bar_ids.items():
            self._bars.update(bar, visible=task_id in visible_ids)
        for task_id in visible_ids:
            row = self._board.rows[task_id]
            if task_id not in self._bar_ids:
                self._bar_ids[task_id] = self._bars.add_task("", total=1.0, title=row.title, text="")
            self._bars.update(self._bar_ids[task_id], completed=row.fraction, text=row.text, visible=True)
        started_rows = [row for row in self._board.rows.values() if row.has_started]
        hidden_count = len(started_rows) - len(visible_ids)
        ended_count = sum(row.has_ended for row in self._board.rows.values())
        self._bars.update(
            self._overflow_bar,
            visible=hidden_count > 0,
            title=f"and {hidden_count} more",
            text=f"{ended_count} of {len(self._board.rows)} tasks ended",
            completed=ended_count / max(len(self._board.rows), 1),
        )


def _visible_tasks(rows: dict[str, TaskRow]) -> list[str]:
    """Ids of the tasks that get a bar, in job order: running tasks have priority, then the last ones that ended."""
    started = [task_id for task_id, row in rows.items() if row.has_started]
    by_priority = sorted(started, key=lambda task_id: rows[task_id].has_ended)
    running_count = sum(not rows[task_id].has_ended for task_id in started)
    selected_ids = set(
        by_priority[: min(running_count, MAX_BARS)]
        + by_priority[running_count:][::-1][: max(MAX_BARS - running_count, 0)]
    )
    return [task_id for task_id in started if task_id in selected_ids]
