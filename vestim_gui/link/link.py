"""Link: the background service as the window's thread sees it.

Batches arrive at most ten times a second and in order; nothing is delivered twice, whatever was cut in between. A
command keeps its id across a reconnect, so it is carried out once. Data that was delivered stays true to the moment
that `state.as_of_utc` names while the service is away.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from vestim_core.client import Channel
from vestim_core.protocol.cursors import job_stream
from vestim_core.protocol.methods import METHODS
from vestim_core.system import Home
from vestim_gui.link.mailbox import Mailbox
from vestim_gui.link.thread_messages import (
    Answer,
    Call,
    Cancel,
    Delivery,
    EventsOf,
    Inspect,
    LogOf,
    Order,
    Progress,
    QuestionProgress,
    ReadFile,
    Refresh,
    Restart,
    Unwatch,
    Watch,
)
from vestim_gui.link.pending import Done, Failed, Pending, Question
from vestim_gui.link.link_state import CatalogueChange, LinkState
from vestim_gui.link.link_thread import LinkThread

SLICE_S = 0.008
"""How long deliveries are taken in before the window gets its turn."""


class Link(QObject):
    """The one connection of a window. `home`: None for the one that VESTIM_HOME names, else the user's.

    trouble: a `VestimError` that nobody else takes; to be shown as a note.
    """

    state_changed = pyqtSignal(object)
    catalogue_changed = pyqtSignal(object)
    job_events = pyqtSignal(str, object)
    progress = pyqtSignal(object)
    log_pieces = pyqtSignal(str, object)
    trouble = pyqtSignal(object)
    _arrived = pyqtSignal()

    def __init__(
        self, home: Home | None = None, parent: QObject | None = None, *, channel: Callable[[], Channel] | None = None
    ) -> None:
        super().__init__(parent)
        self.state = LinkState()
        self._mailbox = Mailbox()
        self._tokens = itertools.count(1)
        self._pending: dict[int, Pending] = {}
        self._watchers: dict[str, int] = {}
        self._slice = QTimer(self)
        self._slice.setSingleShot(True)
        self._slice.timeout.connect(self._take_in)
        self._arrived.connect(self._slice.start)
        make_channel = channel or (lambda: Channel(home))
        self._thread: LinkThread | None = LinkThread(make_channel, self._deliver, self._mailbox.__len__)

    # --- the service

    def start(self) -> None:
        """Connect in the background, starting the service where none runs. What was asked before is asked then."""
        if self._thread is not None:
            self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it; jobs go on, and nobody is called back any more."""
        for pending in list(self._pending.values()):
            pending.forget()
        if self._thread is not None:
            self._thread.close()
            self._thread = None
        self._slice.stop()

    def restart_service(self) -> None:
        """Start the service where it was stopped; end it and start it anew where it does not answer."""
        self._post(Restart())

    def refresh(self) -> None:
        """Read the list of jobs anew. What changes is told by itself, so this is for doubts."""
        self._post(Refresh())

    # --- questions and commands

    def call(
        self,
        method: str,
        params: dict[str, Any],
        done: Done | None = None,
        failed: Failed | None = None,
        *,
        owner: QObject,
    ) -> Pending:
        """Call a method of the protocol's table. failed: gets the `VestimError`; without it `trouble` tells it."""
        command_id = uuid.uuid4().hex if method in METHODS and METHODS[method].mutating else ""
        pending = Pending(next(self._tokens), command_id, done, failed or self.trouble.emit, owner, self)
        return self._expect(pending, Call(pending.token, method, params, command_id))

    def ask(
        self,
        method: str,
        params: dict[str, Any],
        done: Done,
        failed: Failed | None = None,
        progress: Callable[[dict[str, Any]], None] | None = None,
        *,
        owner: QObject,
    ) -> Question:
        """Ask about files (`sniff`, `check`, `preview`, ...). progress: told `{"fraction", "message"}` meanwhile."""
        question = Question(next(self._tokens), done, failed or self.trouble.emit, owner, self, self._cancel)
        if progress is not None:
            question.progressed.connect(progress)
        self._expect(question, Inspect(question.token, method, params))
        return question

    def read_file(
        self,
        job_id: str,
        path: str,
        done: Callable[[bytes], None],
        failed: Failed | None = None,
        *,
        owner: QObject,
    ) -> Pending:
        """Read a whole file of a job's folder, piece by piece."""
        pending = Pending(next(self._tokens), "", done, failed or self.trouble.emit, owner, self)
        return self._expect(pending, ReadFile(pending.token, job_id, path))

    # --- streams

    def watch_job(self, job_id: str, since: int = 0) -> None:
        """Deliver a job's events after number `since` by `job_events`. Watched twice is to be unwatched twice."""
        self._watch(job_stream(job_id), since)

    def unwatch_job(self, job_id: str) -> None:
        """End `watch_job`."""
        self._unwatch(job_stream(job_id))

    def watch_log(self, stream: str) -> None:
        """Deliver a log (`log:<job>/<task>/<attempt>:out` or `:err`) from its beginning by `log_pieces`."""
        self._watch(stream, 0)

    def unwatch_log(self, stream: str) -> None:
        """End `watch_log`."""
        self._unwatch(stream)

    def _watch(self, stream: str, since: int) -> None:
        self._watchers[stream] = self._watchers.get(stream, 0) + 1
        self._post(Watch(stream, since))

    def _unwatch(self, stream: str) -> None:
        left = self._watchers.pop(stream, 0) - 1
        if left > 0:
            self._watchers[stream] = left
        elif left == 0:
            self._post(Unwatch(stream))

    # --- between the threads

    def _post(self, order: Order) -> None:
        """Hand an order to whoever owns the socket."""
        if self._thread is not None:
            self._thread.post(order)

    def _expect(self, pending: Pending, order: Order) -> Pending:
        token = pending.token
        self._pending[token] = pending
        pending.ended.connect(lambda: self._pending.pop(token, None))
        self._post(order)
        return pending

    def _cancel(self, token: int) -> None:
        self._post(Cancel(token))

    def _deliver(self, delivery: Delivery) -> None:
        """For the socket's thread: have this told in the window's thread."""
        if self._mailbox.put(delivery):
            self._arrived.emit()

    def _take_in(self) -> None:
        """Tell what has arrived for a few milliseconds; the rest when the window has had its turn."""
        deadline_s = time.monotonic() + SLICE_S
        try:
            while (delivery := self._mailbox.take()) is not None:
                self._tell(delivery)
                if time.monotonic() > deadline_s:
                    break
        finally:  # whoever is told may fail; what comes after is told all the same
            if len(self._mailbox):
                self._slice.start()

    def _tell(self, delivery: Delivery) -> None:
        match delivery:
            case Answer(token, answer):
                if (pending := self._pending.get(token)) is not None:
                    pending.settle(answer)
            case QuestionProgress(token, data):
                if isinstance(question := self._pending.get(token), Question):
                    question.progressed.emit(data)
            case LinkState():
                self.state = delivery
                self.state_changed.emit(delivery)
            case CatalogueChange():
                self.catalogue_changed.emit(delivery)
            case EventsOf(job_id, batch):
                self.job_events.emit(job_id, batch)
            case LogOf(stream, piece):
                self.log_pieces.emit(stream, piece)
            case Progress(newest):
                self.progress.emit(newest)
