"""The ways to show a job that is being followed: JSON lines, plain lines, and lines above live bars on a terminal.

Every view gets the same batches in the same order. What is printed depends on the events alone, so that two followers
print the same; only the bars show what has happened within an epoch.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from vestim_core.cli.board import Board, Row
from vestim_core.cli.events import event_line, sentence
from vestim_core.cli.output import print_json
from vestim_core.client import Batch
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import JobState, PhaseState

MAX_BARS = 12
EPOCH_LINE_S = 3.0
"""Without a terminal and without all events, a training tells of an epoch at most this often."""
REBUILT = "The registry was rebuilt: the numbers of events start over."


class View:
    """What a follower does with what comes. live: whether progress within epochs is wanted."""

    live = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""

    def show(self, batch: Batch) -> None:
        """Show what came."""
        raise NotImplementedError


class JsonView(View):
    """One event a line."""

    def show(self, batch: Batch) -> None:
        """Print the events of a batch."""
        for event in batch.events:
            print_json(event)


class LinesView(View):
    """Lines only: every event, or those that tell how far the job is."""

    def __init__(self, console: Console, board: Board, *, every: bool) -> None:
        self._console = console
        self._board = board
        self._every = every
        self._told_s: dict[str, float] = {}

    def show(self, batch: Batch) -> None:
        """Print lines for the events of a batch."""
        if batch.reset:
            self._print(REBUILT)
        for event in batch.events:
            self._board.apply(event)
            if self._every:
                self._print(event_line(event))
            elif line := self._digest(event):
                self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)

    def _digest(self, event: dict[str, Any]) -> str:
        """A line for an event that tells how far the job is; empty for another."""
        row = self._board.rows.get(event["task"])
        title = row.title if row else "Job"
        match event["kind"]:
            case EventKind.FINDING | EventKind.MESSAGE | EventKind.RESULT:
                return f"{title}: {sentence(event)}"
            case EventKind.PHASE if row and event["data"].get("state") in {PhaseState.DONE, PhaseState.FAILED}:
                return f"{title}: {event['data'].get('message')}"
            case EventKind.ATTEMPT if event["data"].get("error"):
                return f"{title}: {sentence(event)}"
            case EventKind.EPOCH if time.monotonic() - self._told_s.get(event["task"], float("-inf")) >= EPOCH_LINE_S:
                self._told_s[event["task"]] = time.monotonic()
                return f"{title}: {sentence(event)}"
            case EventKind.JOB if event["data"].get("state") not in {None, JobState.QUEUED}:
                return f"{title} {sentence(event)}"
        return ""


class BarsView(LinesView):
    """A bar for each task on a terminal; lines that stay go above."""

    live = True

    def __init__(self, console: Console, board: Board, *, every: bool) -> None:
        super().__init__(console, board, every=every)
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
        self._ids: dict[str, TaskID] = {}
        self._rest = self._bars.add_task("", total=1, title="", text="", visible=False)

    def __enter__(self) -> Self:
        self._draw()
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, batch: Batch) -> None:
        """Print what stays, then bring the bars up to date."""
        super().show(batch)
        for news in batch.progress:
            self._board.progress(news)
        self._draw()

    def _digest(self, event: dict[str, Any]) -> str:
        """With bars below, only what they cannot say."""
        return super()._digest(event) if event["kind"] in {EventKind.FINDING, EventKind.MESSAGE} else ""

    def _draw(self) -> None:
        shown = _shown(self._board.rows)
        for task_id, bar in self._ids.items():
            self._bars.update(bar, visible=task_id in shown)
        for task_id in shown:
            row = self._board.rows[task_id]
            if task_id not in self._ids:
                self._ids[task_id] = self._bars.add_task("", total=1.0, title=row.title, text="")
            self._bars.update(self._ids[task_id], completed=row.fraction, text=row.text, visible=True)
        hidden = [row for row in self._board.rows.values() if row.started]
        more = len(hidden) - len(shown)
        done = sum(row.ended for row in self._board.rows.values())
        self._bars.update(
            self._rest,
            visible=more > 0,
            title=f"and {more} more",
            text=f"{done} of {len(self._board.rows)} tasks ended",
            completed=done / max(len(self._board.rows), 1),
        )


def _shown(rows: dict[str, Row]) -> list[str]:
    """The tasks that get a bar, in their own order: those at work first, then those that ended last."""
    started = [task_id for task_id, row in rows.items() if row.started]
    by_need = sorted(started, key=lambda task_id: rows[task_id].ended)
    running = sum(not rows[task_id].ended for task_id in started)
    kept = set(by_need[: min(running, MAX_BARS)] + by_need[running:][::-1][: max(MAX_BARS - running, 0)])
    return [task_id for task_id in started if task_id in kept]
