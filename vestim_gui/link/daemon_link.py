"""Link: the daemon as the window's thread sees it.

Batches arrive in order and at most ten times a second; nothing is delivered twice, whatever connection is lost in
between. A command keeps its id across a reconnect, so it is carried out once. While the daemon is away, delivered data
is valid as of `state.as_of_utc`.
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
from vestim_core.protocol.method_table import METHODS
from vestim_core.system import Home
from vestim_gui.link.link_state import CatalogChange, LinkState
from vestim_gui.link.link_thread import LinkThread
from vestim_gui.link.mailbox import Mailbox
from vestim_gui.link.pending_request import ErrorHandler, PendingInspection, PendingRequest, ResultHandler
from vestim_gui.link.thread_messages import (
    Call,
    Cancel,
    Delivery,
    EventsDelivery,
    Inspect,
    InspectionProgress,
    LinkCommand,
    LogDelivery,
    Progress,
    ReadFile,
    Refresh,
    Reply,
    Restart,
    Unwatch,
    Watch,
)

SLICE_S = 0.008
"""Time, in s, spent on deliveries before the event loop gets its turn: half of the 16 ms that the product allows."""


class Link(QObject):
    """The window's only connection; lives on the window's thread and owns the `LinkThread`. home: None for the one that
    VESTIM_HOME names, else the user's.

    unhandled_error: a `VestimError` of a request without an error handler; shown as a toast.
    """

    state_changed = pyqtSignal(object)
    catalog_changed = pyqtSignal(object)
    job_events = pyqtSignal(str, object)
    progress = pyqtSignal(object)
    log_pieces = pyqtSignal(str, object)
    unhandled_error = pyqtSignal(object)
    _delivery_arrived = pyqtSignal()

    def __init__(
        self, home: Home | None = None, parent: QObject | None = None, *, channel: Callable[[], Channel] | None = None
    ) -> None:
        super().__init__(parent)
        self.state = LinkState()
        self._mailbox = Mailbox()
        self._tokens = itertools.count(1)
        self._pending: dict[int, PendingRequest] = {}
        self._watcher_counts: dict[str, int] = {}
        self._slice_timer = QTimer(self)
        self._slice_timer.setSingleShot(True)
        self._slice_timer.timeout.connect(self._process_deliveries)
        self._delivery_arrived.connect(self._slice_timer.start)
        make_channel = channel or (lambda: Channel(home))
        self._thread: LinkThread | None = LinkThread(make_channel, self._deliver, self._mailbox.__len__)

    # --- the daemon

    def start(self) -> None:
        """Connect in the background and start the daemon if none is running. Earlier requests are sent once
        connected."""
        if self._thread is not None:
            self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it. Jobs continue; no handler is called any more."""
        for pending in list(self._pending.values()):
            pending.forget()
        if self._thread is not None:
            self._thread.close()
            self._thread = None
        self._slice_timer.stop()

    def restart_daemon(self) -> None:
        """Start a stopped daemon; end and restart one that does not answer."""
        self._post(Restart())

    def refresh(self) -> None:
        """Read the list of jobs again. Changes arrive by themselves; this is for users who doubt it."""
        self._post(Refresh())

    # --- requests

    def call(
        self,
        method: str,
        params: dict[str, Any],
        on_result: ResultHandler | None = None,
        on_error: ErrorHandler | None = None,
        *,
        owner: QObject,
    ) -> PendingRequest:
        """Call a protocol method. on_error: called with the `VestimError`; if None, `unhandled_error` is emitted."""
        command_id = uuid.uuid4().hex if method in METHODS and METHODS[method].is_mutating else ""
        pending = PendingRequest(
            next(self._tokens), command_id, on_result, on_error or self.unhandled_error.emit, owner, self
        )
        return self._track(pending, Call(pending.token, method, params, command_id))

    def inspect(
        self,
        method: str,
        params: dict[str, Any],
        on_result: ResultHandler,
        on_error: ErrorHandler | None = None,
        on_progress: Callable[[dict[str, Any]], None] | None = None,
        *,
        owner: QObject,
    ) -> PendingInspection:
        """Inspect files (`sniff`, `check`, `preview`, ...). on_progress: called with `{"fraction", "message"}`
        meanwhile."""
        inspection = PendingInspection(
            next(self._tokens), on_result, on_error or self.unhandled_error.emit, owner, self, self._cancel
        )
        if on_progress is not None:
            inspection.progressed.connect(on_progress)
        self._track(inspection, Inspect(inspection.token, method, params))
        return inspection

    def read_file(
        self,
        job_id: str,
        path: str,
        on_result: Callable[[bytes], None],
        on_error: ErrorHandler | None = None,
        *,
        owner: QObject,
    ) -> PendingRequest:
        """Read a whole file of a job's folder, piece by piece."""
        pending = PendingRequest(next(self._tokens), "", on_result, on_error or self.unhandled_error.emit, owner, self)
        return self._track(pending, ReadFile(pending.token, job_id, path))

    # --- streams

    def watch_job(self, job_id: str, since: int = 0) -> None:
        """Deliver a job's events after `since` by `job_events`. Each call needs its own `unwatch_job`."""
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
        self._watcher_counts[stream] = self._watcher_counts.get(stream, 0) + 1
        self._post(Watch(stream, since))

    def _unwatch(self, stream: str) -> None:
        remaining = self._watcher_counts.pop(stream, 0) - 1
        if remaining > 0:
            self._watcher_counts[stream] = remaining
        elif remaining == 0:
            self._post(Unwatch(stream))

    # --- between the threads

    def _post(self, command: LinkCommand) -> None:
        """Hand a command to the thread that owns the socket."""
        if self._thread is not None:
            self._thread.post(command)

    def _track(self, pending: PendingRequest, command: LinkCommand) -> PendingRequest:
        token = pending.token
        self._pending[token] = pending
        pending.ended.connect(lambda: self._pending.pop(token, None))
        self._post(command)
        return pending

    def _cancel(self, token: int) -> None:
        self._post(Cancel(token))

    def _deliver(self, delivery: Delivery) -> None:
        """Called on the link's thread: queue a delivery for the window's thread."""
        if self._mailbox.put(delivery):
            self._delivery_arrived.emit()

    def _process_deliveries(self) -> None:
        """Dispatch deliveries for a few milliseconds; the rest follows after the event loop's turn."""
        deadline_s = time.monotonic() + SLICE_S
        try:
            while (delivery := self._mailbox.take()) is not None:
                self._dispatch(delivery)
                if time.monotonic() > deadline_s:
                    break
        finally:  # a handler may raise; the remaining deliveries must still be dispatched
            if len(self._mailbox):
                self._slice_timer.start()

    def _dispatch(self, delivery: Delivery) -> None:
        match delivery:
            case Reply(token, result):
                if (pending := self._pending.get(token)) is not None:
                    pending.resolve(result)
            case InspectionProgress(token, data):
                if isinstance(inspection := self._pending.get(token), PendingInspection):
                    inspection.progressed.emit(data)
            case LinkState():
                self.state = delivery
                self.state_changed.emit(delivery)
            case CatalogChange():
                self.catalog_changed.emit(delivery)
            case EventsDelivery(job_id, batch):
                self.job_events.emit(job_id, batch)
            case LogDelivery(stream, piece):
                self.log_pieces.emit(stream, piece)
            case Progress(reports):
                self.progress.emit(reports)
