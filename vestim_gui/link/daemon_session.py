"""DaemonSession: one client's side of the protocol: streams, requests and connection state, across reconnects.

A daemon that vanished is replaced by the next one, whoever starts it; requests in flight are sent again under their
ids, so they are carried out once. After a deliberate stop no daemon is started until the user acts, but one started by
another program is found.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vestim_core.client import Channel
from vestim_core.client.daemon_termination import terminate_daemon
from vestim_core.protocol.cursors import CATALOG_STREAM, job_stream
from vestim_core.protocol.message_limits import MAX_EVENTS_PER_REPLY
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import is_inspection_id
from vestim_core.spec.states import TERMINAL_JOB_STATES
from vestim_gui.link import request_flows
from vestim_gui.link.link_state import CatalogChange, LinkPhase, LinkState
from vestim_gui.link.stream_cursors import StreamCursors
from vestim_gui.link.thread_messages import (
    Call,
    Cancel,
    Delivery,
    EventsDelivery,
    Inspect,
    InspectionProgress,
    LinkCommand,
    Progress,
    ReadFile,
    Refresh,
    Reply,
    Restart,
    Unwatch,
    Watch,
)

SYNCING_TEXT = "Reading the list of jobs..."
CONNECTED_TEXT = "Background service: connected"
BATCH_INTERVAL_S = 0.1
"""Pause, in s, between two batches once everything is synced. Product rule: views update at 10 Hz at most."""
LARGE_REPLY = 1000
"""Number of events in one reply from which on more are probably waiting, so that the next wait is sent at once."""
WAIT_TIMEOUT_S = 20.0
"""How long, in s, the daemon holds a wait. Arbitrary: a wait that ends is renewed."""
ROTATION_TIMEOUT_S = 0.2
"""How long, in s, the daemon holds a wait while the streams do not all fit into one request and take turns."""
ALIVE_CHECK_S = 0.25
"""Interval, in s, between checks whether the daemon's process is alive."""
PING_AFTER_S = 2.0  # silence, in s, after which the daemon is pinged
STALE_AFTER_S = 5.0
"""Silence, in s, after which the daemon counts as not answering."""
RECONNECT_PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses, in s, between attempts to connect; the last one repeats."""
MAX_BACKLOG = 400
"""Number of deliveries waiting for the window above which no more are fetched."""

log = logging.getLogger(__name__)


class DaemonSession:
    """Streams, requests and connection state of one client. Lives on the link's thread."""

    def __init__(self, channel: Channel, deliver: Callable[[Delivery], None], backlog: Callable[[], int]) -> None:
        self._channel = channel
        self._deliver = deliver
        self._backlog = backlog
        self._streams = StreamCursors()
        self._state = LinkState()
        self._progress_seq = 0
        self._wait_id: bytes | None = None
        self._requested_cursors: list[dict[str, Any]] = []
        self._wait_due_s = 0.0
        self._flows: dict[int, request_flows.RequestFlow] = {}
        self._token_by_request: dict[bytes, int] = {}
        self._token_by_inspection: dict[str, int] = {}
        self._cancelled_tokens: set[int] = set()
        self._ping_id: bytes | None = None
        self._stream_by_probe: dict[bytes, str] = {}
        self._is_synced = False
        self._attempt_count = 0
        self._last_reply_s = self._last_check_s = self._connected_at_s = 0.0
        self._connect_due_s = 0.0
        self._is_start_requested = False
        deliver(self._state)

    def step(self) -> None:
        """Do what is due, then wait for the next replies."""
        now_s = time.monotonic()
        if not self._channel.is_connected:
            if now_s >= self._connect_due_s:
                self._connect()
        else:
            self._send_wait(now_s)
            self._check_daemon(now_s)
        try:
            replies = self._channel.receive(self._receive_timeout_s())
        except VestimError as error:
            self.drop_connection(error)
            return
        if replies:
            self._note_reply()
        for request_id, reply in replies:
            self._handle_reply(request_id, reply)

    # --- commands of the window

    def execute(self, command: LinkCommand) -> None:
        """Start what the window requests."""
        match command:
            case Call(token, method, params, command_id):
                self._start_flow(token, request_flows.call_flow(method, params, command_id))
            case ReadFile(token, job_id, path):
                self._start_flow(token, request_flows.read_file_flow(job_id, path))
            case Inspect(token, method, params):
                self._start_flow(
                    token,
                    request_flows.inspect_flow(
                        method, params, uuid.uuid4().hex, lambda: token in self._cancelled_tokens
                    ),
                )
            case Cancel(token):
                self._cancel(token)
            case Watch(stream, since):
                self._streams.watch(stream, since)
                self._restart_wait()
            case Unwatch(stream):
                self._streams.unwatch(stream)
            case Restart():
                self._restart_daemon()
            case Refresh():
                self._streams.watch(CATALOG_STREAM)
                self._restart_wait()

    def _start_flow(self, token: int, flow: request_flows.RequestFlow) -> None:
        if self._state.phase is LinkPhase.STOPPED:
            stop_error = VestimError(ErrorCode.STOPPED, self._state.message, actions=("Start the service",))
            self._deliver(Reply(token, stop_error))
            return
        self._flows[token] = flow
        self._advance(token, lambda: next(flow))

    def _advance(self, token: int, advance: Callable[[], request_flows.Request | request_flows.InspectionEnd]) -> None:
        """Advance a flow by one step and carry out what it yields."""
        try:
            step = advance()
            if isinstance(step, request_flows.Request):
                request_id = self._channel.send(step.method, step.params, step.command_id or None)
                self._token_by_request[request_id] = token
            else:
                self._token_by_inspection[step.inspection_id] = token
                self._streams.watch(job_stream(step.inspection_id))
                self._restart_wait()
        except StopIteration as stop:
            self._finish(token, stop.value)
        except VestimError as error:
            self._finish(token, error)
        except (KeyError, TypeError, ValueError) as error:
            log.exception("an answer was not understood")
            message = f"the service's answer was not understood ({type(error).__name__}): see the log"
            self._finish(token, VestimError(ErrorCode.FAILED, message))

    def _resume(self, token: int, reply: Any) -> None:
        """Resume a flow with a reply or a `VestimError`."""
        flow = self._flows[token]
        self._advance(token, lambda: flow.throw(reply) if isinstance(reply, VestimError) else flow.send(reply))

    def _finish(self, token: int, result: Any) -> None:
        self._flows.pop(token, None)
        if token not in self._cancelled_tokens:
            self._deliver(Reply(token, result))
        self._cancelled_tokens.discard(token)

    def _cancel(self, token: int) -> None:
        if token in self._flows:
            self._cancelled_tokens.add(token)
        for inspection_id, inspection_token in list(self._token_by_inspection.items()):
            if inspection_token == token:
                self._finish_inspection(inspection_id)

    def _finish_inspection(self, inspection_id: str, error: VestimError | None = None) -> None:
        token = self._token_by_inspection.pop(inspection_id)
        self._streams.unwatch(job_stream(inspection_id))
        self._resume(token, error)

    # --- replies of the daemon

    def _handle_reply(self, request_id: bytes, reply: Any) -> None:
        if request_id == self._wait_id:
            self._wait_id = None
            self._handle_streams(reply)
        elif request_id == self._ping_id:
            self._ping_id = None
        elif (stream := self._stream_by_probe.pop(request_id, None)) is not None:
            if isinstance(reply, VestimError):
                self._drop_stream(stream, reply)
        elif (token := self._token_by_request.pop(request_id, None)) is not None:
            self._resume(token, reply)

    def _handle_streams(self, reply: Any) -> None:
        if isinstance(reply, VestimError):
            self._probe_streams(reply)
            return
        parts = reply["streams"]
        for delivery in self._streams.apply(self._requested_cursors, parts):
            self._forward(delivery)
        self._progress_seq = reply["progress_seq"]
        if reply["progress"]:
            self._forward_progress(reply["progress"])
        now_s = time.monotonic()
        is_behind = (
            len(parts) < len(self._requested_cursors)
            or sum(len(part.get("events", ())) for part in parts) >= LARGE_REPLY
        )
        self._wait_due_s = now_s if is_behind or not self._is_synced else now_s + BATCH_INTERVAL_S
        if not self._is_synced and not parts[0]["events"]:
            self._is_synced = True
            self._set_state(LinkPhase.LIVE, message=CONNECTED_TEXT)
        if now_s - self._connected_at_s > STALE_AFTER_S:
            self._attempt_count = 0

    def _forward(self, delivery: Delivery) -> None:
        match delivery:
            case CatalogChange(_, _, removed):
                for job_id in removed:
                    self._unwatch_job(job_id)
            case EventsDelivery(job_id, batch) if is_inspection_id(job_id):
                if job_id in self._token_by_inspection and any(map(_ends_job, batch.events)):
                    self._finish_inspection(job_id)
                return
        self._deliver(delivery)

    def _forward_progress(self, reports: list[dict[str, Any]]) -> None:
        job_reports = []
        for report in reports:
            job_id = report["attempt"].partition("/")[0]
            if (token := self._token_by_inspection.get(job_id)) is not None:
                self._deliver(InspectionProgress(token, report))
            elif not is_inspection_id(job_id):
                job_reports.append(report)
        if job_reports:
            self._deliver(Progress(job_reports))

    def _probe_streams(self, error: VestimError) -> None:
        """A stream cannot be read: find out which one and drop it."""
        if error.code is ErrorCode.STOPPED:
            self.drop_connection(error)
            return
        self._wait_due_s = time.monotonic() + ALIVE_CHECK_S
        if not self._stream_by_probe:
            log.info("streams cannot be read: %s", error.message)
            for stream in self._streams.names():
                params = {"cursors": [{"stream": stream}], "limit": 1}
                self._stream_by_probe[self._channel.send("wait", params)] = stream

    def _unwatch_job(self, job_id: str) -> None:
        for stream in self._streams.streams_of_job(job_id):
            self._streams.unwatch(stream)

    def _drop_stream(self, stream: str, error: VestimError) -> None:
        self._streams.unwatch(stream)
        if (job_id := stream.partition(":")[2]) in self._token_by_inspection:
            self._finish_inspection(job_id, error)

    # --- the wait

    def _restart_wait(self) -> None:
        """Make the next wait name the streams watched now; the parked wait is abandoned and its reply dropped."""
        if self._wait_id is not None:
            self._channel.forget(self._wait_id)
            self._wait_id = None
        self._wait_due_s = min(self._wait_due_s, time.monotonic())

    def _send_wait(self, now_s: float) -> None:
        if self._wait_id is not None or now_s < self._wait_due_s or self._backlog() > MAX_BACKLOG:
            return
        self._requested_cursors = self._streams.next_cursors()
        self._wait_id = self._channel.send(
            "wait",
            {
                "cursors": self._requested_cursors,
                "limit": MAX_EVENTS_PER_REPLY,
                "timeout_s": 0.0
                if not self._is_synced
                else ROTATION_TIMEOUT_S
                if self._streams.exceeds_request
                else WAIT_TIMEOUT_S,
                "progress_seq": self._progress_seq,
            },
        )

    def _receive_timeout_s(self) -> float:
        """Time, in s, during which only incoming replies need attention."""
        now_s = time.monotonic()
        if not self._channel.is_connected:
            return min(ALIVE_CHECK_S, max(0.0, self._connect_due_s - now_s))
        if self._wait_id is not None:
            return ALIVE_CHECK_S
        return (
            BATCH_INTERVAL_S
            if self._backlog() > MAX_BACKLOG
            else min(ALIVE_CHECK_S, max(0.0, self._wait_due_s - now_s))
        )

    # --- the connection

    def _note_reply(self) -> None:
        self._last_reply_s = time.monotonic()
        if self._state.phase is LinkPhase.STALE:
            self._set_state(
                *((LinkPhase.LIVE, 0, CONNECTED_TEXT) if self._is_synced else (LinkPhase.SYNCING, 0, SYNCING_TEXT))
            )

    def _check_daemon(self, now_s: float) -> None:
        """Check whether the daemon's process is alive and whether it still answers."""
        if now_s - self._last_check_s >= ALIVE_CHECK_S:
            self._last_check_s = now_s
            if not self._channel.is_alive():
                self.drop_connection()
                return
        if now_s - self._last_reply_s > PING_AFTER_S and self._ping_id is None:
            self._ping_id = self._channel.send("hello")
        if now_s - self._last_reply_s > STALE_AFTER_S and self._state.phase is not LinkPhase.STALE:
            self._set_state(LinkPhase.STALE, message="Service not answering. Training goes on.")

    def _connect(self) -> None:
        is_requested, self._is_start_requested = self._is_start_requested, False
        is_stopped = self._state.phase is LinkPhase.STOPPED and not is_requested
        try:
            self._channel.connect(start=not is_stopped, requested_by_user=is_requested)
        except VestimError as error:
            self._handle_connect_error(error, is_stopped)
            return
        self._last_reply_s = self._last_check_s = self._connected_at_s = time.monotonic()
        self._is_synced = False
        self._restart_wait()
        self._set_state(LinkPhase.SYNCING, message=SYNCING_TEXT)

    def _handle_connect_error(self, error: VestimError, was_stopped: bool) -> None:
        if error.code is ErrorCode.STOPPED:
            self._handle_stop(error)
        elif was_stopped:  # no other program has started one yet
            self._connect_due_s = time.monotonic() + 1.0
        else:
            self._schedule_reconnect(f"Service not answering: {error.message}. Training goes on; reconnecting")

    def drop_connection(self, error: VestimError | None = None) -> None:
        """Drop the connection: the daemon is gone, was stopped, or sent something that is not a reply."""
        self._channel.disconnect()
        if error is not None and error.code is ErrorCode.STOPPED:
            self._handle_stop(error)
            return
        self._schedule_reconnect("Service not answering. Training goes on; reconnecting")

    def _schedule_reconnect(self, message: str) -> None:
        pause_s = RECONNECT_PAUSES_S[min(self._attempt_count, len(RECONNECT_PAUSES_S) - 1)]
        self._attempt_count += 1
        self._connect_due_s = time.monotonic() + pause_s
        self._set_state(LinkPhase.RECONNECTING, self._attempt_count, f"{message} ({self._attempt_count})...")

    def _handle_stop(self, error: VestimError) -> None:
        """Accept a deliberate stop: start no daemon, and fail every request in flight."""
        self._attempt_count = 0
        self._set_state(LinkPhase.STOPPED, message="The background service was stopped. Running jobs go on.")
        self._connect_due_s = time.monotonic() + 1.0
        for request_id, token in list(self._token_by_request.items()):
            self._channel.forget(request_id)
            del self._token_by_request[request_id]
            self._resume(token, error)
        for inspection_id in list(self._token_by_inspection):
            self._finish_inspection(inspection_id, error)

    def _restart_daemon(self) -> None:
        if self._state.phase is LinkPhase.STALE:
            terminate_daemon(self._channel.home)
            self.drop_connection()
        self._is_start_requested = not self._channel.is_connected
        self._connect_due_s = 0.0

    def _set_state(self, phase: LinkPhase, attempt: int = 0, message: str = "") -> None:
        if (phase, attempt, message) == (self._state.phase, self._state.attempt, self._state.message):
            return
        as_of = (
            datetime.fromtimestamp(time.time() - (time.monotonic() - self._last_reply_s), UTC)
            if self._last_reply_s
            else None
        )
        self._state = LinkState(phase, attempt, datetime.now(UTC), message, as_of)
        self._deliver(self._state)


def _ends_job(event: dict[str, Any]) -> bool:
    return event["kind"] == EventKind.JOB and event["data"].get("state") in TERMINAL_JOB_STATES
