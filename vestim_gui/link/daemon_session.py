"""Conversation: one client's side of the protocol: streams, requests, and how the connection stands. One thread.

A daemon that vanished is replaced by the next one, whoever starts it; requests that were under way are sent again with
their ids. After a deliberate stop none is started until the user acts; one that somebody else starts is found.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vestim_core.client import Channel
from vestim_core.client.ending import end_daemon
from vestim_core.protocol.cursors import CATALOG, job_stream
from vestim_core.protocol.limits import MAX_EVENTS
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.ids import is_inspection_id
from vestim_core.spec.states import JOB_ENDS
from vestim_gui.link import request_flows
from vestim_gui.link.thread_messages import (
    Answer,
    Call,
    Cancel,
    Delivery,
    EventsOf,
    Inspect,
    Order,
    Progress,
    QuestionProgress,
    ReadFile,
    Refresh,
    Restart,
    Unwatch,
    Watch,
)
from vestim_gui.link.link_state import CatalogueChange, LinkPhase, LinkState
from vestim_gui.link.stream_cursors import Streams

SYNCING = "Reading the list of jobs..."
CONNECTED = "Background service: connected"
BEAT_S = 0.1
"""Batches are at least this far apart, save while there is much to catch up with."""
MUCH = 1000
"""So many rows and events in one answer, and there may be more behind them."""
WAIT_S = 20.0
TURN_S = 0.2
"""How long one of several requests waits where not all streams fit into one."""
LOOK_S = 0.25
"""How often it is looked whether the daemon lives."""
PING_S = 2.0
STALE_S = 5.0
"""Silence after which a daemon is asked whether it is there, and after which it counts as not answering."""
RETRY_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to connect; the last one stays."""
FULL_BACKLOG = 400
"""Deliveries that may wait for the window before no more are fetched."""

log = logging.getLogger(__name__)


