"""Channel, an asynchronous connection to the daemon for clients with their own event loop.

Several requests can be pending at once, e.g. a `wait` and commands. The channel keeps a request until it is answered or
forgotten, and `connect` sends all unanswered requests again. A command keeps its id, so it is executed once even if
daemons die meanwhile. The channel never reconnects by itself: the owner checks `alive` and calls `connect`, so that it
can show the state of the connection. The owner's loop, on one thread:

    channel.connect()
    waiting = channel.send("wait", {"cursors": cursors, "timeout_s": 30.0})
    while True:
        for request_id, answer in channel.receive(0.5):
            ...                      # a result or a VestimError
        if not channel.alive():
            channel.connect()        # on VestimError, show it and try again later

Only `wake` may be called from other threads: it ends the current or the next `receive`.
"""

from __future__ import annotations

import socket as sockets
import time
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import zmq

from vestim_core.client.daemon_discovery import (
    START_TIMEOUT_S,
    find_daemon,
    is_daemon_running,
    read_discovery,
    start_daemon,
)
from vestim_core.protocol.codec import CodecError
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.message_limits import MAX_PENDING_REQUESTS, MAX_REPLY_BYTES, MAX_REQUEST_BYTES
from vestim_core.protocol.messages import Reply, Request
from vestim_core.protocol.method_table import METHODS
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.system import Home, HomeError
from vestim_core.system.keys import key_pair

_POLL_INTERVAL_S = 0.01  # s between two checks whether the old daemon has ended; arbitrary, unnoticeable to users


