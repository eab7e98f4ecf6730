"""The server: one loop over sockets, process exits and deadlines. Everything in the daemon happens on this one thread.

It sleeps until something happens: a request, a ring, the end of a process, or the next deadline.
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import zmq

import vestim_core
from vestim_core.daemon.attempt_supervisor import AttemptSupervisor
from vestim_core.daemon.dispatch import Dispatcher, parse_request
from vestim_core.daemon.long_poll import PendingWait, ProgressBoard, StreamReader, open_streams
from vestim_core.daemon.sockets import Sockets, endpoint_of
from vestim_core.jobs.job_service import JobService
from vestim_core.jobs.utc_time import utc_now
from vestim_core.protocol.codec import CodecError
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.doorbell_messages import DoorbellMessage
from vestim_core.protocol.message_limits import MAX_REPLY_BYTES, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION
from vestim_core.protocol.messages import Reply, Request
from vestim_core.protocol.method_table import METHODS, Params, ShutdownParams, WaitParams
from vestim_core.spec.errors import ErrorCode, VestimError, refused
from vestim_core.spec.ids import attempt_key, is_inspection_id
from vestim_core.spec.states import TERMINAL_JOB_STATES, Intent, JobState
from vestim_core.system import Home, MachineMonitor, write_json

IDLE_S = 30.0  # longest sleep while nothing runs; arbitrary, sockets and deadlines wake the loop earlier
LOG_POLL_S = 0.25  # between reads of a followed log, whose growth nobody announces; arbitrary
MAX_MESSAGES_PER_TURN = 200
"""Most messages taken from one socket before the others get their turn; arbitrary."""
log = logging.getLogger(__name__)


class Server:
    """One daemon from its first request to its last reply; owns the pending waits and the progress board."""

    def __init__(self, home: Home, sockets: Sockets, service: JobService, supervisor: AttemptSupervisor) -> None:
        self.home = home
        self.instance = secrets.token_hex(8)
        self._sockets = sockets
        self._service = service
        self._supervisor = supervisor
        self._board = ProgressBoard(time.time_ns() // 1000)
        self._reader = StreamReader(service, self._board)
        self._pending_waits: dict[bytes, PendingWait] = {}
        self._changed_ids: set[str] = set()
        self._stop_reason: str = ""
        self._was_stop_requested = False
        self._started_utc, self._started_s = utc_now(), time.monotonic()
        self._machine = MachineMonitor()
        service.manager.on_change = self._on_change
        daemon_methods = {"hello": self._hello, "daemon_status": self._status, "shutdown": self._shutdown}
        self._dispatcher = Dispatcher(service, daemon_methods)
        self._watched_fds: set[int] = set()

    def run(self) -> None:
        """Serve until stopped; running workers go on."""
        poller = zmq.Poller()
        poller.register(self._sockets.clients, zmq.POLLIN)
        poller.register(self._sockets.doorbell, zmq.POLLIN)
        with _signals_as_readable() as signal_socket:
            poller.register(signal_socket, zmq.POLLIN)
            self._supervisor.adopt_all()
            self._write_discovery("serving")
            log.info("serving %s, version %s, process %d", self.home.root, vestim_core.__version__, os.getpid())
            while not self._is_finished():
                self._supervisor.step()
                self._answer_pending_waits()
                self._update_exit_fds(poller)
                for ready_socket, _ in poller.poll(math.ceil(self._timeout_s() * 1000)):
                    if ready_socket is self._sockets.clients:
                        self._serve_clients()
                    elif ready_socket is self._sockets.doorbell:
                        self._receive_rings()
                    elif ready_socket is signal_socket or ready_socket == signal_socket.fileno():
                        self._stop_reason = "signal"
        self._say_goodbye()

    # --- clients

    def _serve_clients(self) -> None:
        for _ in range(MAX_MESSAGES_PER_TURN):
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
            elif self._stop_reason and request.method in METHODS and METHODS[request.method].is_mutating:
                self._send(client, self._answer_while_stopping(request))
            else:
                self._send(client, self._dispatcher.answer(request))
            if self._is_finished():
                return  # whoever asks after an answered shutdown must not be answered by a daemon that is gone

    def _answer_while_stopping(self, request: Request) -> Reply:
        """Reply while jobs are being ended: a second shutdown is carried out, nothing new is started."""
        if request.method == "shutdown":
            return self._dispatcher.answer(request)
        message = "the daemon is ending its jobs before it stops: try again when it is gone"
        return Reply(request.request_id, error=refused(message))

    def _wait(self, client: bytes, request: Request) -> None:
        if (earlier_wait := self._pending_waits.pop(client, None)) is not None:
            self._send(client, self._read_streams(earlier_wait)[0])
        try:
            _, params = parse_request(request)
            assert isinstance(params, WaitParams)
            streams = open_streams(params)
            self._reader.check(streams)
        except VestimError as error:
            self._send(client, Reply(request.request_id, error=error))
            return
        pending_wait = PendingWait(client, request.request_id, params, streams, time.monotonic() + params.timeout_s)
        reply, is_final = self._read_streams(pending_wait)
        if is_final or params.timeout_s == 0:
            self._send(client, reply)
        else:
            self._pending_waits[client] = pending_wait

    def _read_streams(self, pending_wait: PendingWait) -> tuple[Reply, bool]:
        """The current reply to a wait, and whether it is final, so that waiting longer is pointless."""
        try:
            answer, has_news = self._reader.read(pending_wait.params, pending_wait.streams)
            return Reply(pending_wait.request_id, answer), has_news
        except VestimError as error:
            return Reply(pending_wait.request_id, error=error), True
        except Exception as error:
            log.exception("streams could not be read")
            message = f"the daemon could not read what was asked for ({type(error).__name__}: {error}): see its log"
            return Reply(pending_wait.request_id, error=VestimError(ErrorCode.FAILED, message)), True

    def _answer_pending_waits(self) -> None:
        """Answer pending waits whose streams have changed or whose time is up."""
        changed_ids, self._changed_ids = self._changed_ids, set()
        now_s = time.monotonic()
        for pending_wait in list(self._pending_waits.values()):
            is_due = now_s >= pending_wait.deadline_s
            reads_log = any(stream.kind == "log" for stream in pending_wait.streams)
            if not is_due and not reads_log and not any(pending_wait.concerns(job_id) for job_id in changed_ids):
                continue
            reply, is_final = self._read_streams(pending_wait)
            if is_final or is_due:
                del self._pending_waits[pending_wait.client]
                self._send(pending_wait.client, reply)

    def _send(self, client: bytes, reply: Reply) -> None:
        """Send a reply, or an error when it cannot be encoded; drop it if the client leaves earlier ones unread."""
        try:
            raw = reply.encode()
            if len(raw) > MAX_REPLY_BYTES:
                raise CodecError(f"{len(raw):,} bytes are more than the {MAX_REPLY_BYTES:,} of a message")
        except CodecError as error:
            log.warning("a reply could not be sent: %s", error)
            message = f"the daemon's answer cannot be sent: {error}".encode(errors="replace").decode()
            raw = Reply(reply.request_id, error=VestimError(ErrorCode.FAILED, message)).encode()
        try:
            self._sockets.send(client, raw)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:  # a client that has gone needs no reply
                log.warning("a reply could not be sent: %s", error)

    def _on_change(self, job_id: str) -> None:
        self._changed_ids.add(job_id)
        container = self._service.manager.job_containers.get(job_id)
        if container is not None and container.needs_reconciliation:  # the many mere events need no reconciling
            self._supervisor.unreconciled_job_ids.add(job_id)

    # --- workers

    def _receive_rings(self) -> None:
        for _ in range(MAX_MESSAGES_PER_TURN):
            try:
                bell = DoorbellMessage.decode(self._sockets.doorbell.recv(zmq.DONTWAIT))
            except zmq.Again:
                return
            except CodecError as error:
                log.warning("not a ring: %s", error)
                continue
            if not self._supervisor.mark_rung(bell.attempt_key):
                continue
            if bell.progress is not None:
                self._board.put(bell.attempt_key, bell.progress)
                self._changed_ids.add(bell.attempt_key.partition("/")[0])

    def _update_exit_fds(self, poller: zmq.Poller) -> None:
        exit_fds = set(self._supervisor.executor.exit_fds)
        if exit_fds == self._watched_fds:
            return
        for fd in self._watched_fds - exit_fds:
            poller.unregister(fd)
        for fd in exit_fds - self._watched_fds:
            poller.register(fd, zmq.POLLIN)
        self._watched_fds = exit_fds
        running_tasks = self._supervisor.running_tasks
        keys = {attempt_key(c.job_id, t, a.index) for c, t in running_tasks if (a := c.tasks[t].attempt)}
        self._board.retain(keys)

    # --- methods that the daemon answers itself

    def _hello(self, params: Params) -> dict[str, Any]:
        return {
            "version": vestim_core.__version__,
            "protocol": [OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION],
            "instance": self.instance,
            "lineage": self._service.manager.registry.lineage,
            "home": str(self.home.root),
            "pid": os.getpid(),
        }

    def _status(self, params: Params) -> dict[str, Any]:
        containers = self._service.manager.job_containers.values()
        states = Counter(c.state.value for c in containers if not is_inspection_id(c.job_id))
        running_tasks = [{"job_id": c.job_id, "task_id": task_id} for c, task_id in self._supervisor.running_tasks]
        return {
            **self._hello(params),
            "started_utc": self._started_utc,
            "uptime_s": time.monotonic() - self._started_s,
            "memory_MB": _memory_MB(),
            "workspace": str(self.home.workspace),
            "jobs": dict(states),
            "running": running_tasks,
            "running_jobs": states[JobState.RUNNING],
            "queued_jobs": states[JobState.QUEUED],
            "machine": self._machine.sample(),
            "slots": self._supervisor.slots,
            "threads": self._supervisor.threads,
            "parked": len(self._pending_waits),
        }

    def _shutdown(self, params: Params) -> dict[str, Any]:
        assert isinstance(params, ShutdownParams)
        self._was_stop_requested = True
        self._stop_reason = "stop jobs" if params.stop_jobs else "deliberate"
        if params.stop_jobs:
            for container in list(self._service.manager.job_containers.values()):
                if container.state not in {*TERMINAL_JOB_STATES, JobState.DRAFT}:
                    container.set_intent(Intent.STOP, test=False)
                    self._service.manager.persist_job_container(container)
        return {"stopping": True, "running": len(self._supervisor.running_tasks)}

    # --- the end

    def _is_finished(self) -> bool:
        return bool(self._stop_reason) and (self._stop_reason != "stop jobs" or not self._is_busy())

    def _is_busy(self) -> bool:
        return bool(self._supervisor.running_tasks or self._supervisor.unreconciled_job_ids)

    def _timeout_s(self) -> float:
        """Time until the next event that no socket announces."""
        deadlines = [pending_wait.deadline_s - time.monotonic() for pending_wait in self._pending_waits.values()]
        if any(stream.kind == "log" for wait in self._pending_waits.values() for stream in wait.streams):
            deadlines.append(LOG_POLL_S)
        if self._supervisor.has_unread_journals or self._is_finished():
            return 0.0
        deadlines.append(self._supervisor.next_due_s - time.monotonic())
        return max(0.0, min([self._supervisor.poll_interval_s if self._is_busy() else IDLE_S, *deadlines]))

    def _say_goodbye(self) -> None:
        stopped_error = VestimError(
            ErrorCode.STOPPED, "the daemon was stopped: running jobs go on; 'vestim daemon start' starts it again"
        )
        unreachable_error = VestimError(ErrorCode.UNREACHABLE, "the daemon is going down: try again")
        for pending_wait in self._pending_waits.values():
            self._send(
                pending_wait.client,
                Reply(pending_wait.request_id, error=stopped_error if self._was_stop_requested else unreachable_error),
            )
        self._write_discovery("stopped" if self._was_stop_requested else "serving")
        log.info("stopped (%s)", self._stop_reason)

    def _write_discovery(self, state: Any) -> None:
        record = Discovery(
            state=state,
            instance=self.instance,
            lineage=self._service.manager.registry.lineage,
            pid=os.getpid(),
            version=vestim_core.__version__,
            protocol_oldest=OLDEST_PROTOCOL_VERSION,
            protocol=PROTOCOL_VERSION,
            clients=endpoint_of(self._sockets.clients),
            doorbell=endpoint_of(self._sockets.doorbell),
            server_key=self._sockets.server_key.decode(),
            started_utc=self._started_utc,
        )
        write_json(self.home.discovery, record.model_dump(mode="json"))


@contextmanager
def _signals_as_readable() -> Iterator[socket.socket]:
    """Make a socket readable on SIGTERM and SIGINT instead of interrupting the current operation."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    previous_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: None)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(previous_fd)
        reader.close()
        writer.close()


def _memory_MB() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
