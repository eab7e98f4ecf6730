"""The server: one loop over sockets, process exits and deadlines. Everything in the daemon happens on this one thread.

It sleeps until something happens: a request, a ring, the end of a process, or the next deadline.
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import signal
import socket as sockets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import zmq

import vestim_core
from vestim_core.daemon.dispatch import Dispatcher, checked
from vestim_core.daemon.host import Host
from vestim_core.daemon.sockets import Sockets, endpoint_of
from vestim_core.daemon.waits import Parked, ProgressBoard, StreamReader, open_streams
from vestim_core.jobs.clock import utc_now
from vestim_core.jobs.service import JobService
from vestim_core.protocol.bell import Bell
from vestim_core.protocol.codec import CodecError
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.limits import MAX_REPLY_BYTES, OLDEST_PROTOCOL, PROTOCOL_VERSION
from vestim_core.protocol.messages import Reply, Request
from vestim_core.protocol.methods import METHODS, Params, ShutdownParams, WaitParams
from vestim_core.spec.errors import ErrorCode, VestimError, refused
from vestim_core.spec.ids import attempt_key, is_inspection_id
from vestim_core.spec.states import JOB_ENDS, Intent, JobState
from vestim_core.system import Home, Machine, write_json

IDLE_S = 30.0
PARKED_LOG_LOOK_S = 0.25
BATCH = 200
"""Most messages that are taken from one socket before the others get their turn."""
log = logging.getLogger(__name__)


class Server:
    """One daemon from its first request to its `bye`."""

    def __init__(self, home: Home, socks: Sockets, service: JobService, host: Host) -> None:
        self.home = home
        self.instance = secrets.token_hex(8)
        self._sockets = socks
        self._service = service
        self._host = host
        self._board = ProgressBoard(time.time_ns() // 1000)
        self._reader = StreamReader(service, self._board)
        self._parked: dict[bytes, Parked] = {}
        self._changed: set[str] = set()
        self._stopping: str = ""
        self._deliberate = False
        self._started_utc, self._started_s = utc_now(), time.monotonic()
        self._machine = Machine()
        service.manager.on_change = self._on_change
        own = {"hello": self._hello, "daemon_status": self._status, "shutdown": self._shutdown}
        self._dispatcher = Dispatcher(service, own)
        self._watched_fds: set[int] = set()

    def run(self) -> None:
        """Serve until told to stop; leaves running workers alone."""
        poller = zmq.Poller()
        poller.register(self._sockets.clients, zmq.POLLIN)
        poller.register(self._sockets.doorbell, zmq.POLLIN)
        with _signals_as_readable() as signalled:
            poller.register(signalled, zmq.POLLIN)
            self._host.adopt_all()
            self._write_discovery("serving")
            log.info("serving %s, version %s, process %d", self.home.root, vestim_core.__version__, os.getpid())
            while not self._finished():
                self._host.step()
                self._answer_parked()
                self._watch_exits(poller)
                for ready, _ in poller.poll(math.ceil(self._timeout_s() * 1000)):
                    if ready is self._sockets.clients:
                        self._serve_clients()
                    elif ready is self._sockets.doorbell:
                        self._hear_bells()
                    elif ready is signalled or ready == signalled.fileno():
                        self._stopping = "signal"
        self._say_bye()

    # --- clients

    def _serve_clients(self) -> None:
        for _ in range(BATCH):
            try:
                client, *frames = self._sockets.clients.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            try:
                request = Request.decode(frames[-1] if frames else b"")
            except CodecError as error:
                log.warning("not a request: %s", error)
                continue  # without an id there is nobody to answer
            if request.method == "wait":
                self._wait(client, request)
            elif self._stopping and request.method in METHODS and METHODS[request.method].mutating:
                self._send(client, self._while_stopping(request))
            else:
                self._send(client, self._dispatcher.answer(request))

    def _while_stopping(self, request: Request) -> Reply:
        """What a daemon that ends its jobs still does: a second order to do so; nothing new is begun."""
        if request.method == "shutdown":
            return self._dispatcher.answer(request)
        sentence = "the daemon is ending its jobs before it stops: try again when it is gone"
        return Reply(request.request_id, error=refused(sentence))

    def _wait(self, client: bytes, request: Request) -> None:
        if (former := self._parked.pop(client, None)) is not None:
            self._send(client, self._read(former)[0])
        try:
            _, params = checked(request)
            assert isinstance(params, WaitParams)
            streams = open_streams(params)
            self._reader.check(streams)
        except VestimError as error:
            self._send(client, Reply(request.request_id, error=error))
            return
        parked = Parked(client, request.request_id, params, streams, time.monotonic() + params.timeout_s)
        reply, final = self._read(parked)
        if final or params.timeout_s == 0:
            self._send(client, reply)
        else:
            self._parked[client] = parked

    def _read(self, parked: Parked) -> tuple[Reply, bool]:
        """The reply to a wait as of now, and whether there is any sense in waiting longer."""
        try:
            answer, news = self._reader.read(parked.params, parked.streams)
            return Reply(parked.request_id, answer), news
        except VestimError as error:
            return Reply(parked.request_id, error=error), True
        except Exception as error:
            log.exception("streams could not be read")
            sentence = f"the daemon could not read what was asked for ({type(error).__name__}: {error}): see its log"
            return Reply(parked.request_id, error=VestimError(ErrorCode.FAILED, sentence)), True

    def _answer_parked(self) -> None:
        """Answer who waits for what has changed, and whose time is up."""
        changed, self._changed = self._changed, set()
        now_s = time.monotonic()
        for parked in list(self._parked.values()):
            due = now_s >= parked.deadline_s
            reads_log = any(stream.kind == "log" for stream in parked.streams)
            if not due and not reads_log and not any(parked.concerns(job_id) for job_id in changed):
                continue
            reply, final = self._read(parked)
            if final or due:
                del self._parked[parked.client]
                self._send(parked.client, reply)

    def _send(self, client: bytes, reply: Reply) -> None:
        """Send, or drop when the client has not read its former replies; what cannot be sent becomes an error."""
        try:
            raw = reply.encode()
            if len(raw) > MAX_REPLY_BYTES:
                raise CodecError(f"{len(raw):,} bytes are more than the {MAX_REPLY_BYTES:,} of a message")
        except CodecError as error:
            log.warning("a reply could not be sent: %s", error)
            sentence = f"the daemon's answer cannot be sent: {error}".encode(errors="replace").decode()
            raw = Reply(reply.request_id, error=VestimError(ErrorCode.FAILED, sentence)).encode()
        try:
            self._sockets.send(client, raw)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:  # one that has gone needs no reply
                log.warning("a reply could not be sent: %s", error)

    def _on_change(self, job_id: str) -> None:
        self._changed.add(job_id)
        container = self._service.manager.job_containers.get(job_id)
        if container is not None and container.unreconciled:  # mere events, of which there are many, ask for nothing
            self._host.dirty.add(job_id)

    # --- workers

    def _hear_bells(self) -> None:
        for _ in range(BATCH):
            try:
                bell = Bell.decode(self._sockets.doorbell.recv(zmq.DONTWAIT))
            except zmq.Again:
                return
            except CodecError as error:
                log.warning("not a ring: %s", error)
                continue
            if not self._host.rung(bell.attempt_key):
                continue
            if bell.progress is not None:
                self._board.put(bell.attempt_key, bell.progress)
                self._changed.add(bell.attempt_key.partition("/")[0])

    def _watch_exits(self, poller: zmq.Poller) -> None:
        wanted = set(self._host.executor.exit_fds)
        if wanted == self._watched_fds:
            return
        for fd in self._watched_fds - wanted:
            poller.unregister(fd)
        for fd in wanted - self._watched_fds:
            poller.register(fd, zmq.POLLIN)
        self._watched_fds = wanted
        running = self._host.running
        keys = {attempt_key(c.job_id, t, a.number) for c, t in running if (a := c.tasks[t].attempt)}
        self._board.keep_only(keys)

    # --- methods that the daemon answers itself

    def _hello(self, params: Params) -> dict[str, Any]:
        return {
            "version": vestim_core.__version__,
            "protocol": [OLDEST_PROTOCOL, PROTOCOL_VERSION],
            "instance": self.instance,
            "lineage": self._service.manager.registry.lineage,
            "home": str(self.home.root),
            "pid": os.getpid(),
        }

    def _status(self, params: Params) -> dict[str, Any]:
        containers = self._service.manager.job_containers.values()
        states = Counter(c.state.value for c in containers if not is_inspection_id(c.job_id))
        running = [{"job_id": c.job_id, "task_id": task_id} for c, task_id in self._host.running]
        return {
            **self._hello(params),
            "started_utc": self._started_utc,
            "uptime_s": time.monotonic() - self._started_s,
            "memory_MB": _memory_MB(),
            "workspace": str(self.home.workspace),
            "jobs": dict(states),
            "running": running,
            "running_jobs": states[JobState.RUNNING],
            "queued_jobs": states[JobState.QUEUED],
            "machine": self._machine.look(),
            "slots": self._host.slots,
            "threads": self._host.threads,
            "parked": len(self._parked),
        }

    def _shutdown(self, params: Params) -> dict[str, Any]:
        assert isinstance(params, ShutdownParams)
        self._deliberate = True
        self._stopping = "stop jobs" if params.stop_jobs else "deliberate"
        if params.stop_jobs:
            for container in list(self._service.manager.job_containers.values()):
                if container.state not in {*JOB_ENDS, JobState.DRAFT}:
                    container.set_intent(Intent.STOP, test=False)
                    self._service.manager.persist_job_container(container)
        return {"stopping": True, "running": len(self._host.running)}

    # --- the end

    def _finished(self) -> bool:
        return bool(self._stopping) and (self._stopping != "stop jobs" or not self._busy())

    def _busy(self) -> bool:
        return bool(self._host.running or self._host.dirty)

    def _timeout_s(self) -> float:
        """Until the next thing that no socket announces."""
        deadlines = [parked.deadline_s - time.monotonic() for parked in self._parked.values()]
        if any(stream.kind == "log" for parked in self._parked.values() for stream in parked.streams):
            deadlines.append(PARKED_LOG_LOOK_S)
        if self._host.rung_waiting or self._finished():
            return 0.0
        deadlines.append(self._host.due_s - time.monotonic())
        return max(0.0, min([self._host.tick_s if self._busy() else IDLE_S, *deadlines]))

    def _say_bye(self) -> None:
        bye = VestimError(
            ErrorCode.STOPPED, "the daemon was stopped: running jobs go on; 'vestim daemon start' starts it again"
        )
        gone = VestimError(ErrorCode.UNREACHABLE, "the daemon is going down: try again")
        for parked in self._parked.values():
            self._send(parked.client, Reply(parked.request_id, error=bye if self._deliberate else gone))
        self._write_discovery("stopped" if self._deliberate else "serving")
        log.info("stopped (%s)", self._stopping)

    def _write_discovery(self, state: Any) -> None:
        record = Discovery(
            state=state,
            instance=self.instance,
            lineage=self._service.manager.registry.lineage,
            pid=os.getpid(),
            version=vestim_core.__version__,
            protocol_oldest=OLDEST_PROTOCOL,
            protocol=PROTOCOL_VERSION,
            clients=endpoint_of(self._sockets.clients),
            doorbell=endpoint_of(self._sockets.doorbell),
            server_key=self._sockets.server_key.decode(),
            started_utc=self._started_utc,
        )
        write_json(self.home.discovery, record.model_dump(mode="json"))


@contextmanager
def _signals_as_readable() -> Iterator[sockets.socket]:
    """SIGTERM and SIGINT make the socket readable instead of interrupting whatever is being done."""
    reader, writer = sockets.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    old = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(old)
        reader.close()
        writer.close()


def _memory_MB() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