class Channel:
    """A connection to the daemon of a home, initially disconnected. All methods but `wake` belong to one thread.

    home: None for the home named by VESTIM_HOME, else the user's default.
    daemon: discovery record of the daemon that the channel is or was last connected to; None before that.
    """

    def __init__(self, home: Home | None = None) -> None:
        try:
            self.home = home or Home.find()
        except HomeError as error:
            raise wrong_input(str(error)) from None
        self.daemon: Discovery | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._is_shutting_down = False
        self._requests: dict[bytes, bytes] = {}
        self._unsent: deque[bytes] = deque()
        self._pending: set[bytes] = set()
        self._wake_receiver, self._wake_sender = sockets.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)

    # --- the daemon

    @property
    def is_connected(self) -> bool:
        """True if there is a connection, whether or not its daemon is alive."""
        return self._socket is not None

    def is_alive(self) -> bool:
        """True if the connected daemon runs and is not shutting down. If False, call `connect` to get the next one."""
        return self.is_connected and not self._is_shutting_down and self._is_same_daemon_running()

    def connect(
        self, *, start: bool = True, requested_by_user: bool = False, timeout_s: float = START_TIMEOUT_S
    ) -> Discovery:
        """Connect to the running daemon and send it all unanswered requests; blocks until the daemon serves.

        start: start a daemon if none runs. requested_by_user: the user has requested it; otherwise no daemon is started
        after a deliberate stop. Raises `VestimError` with code `stopped` in that case, `version` if the daemon speaks
        another protocol, `unreachable` for everything else; the channel is then disconnected.
        """
        self.disconnect()
        deadline_s = time.monotonic() + timeout_s
        while self._is_shutting_down and self._is_same_daemon_running() and time.monotonic() < deadline_s:
            time.sleep(_POLL_INTERVAL_S)
        daemon = self._find_next_daemon(deadline_s) or self._start_next_daemon(start, requested_by_user, timeout_s)
        try:
            client_keys = key_pair(self.home, "client")
        except (OSError, HomeError) as error:
            raise VestimError(ErrorCode.UNREACHABLE, f"the key of this home cannot be used: {error}") from None
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.maxmsgsize = MAX_REPLY_BYTES
        socket.curve_publickey, socket.curve_secretkey = client_keys.public, client_keys.secret
        socket.curve_serverkey = daemon.server_key.encode()
        socket.connect(daemon.clients)
        self._socket, self.daemon, self._is_shutting_down = socket, daemon, False
        self._unsent = deque(self._requests)
        self._send_queued()
        return daemon

    def disconnect(self) -> None:
        """Close the connection; unanswered requests wait for the next one."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self._pending.clear()

    def close(self) -> None:
        """Close the channel and drop unanswered requests."""
        self.disconnect()
        self._requests.clear()
        self._context.term()
        self._wake_receiver.close()
        self._wake_sender.close()

    # --- requests and answers

    def send(self, method: str, params: Mapping[str, Any] | None = None, command_id: str | None = None) -> bytes:
        """Send a request for a method of the protocol and return its id, which the reply carries. Never blocks.

        Without a connection the request waits for `connect`; beyond `MAX_PENDING_REQUESTS` requests it waits for
        replies. command_id: for a mutating method, if this repeats an earlier call. Raises `VestimError` if the request
        can never be sent.
        """
        mutating = METHODS[method].is_mutating if method in METHODS else False
        command = (command_id or uuid.uuid4().hex) if mutating else ""
        request = Request(uuid.uuid4().bytes, method, dict(params or {}), command)
        try:
            raw = request.encode()
        except CodecError as error:
            raise wrong_input(f"'{method}' was given something that {error}") from None
        if len(raw) > MAX_REQUEST_BYTES:
            raise wrong_input(
                f"'{method}' with {len(raw):,} bytes is above the limit of {MAX_REQUEST_BYTES:,}: make it smaller"
            )
        self._requests[request.request_id] = raw
        self._unsent.append(request.request_id)
        self._send_queued()
        return request.request_id

    def forget(self, request_id: bytes) -> None:
        """Stop waiting for this reply. A command that was already sent may still be executed."""
        self._requests.pop(request_id, None)

    def receive(self, timeout_s: float) -> list[tuple[bytes, Any]]:
        """Wait up to `timeout_s` for replies; return pairs of request id and result or `VestimError`.

        Empty on timeout, after `wake`, or if a daemon that shuts down asks for the request to be repeated. Raises
        `VestimError` if an invalid reply arrives: the caller then has to reconnect.
        """
        poller = zmq.Poller()
        poller.register(self._wake_receiver, zmq.POLLIN)
        if self._socket is not None:
            poller.register(self._socket, zmq.POLLIN)
        poller.poll(max(0, round(timeout_s * 1000)))
        self._drain_wake_signals()
        answers: list[tuple[bytes, Any]] = []
        while self._socket is not None and len(answers) < MAX_PENDING_REQUESTS:
            try:
                reply = Reply.decode(self._socket.recv(zmq.DONTWAIT))
            except zmq.Again:
                break
            except CodecError as error:
                raise VestimError(ErrorCode.FAILED, f"the daemon's answer cannot be read ({error})") from None
            self._handle_reply(reply, answers)
        self._send_queued()
        return answers

    def wake(self) -> None:
        """End the current or the next `receive` at once. Thread-safe."""
        with suppress(OSError):  # the buffer is full of earlier calls, which suffice, or the channel is closed
            self._wake_sender.send(b"\0")

    def _handle_reply(self, reply: Reply, answers: list[tuple[bytes, Any]]) -> None:
        self._pending.discard(reply.request_id)
        if reply.error is not None and reply.error.code is ErrorCode.UNREACHABLE:
            self._is_shutting_down = True  # it is shutting down, so the next daemon will reply
        elif self._requests.pop(reply.request_id, None) is not None:
            answers.append((reply.request_id, reply.result if reply.error is None else reply.error))

    def _send_queued(self) -> None:
        while self._socket is not None and self._unsent and len(self._pending) < MAX_PENDING_REQUESTS:
            request_id = self._unsent.popleft()
            if (raw := self._requests.get(request_id)) is not None:
                self._socket.send(raw)
                self._pending.add(request_id)

    def _drain_wake_signals(self) -> None:
        with suppress(BlockingIOError):
            while self._wake_receiver.recv(4096):
                pass

    def _is_same_daemon_running(self) -> bool:
        if not is_daemon_running(self.home):
            return False
        discovery = read_discovery(self.home)
        return discovery is None or self.daemon is None or discovery.instance == self.daemon.instance

    def _find_next_daemon(self, deadline_s: float) -> Discovery | None:
        """The running daemon, None without one. One that was stopped and still holds its lock is waited for: it leaves
        none, or its successor holds the lock already and has not said yet where it listens."""
        while (daemon := find_daemon(self.home)) is None and time.monotonic() < deadline_s:
            discovery = read_discovery(self.home)
            if discovery is None or discovery.state != "stopped" or not is_daemon_running(self.home):
                break
            time.sleep(_POLL_INTERVAL_S)
        return daemon

    def _start_next_daemon(self, start: bool, requested_by_user: bool, timeout_s: float) -> Discovery:
        last_discovery = read_discovery(self.home)
        was_stopped = (
            last_discovery is not None and last_discovery.state == "stopped" and not is_daemon_running(self.home)
        )
        if self.daemon is not None and was_stopped and not requested_by_user:
            raise VestimError(ErrorCode.STOPPED, "the daemon was stopped: 'vestim daemon start' starts it again")
        if not start:
            raise VestimError(ErrorCode.UNREACHABLE, "no daemon is running: 'vestim daemon start' starts one")
        return start_daemon(self.home, timeout_s)