class Conversation:
    """One client's side of the protocol: streams, requests and the state of the connection. One thread."""

    def __init__(self, channel: Channel, deliver: Callable[[Delivery], None], backlog: Callable[[], int]) -> None:
        self._channel = channel
        self._deliver = deliver
        self._backlog = backlog
        self._streams = Streams()
        self._state = LinkState()
        self._progress_seq = 0
        self._wait: bytes | None = None
        self._asked: list[dict[str, Any]] = []
        self._wait_due_s = 0.0
        self._talks: dict[int, request_flows.Talk] = {}
        self._requests: dict[bytes, int] = {}
        self._inspections: dict[str, int] = {}
        self._unwanted: set[int] = set()
        self._ping: bytes | None = None
        self._probes: dict[bytes, str] = {}
        self._synced = False
        self._tries = 0
        self._heard_s = self._looked_s = self._connected_s = 0.0
        self._connect_due_s = 0.0
        self._asked_to_start = False
        deliver(self._state)

    def step(self) -> None:
        """Do what is due, and wait for what comes next."""
        now_s = time.monotonic()
        if not self._channel.connected:
            if now_s >= self._connect_due_s:
                self._connect()
        else:
            self._send_wait(now_s)
            self._look(now_s)
        try:
            answers = self._channel.receive(self._patience_s())
        except VestimError as error:
            self.lose(error)
            return
        if answers:
            self._hear()
        for request_id, answer in answers:
            self._take_answer(request_id, answer)

    # --- orders

    def take(self, order: Order) -> None:
        """Begin what the window asks for."""
        match order:
            case Call(token, method, params, command_id):
                self._begin(token, request_flows.call(method, params, command_id))
            case ReadFile(token, job_id, path):
                self._begin(token, request_flows.read_file(job_id, path))
            case Inspect(token, method, params):
                self._begin(token, request_flows.inspect(method, params, uuid.uuid4().hex, lambda: token in self._unwanted))
            case Cancel(token):
                self._cancel(token)
            case Watch(stream, since):
                self._streams.watch(stream, since)
                self._read_anew()
            case Unwatch(stream):
                self._streams.unwatch(stream)
            case Restart():
                self._restart()
            case Refresh():
                self._streams.watch(CATALOG)
                self._read_anew()

    def _begin(self, token: int, talk: request_flows.Talk) -> None:
        if self._state.phase is LinkPhase.STOPPED:
            stopped = VestimError(ErrorCode.STOPPED, self._state.sentence, actions=("Start the service",))
            self._deliver(Answer(token, stopped))
            return
        self._talks[token] = talk
        self._go_on(token, lambda: next(talk))

    def _go_on(self, token: int, move: Callable[[], request_flows.Request | request_flows.Ended]) -> None:
        """Take a talk one step further, and carry out what it asks for."""
        try:
            wish = move()
            if isinstance(wish, request_flows.Request):
                request_id = self._channel.send(wish.method, wish.params, wish.command_id or None)
                self._requests[request_id] = token
            else:
                self._inspections[wish.inspection_id] = token
                self._streams.watch(job_stream(wish.inspection_id))
                self._read_anew()
        except StopIteration as end:
            self._settle(token, end.value)
        except VestimError as error:
            self._settle(token, error)
        except (KeyError, TypeError, ValueError) as error:
            log.exception("an answer was not understood")
            sentence = f"the service's answer was not understood ({type(error).__name__}): see the log"
            self._settle(token, VestimError(ErrorCode.FAILED, sentence))

    def _tell(self, token: int, answer: Any) -> None:
        """Give a talk what it waits for: an answer, or a `VestimError`."""
        talk = self._talks[token]
        self._go_on(token, lambda: talk.throw(answer) if isinstance(answer, VestimError) else talk.send(answer))

    def _settle(self, token: int, answer: Any) -> None:
        self._talks.pop(token, None)
        if token not in self._unwanted:
            self._deliver(Answer(token, answer))
        self._unwanted.discard(token)

    def _cancel(self, token: int) -> None:
        if token in self._talks:
            self._unwanted.add(token)
        for inspection_id, asker in list(self._inspections.items()):
            if asker == token:
                self._inspection_ended(inspection_id)

    def _inspection_ended(self, inspection_id: str, error: VestimError | None = None) -> None:
        token = self._inspections.pop(inspection_id)
        self._streams.unwatch(job_stream(inspection_id))
        self._tell(token, error)

    # --- answers

    def _take_answer(self, request_id: bytes, answer: Any) -> None:
        if request_id == self._wait:
            self._wait = None
            self._take_streams(answer)
        elif request_id == self._ping:
            self._ping = None
        elif (stream := self._probes.pop(request_id, None)) is not None:
            if isinstance(answer, VestimError):
                self._forget_stream(stream, answer)
        elif (token := self._requests.pop(request_id, None)) is not None:
            self._tell(token, answer)

    def _take_streams(self, answer: Any) -> None:
        if isinstance(answer, VestimError):
            self._wait_failed(answer)
            return
        parts = answer["streams"]
        for delivery in self._streams.apply(self._asked, parts):
            self._take_delivery(delivery)
        self._progress_seq = answer["progress_seq"]
        if answer["progress"]:
            self._take_progress(answer["progress"])
        now_s = time.monotonic()
        behind = len(parts) < len(self._asked) or sum(len(part.get("events", ())) for part in parts) >= MUCH
        self._wait_due_s = now_s if behind or not self._synced else now_s + BEAT_S
        if not self._synced and not parts[0]["events"]:
            self._synced = True
            self._enter(LinkPhase.LIVE, sentence=CONNECTED)
        if now_s - self._connected_s > STALE_S:
            self._tries = 0

    def _take_delivery(self, delivery: Delivery) -> None:
        match delivery:
            case CatalogueChange(_, _, removed):
                for job_id in removed:
                    self._forget_job(job_id)
            case EventsOf(job_id, batch) if is_inspection_id(job_id):
                if job_id in self._inspections and any(map(_ends, batch.events)):
                    self._inspection_ended(job_id)
                return
        self._deliver(delivery)

    def _take_progress(self, newest: list[dict[str, Any]]) -> None:
        of_jobs = []
        for news in newest:
            job_id = news["attempt"].partition("/")[0]
            if (token := self._inspections.get(job_id)) is not None:
                self._deliver(QuestionProgress(token, news))
            elif not is_inspection_id(job_id):
                of_jobs.append(news)
        if of_jobs:
            self._deliver(Progress(of_jobs))

    def _wait_failed(self, error: VestimError) -> None:
        """Some stream cannot be read: find out which, and go on without it."""
        if error.code is ErrorCode.STOPPED:
            self.lose(error)
            return
        self._wait_due_s = time.monotonic() + LOOK_S
        if not self._probes:
            log.info("streams cannot be read: %s", error.sentence)
            for stream in self._streams.names():
                alone = {"cursors": [{"stream": stream}], "limit": 1}
                self._probes[self._channel.send("wait", alone)] = stream

    def _forget_job(self, job_id: str) -> None:
        for stream in self._streams.of_job(job_id):
            self._streams.unwatch(stream)

    def _forget_stream(self, stream: str, error: VestimError) -> None:
        self._streams.unwatch(stream)
        if (job_id := stream.partition(":")[2]) in self._inspections:
            self._inspection_ended(job_id, error)

    # --- the wait

    def _read_anew(self) -> None:
        """Have the next request name what is watched now; the parked one is let go, its answer dropped."""
        if self._wait is not None:
            self._channel.forget(self._wait)
            self._wait = None
        self._wait_due_s = min(self._wait_due_s, time.monotonic())

    def _send_wait(self, now_s: float) -> None:
        if self._wait is not None or now_s < self._wait_due_s or self._backlog() > FULL_BACKLOG:
            return
        self._asked = self._streams.next_cursors()
        self._wait = self._channel.send(
            "wait",
            {
                "cursors": self._asked,
                "limit": MAX_EVENTS,
                "timeout_s": 0.0 if not self._synced else TURN_S if self._streams.too_many else WAIT_S,
                "progress_seq": self._progress_seq,
            },
        )

    def _patience_s(self) -> float:
        """How long there is nothing to do but to listen."""
        now_s = time.monotonic()
        if not self._channel.connected:
            return min(LOOK_S, max(0.0, self._connect_due_s - now_s))
        if self._wait is not None:
            return LOOK_S
        return BEAT_S if self._backlog() > FULL_BACKLOG else min(LOOK_S, max(0.0, self._wait_due_s - now_s))

    # --- the connection

    def _hear(self) -> None:
        self._heard_s = time.monotonic()
        if self._state.phase is LinkPhase.STALE:
            self._enter(*((LinkPhase.LIVE, 0, CONNECTED) if self._synced else (LinkPhase.SYNCING, 0, SYNCING)))

    def _look(self, now_s: float) -> None:
        """Look whether the daemon lives, and whether it still answers."""
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            if not self._channel.alive():
                self.lose()
                return
        if now_s - self._heard_s > PING_S and self._ping is None:
            self._ping = self._channel.send("hello")
        if now_s - self._heard_s > STALE_S and self._state.phase is not LinkPhase.STALE:
            self._enter(LinkPhase.STALE, sentence="Service not answering. Training goes on.")

    def _connect(self) -> None:
        asked, self._asked_to_start = self._asked_to_start, False
        stopped = self._state.phase is LinkPhase.STOPPED and not asked
        try:
            self._channel.connect(start=not stopped, asked=asked)
        except VestimError as error:
            self._not_connected(error, stopped)
            return
        self._heard_s = self._looked_s = self._connected_s = time.monotonic()
        self._synced = False
        self._read_anew()
        self._enter(LinkPhase.SYNCING, sentence=SYNCING)

    def _not_connected(self, error: VestimError, stopped: bool) -> None:
        if error.code is ErrorCode.STOPPED:
            self._stop(error)
        elif stopped:  # nobody has started one yet
            self._connect_due_s = time.monotonic() + 1.0
        else:
            self._retry(f"Service not answering: {error.sentence}. Training goes on; reconnecting")

    def lose(self, error: VestimError | None = None) -> None:
        """The daemon is gone, was stopped, or said something that is no answer."""
        self._channel.disconnect()
        if error is not None and error.code is ErrorCode.STOPPED:
            self._stop(error)
            return
        self._retry("Service not answering. Training goes on; reconnecting")

    def _retry(self, sentence: str) -> None:
        pause_s = RETRY_S[min(self._tries, len(RETRY_S) - 1)]
        self._tries += 1
        self._connect_due_s = time.monotonic() + pause_s
        self._enter(LinkPhase.RECONNECTING, self._tries, f"{sentence} ({self._tries})...")

    def _stop(self, error: VestimError) -> None:
        """Obey a deliberate stop: start nothing, and tell whoever waits for an answer that there will be none."""
        self._tries = 0
        self._enter(LinkPhase.STOPPED, sentence="The background service was stopped. Running jobs go on.")
        self._connect_due_s = time.monotonic() + 1.0
        for request_id, token in list(self._requests.items()):
            self._channel.forget(request_id)
            del self._requests[request_id]
            self._tell(token, error)
        for inspection_id in list(self._inspections):
            self._inspection_ended(inspection_id, error)

    def _restart(self) -> None:
        if self._state.phase is LinkPhase.STALE:
            end_daemon(self._channel.home)
            self.lose()
        self._asked_to_start = not self._channel.connected
        self._connect_due_s = 0.0

    def _enter(self, phase: LinkPhase, attempt: int = 0, sentence: str = "") -> None:
        if (phase, attempt, sentence) == (self._state.phase, self._state.attempt, self._state.sentence):
            return
        as_of = datetime.fromtimestamp(time.time() - (time.monotonic() - self._heard_s), UTC) if self._heard_s else None
        self._state = LinkState(phase, attempt, datetime.now(UTC), sentence, as_of)
        self._deliver(self._state)


def _ends(event: dict[str, Any]) -> bool:
    return event["kind"] == EventKind.JOB and event["data"].get("state") in JOB_ENDS
