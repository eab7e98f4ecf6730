"""Log: what happened, in words, and what each attempt wrote, live; so much text and no more is held."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from PyQt6.QtGui import QFontDatabase, QKeySequence, QShortcut, QTextCursor, QTextDocument
from PyQt6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from vestim_gui.context import Context
from vestim_gui.detail.event_log import JobLog
from vestim_gui.detail.job_tab import JobTab
from vestim_gui.detail.event_text import TITLES, line
from vestim_gui.link import LogPiece
from vestim_gui.numbers import count
from vestim_gui.store.feed import JobFeed
from vestim_gui.widgets.plain_label import button, plain_label

MOST_LINES = 10_000
MOST_EVENTS = 500
"""Of more events at once, the newest are put into words."""
MOST_PIECE = 200_000
"""Of one piece of a log that is longer, the end is shown: no more would be held anyway."""
EVENTS = ""
STREAMS = {"out": "output", "err": "errors"}


class Log(JobTab):
    """A picker, the text, and a field to find words in it."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self._log: JobLog | None = None
        self._watched = ""
        self.source = QComboBox()
        self.source.setAccessibleName("What is shown")
        self.source.setMinimumContentsLength(30)
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.follow = QCheckBox("Follow")
        self.follow.setChecked(True)
        self.follow.setToolTip("Keep the newest line in sight")
        self.wanted = QLineEdit()
        self.wanted.setPlaceholderText("Find (Enter: next)")
        self.wanted.setAccessibleName("Find in the log")
        self.wanted.setClearButtonEnabled(True)
        self.found = plain_label("", "muted")
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Log")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for widget in (self.source, self.follow):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self.found)
        bar.addWidget(self.wanted)
        bar.addWidget(button("Previous", "plain", lambda: self.find_next(back=True)))
        bar.addWidget(button("Next", "plain", self.find_next))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self.text, 1)
        self.source.currentIndexChanged.connect(self._other_source)
        self.follow.toggled.connect(self._to_end)
        self.wanted.returnPressed.connect(self.find_next)
        self.wanted.textChanged.connect(self._find_first)
        QShortcut(QKeySequence("Shift+Return"), self.wanted, lambda: self.find_next(back=True))
        ctx.link.log_pieces.connect(self._take_piece)

    def set_log(self, log: JobLog | None) -> None:
        """The job's events, from the first on."""
        self._log = log
        if log is not None:
            log.came.connect(self._take_events)
            log.began.connect(self._began)

    def forget(self) -> None:
        """Another job is shown."""
        self._watch("")
        self.text.clear()
        self.source.blockSignals(True)
        self.source.clear()
        self.source.addItem("What happened", EVENTS)
        self.source.blockSignals(False)

    def refresh(self, changed: set[str], feed: JobFeed) -> None:
        """Offer the attempts that there are."""
        if changed & {"tasks", "shown", "job opened", "reset"}:
            self._offer(feed)
        if "job opened" in changed:
            self._other_source()

    def _offer(self, feed: JobFeed) -> None:
        offered = {self.source.itemData(row) for row in range(self.source.count())}
        for task in sorted(feed.history.tasks.values(), key=lambda task: task.task_id):
            words = f"{TITLES.get(task.kind, '')}{feed.title_of(task.task_id)}"
            for attempt in range(1, task.attempt + 1):
                again = f", attempt {attempt}" if task.attempt > 1 else ""
                for part, what in STREAMS.items():
                    stream = log_stream(feed.job_id, task.task_id, attempt, part)
                    if stream not in offered:
                        self.source.addItem(f"{words}{again}: {what}", stream)

    def show_task(self, task_id: str) -> None:
        """Show what the newest attempt of a task wrote as errors; what happened, where there is no such task."""
        if self.feed is None:
            return
        self._offer(self.feed)
        task = self.feed.history.tasks.get(task_id)
        stream = log_stream(self.feed.job_id, task_id, task.attempt, "err") if task and task.attempt else EVENTS
        self.source.setCurrentIndex(max(self.source.findData(stream), 0))

    def _other_source(self) -> None:
        stream = str(self.source.currentData() or "")
        self.text.clear()
        self._watch(stream)
        if stream == EVENTS and self._log is not None:
            self._append(self._lines(list(self._log.events)))

    def _watch(self, stream: str) -> None:
        if stream == self._watched:
            return
        if self._watched:
            self.ctx.link.unwatch_log(self._watched)
        self._watched = stream
        if stream:
            self.ctx.link.watch_log(stream)

    def _take_events(self, events: list[dict[str, Any]]) -> None:
        if self.source.currentData() == EVENTS and self.feed is not None and not self._changed & {"job opened"}:
            self._append(self._lines(events))

    def _began(self) -> None:
        if self.source.currentData() == EVENTS:
            self.text.clear()

    def _lines(self, events: Sequence[dict[str, Any]]) -> str:
        """The newest of these events in words; a line that says so where there are more."""
        feed = self.feed
        if feed is None:
            return ""

        @cache
        def title_of(task_id: str) -> str:
            task = feed.history.tasks.get(task_id)
            return f"{TITLES.get(task.kind, '') if task else ''}{feed.title_of(task_id)}"

        newest = events[-MOST_EVENTS:]
        earlier = len(events) - len(newest)
        more = f"({count(earlier)} earlier events are not shown)\n" if earlier else ""
        return more + "".join(f"{line(event, title_of)}\n" for event in newest)

    def _take_piece(self, stream: str, piece: LogPiece) -> None:
        if stream != self._watched:
            return
        if piece.reset:
            self.text.clear()
        self._append(piece.text[-MOST_PIECE:])

    def _append(self, text: str) -> None:
        """Put text to the end; where the reader looks stays in sight unless the end is followed."""
        if not text:
            return
        bar = self.text.verticalScrollBar()
        place = bar.value() if bar is not None else 0
        document = self.text.document()
        assert document is not None
        cursor = QTextCursor(document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        if bar is not None:
            bar.setValue(bar.maximum() if self.follow.isChecked() else place)

    def _to_end(self, follow: bool) -> None:
        bar = self.text.verticalScrollBar()
        if follow and bar is not None:
            bar.setValue(bar.maximum())

    def _find_first(self) -> None:
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        self.find_next()

    def find_next(self, *, back: bool = False) -> None:
        """Go to the next place of the words, beyond the end to the first."""
        words = self.wanted.text()
        if not words:
            self.found.setText("")
            return
        self.follow.setChecked(False)
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        if self.text.find(words, flags):
            self.found.setText("")
            return
        self.text.moveCursor(QTextCursor.MoveOperation.End if back else QTextCursor.MoveOperation.Start)
        self.found.setText("from the other end" if self.text.find(words, flags) else "not found")


def log_stream(job_id: str, task_id: str, attempt: int, part: str) -> str:
    """The stream of what an attempt wrote. part: `out` or `err`."""
    return f"log:{job_id}/{task_id}/{attempt}:{part}"
