"""The Log tab: a job's events as text, and the output of each attempt, live; the text is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from PyQt6.QtGui import QFontDatabase, QKeySequence, QShortcut, QTextCursor, QTextDocument
from PyQt6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.context import Context
from vestim_gui.detail.event_log import EventLog
from vestim_gui.detail.event_text import TASK_PREFIXES, log_line
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.display_numbers import format_count
from vestim_gui.link import LogPiece
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import button, plain_label

MAX_LINES = 10_000  # lines held; the oldest are dropped, so that memory stays bounded
MAX_EVENTS = 500
"""Of more events at once, only the newest are turned into text."""
MAX_PIECE_CHARACTERS = 200_000
"""Of a longer piece of a log, only the end is shown: more than this would be dropped anyway."""
EVENTS_SOURCE = ""
STREAM_TITLES = {"out": "output", "err": "errors"}


class LogTab(JobTab):
    """A source selector, the text, and a search field."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._event_log: EventLog | None = None
        self._watched_stream = ""
        self.source = QComboBox()
        self.source.setAccessibleName("What is shown")
        self.source.setMinimumContentsLength(30)
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.follow_box = QCheckBox("Follow")
        self.follow_box.setChecked(True)
        self.follow_box.setToolTip("Keep the newest line in sight")
        self.search_field = QLineEdit()
        self.search_field.setPlaceholderText("Find (Enter: next)")
        self.search_field.setAccessibleName("Find in the log")
        self.search_field.setClearButtonEnabled(True)
        self.search_note = plain_label("", "muted")
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Log")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setMaximumBlockCount(MAX_LINES)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for widget in (self.source, self.follow_box):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.search_note)
        bar.addWidget(self.search_field)
        bar.addWidget(button("Previous", "plain", lambda: self.find_next(backwards=True)))
        bar.addWidget(button("Next", "plain", self.find_next))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.text, 1)
        self.source.currentIndexChanged.connect(self._on_source_changed)
        self.follow_box.toggled.connect(self._scroll_to_end)
        self.search_field.returnPressed.connect(self.find_next)
        self.search_field.textChanged.connect(self._find_from_start)
        QShortcut(QKeySequence("Shift+Return"), self.search_field, lambda: self.find_next(backwards=True))
        ctx.link.log_pieces.connect(self._append_piece)

    def set_event_log(self, event_log: EventLog | None) -> None:
        """Follow the job's events from the first on."""
        self._event_log = event_log
        if event_log is not None:
            event_log.events_added.connect(self._append_events)
            event_log.restarted.connect(self._on_restart)

    def clear(self) -> None:
        """Clear the tab for another job."""
        self._watch("")
        self.text.clear()
        self.source.blockSignals(True)
        self.source.clear()
        self.source.addItem("What happened", EVENTS_SOURCE)
        self.source.blockSignals(False)

    def refresh(self, changes: set[str], feed: JobFeed) -> None:
        """List the attempts of all tasks."""
        if changes & {"tasks", "details", "job opened", "reset"}:
            self._list_sources(feed)
        if "job opened" in changes:
            self._on_source_changed()

    def _list_sources(self, feed: JobFeed) -> None:
        listed_streams = {self.source.itemData(row) for row in range(self.source.count())}
        for task in sorted(feed.history.tasks.values(), key=lambda task: task.task_id):
            title = f"{TASK_PREFIXES.get(task.kind, '')}{feed.title_of(task.task_id)}"
            for attempt in range(1, task.attempt + 1):
                attempt_text = f", attempt {attempt}" if task.attempt > 1 else ""
                for part, stream_title in STREAM_TITLES.items():
                    stream = log_stream(feed.job_id, task.task_id, attempt, part)
                    if stream not in listed_streams:
                        self.source.addItem(f"{title}{attempt_text}: {stream_title}", stream)

    def show_task(self, task_id: str) -> None:
        """Show the error output of a task's newest attempt; the events if there is none."""
        if self.feed is None:
            return
        self._list_sources(self.feed)
        task = self.feed.history.tasks.get(task_id)
        stream = log_stream(self.feed.job_id, task_id, task.attempt, "err") if task and task.attempt else EVENTS_SOURCE
        self.source.setCurrentIndex(max(self.source.findData(stream), 0))

    def _on_source_changed(self) -> None:
        stream = str(self.source.currentData() or "")
        self.text.clear()
        self._watch(stream)
        if stream == EVENTS_SOURCE and self._event_log is not None:
            self._append(self._event_lines(list(self._event_log.events)))

    def _watch(self, stream: str) -> None:
        if stream == self._watched_stream:
            return
        if self._watched_stream:
            self.ctx.link.unwatch_log(self._watched_stream)
        self._watched_stream = stream
        if stream:
            self.ctx.link.watch_log(stream)

    def _append_events(self, events: list[dict[str, Any]]) -> None:
        if (
            self.source.currentData() == EVENTS_SOURCE
            and self.feed is not None
            and not self._pending_changes & {"job opened"}
        ):
            self._append(self._event_lines(events))

    def _on_restart(self) -> None:
        if self.source.currentData() == EVENTS_SOURCE:
            self.text.clear()

    def _event_lines(self, events: Sequence[dict[str, Any]]) -> str:
        """The newest of these events as text, preceded by a note if there are more."""
        feed = self.feed
        if feed is None:
            return ""

        @cache
        def title_of(task_id: str) -> str:
            task = feed.history.tasks.get(task_id)
            return f"{TASK_PREFIXES.get(task.kind, '') if task else ''}{feed.title_of(task_id)}"

        newest = events[-MAX_EVENTS:]
        earlier_count = len(events) - len(newest)
        earlier_note = f"({format_count(earlier_count)} earlier events are not shown)\n" if earlier_count else ""
        return earlier_note + "".join(f"{log_line(event, title_of)}\n" for event in newest)

    def _append_piece(self, stream: str, piece: LogPiece) -> None:
        if stream != self._watched_stream:
            return
        if piece.reset:
            self.text.clear()
        self._append(piece.text[-MAX_PIECE_CHARACTERS:])

    def _append(self, text: str) -> None:
        """Append text; the scroll position stays unless the end is followed."""
        if not text:
            return
        bar = self.text.verticalScrollBar()
        position = bar.value() if bar is not None else 0
        document = self.text.document()
        assert document is not None
        cursor = QTextCursor(document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        if bar is not None:
            bar.setValue(bar.maximum() if self.follow_box.isChecked() else position)

    def _scroll_to_end(self, is_following: bool) -> None:
        bar = self.text.verticalScrollBar()
        if is_following and bar is not None:
            bar.setValue(bar.maximum())

    def _find_from_start(self) -> None:
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        self.find_next()

    def find_next(self, *, backwards: bool = False) -> None:
        """Go to the next match; after the last, continue at the first."""
        query = self.search_field.text()
        if not query:
            self.search_note.setText("")
            return
        self.follow_box.setChecked(False)
        flags = QTextDocument.FindFlag.FindBackward if backwards else QTextDocument.FindFlag(0)
        if self.text.find(query, flags):
            self.search_note.setText("")
            return
        self.text.moveCursor(QTextCursor.MoveOperation.End if backwards else QTextCursor.MoveOperation.Start)
        self.search_note.setText("from the other end" if self.text.find(query, flags) else "not found")


def log_stream(job_id: str, task_id: str, attempt: int, part: str) -> str:
    """Name of the stream with an attempt's output. part: `out` or `err`."""
    return f"log:{job_id}/{task_id}/{attempt}:{part}"
