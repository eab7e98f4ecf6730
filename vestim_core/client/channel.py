"""Channel: a connection that never blocks its owner, for clients that have a loop of their own.

Several requests may be under way at once, such as a parked `wait` beside commands. A request that was sent stays with
the channel until it is answered or forgotten: `connect` sends whatever is unanswered again, and since a command keeps
its id it is carried out once, however many daemons die meanwhile. Nothing reconnects by itself: the owner looks with
`alive` and takes the step, so that it can show what is going on. The loop of an owner, on one thread:

    channel.connect()
    waiting = channel.send("wait", {"cursors": cursors, "timeout_s": 30.0})
    while True:
        for request_id, answer in channel.receive(0.5):
            ...                      # a result, or a VestimError
        if not channel.alive():
            channel.connect()        # raises VestimError: show it, and try again later

Only `wake` may be called by other threads: it ends the `receive` that is going on or comes next.
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

from vestim_core.client.discover import START_TIMEOUT_S, daemon_lives, find_daemon, read_discovery, start_daemon
from vestim_core.protocol.codec import CodecError
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.limits import MAX_ON_THE_WAY, MAX_REPLY_BYTES, MAX_REQUEST_BYTES
from vestim_core.protocol.messages import Reply, Request
from vestim_core.protocol.methods import METHODS
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.system import Home, HomeError
from vestim_core.system.keys import key_pair

LOOK_S = 0.01


class Channel:
    """A connection to the daemon of a home; made unconnected.

    home: None for the one that VESTIM_HOME names, else the user's. daemon: what the daemon that this channel is or was
    last connected to says of itself (instance, lineage, version, pid); None before the first connection.
    """

    def __init__(self, home: Home | None = None) -> None:
        try:
            self.home = home or Home.find()
        except HomeError as error:
            raise wrong_input(str(error)) from None
        self.daemon: Discovery | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._leaving = False
        self._requests: dict[bytes, bytes] = {}
        self._unsent: deque[bytes] = deque()
        self._on_the_way: set[bytes] = set()
        self._woken, self._waker = sockets.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    # --- the daemon

    @property
    def connected(self) -> bool:
        """Whether there is a connection, be the daemon at its end alive or not."""
        return self._socket is not None

    def alive(self) -> bool:
        """Whether the daemon that this channel is connected to lives and stays. False: `connect` finds the next one."""
        return self.connected and not self._leaving and self._same_lives()

    def connect(self, *, start: bool = True, asked: bool = False, timeout_s: float = START_TIMEOUT_S) -> Discovery:
        """Connect to the living daemon and send it all that is unanswered; blocks until it serves.

        start: whether one is started when none lives. asked: whether the user asked for it, without which no daemon is
        started after a deliberate stop. `VestimError` with code `stopped` then, `version` for a daemon that speaks
        another protocol, `unreachable` for everything else; the channel is unconnected after it.
        """
        self.disconnect()
        deadline_s = time.monotonic() + timeout_s
        while self._leaving and self._same_lives() and time.monotonic() < deadline_s:
            time.sleep(LOOK_S)
        daemon = find_daemon(self.home) or self._next_daemon(start, asked, timeout_s)
        try:
            own = key_pair(self.home, "client")
        except (OSError, HomeError) as error:
            raise VestimError(ErrorCode.UNREACHABLE, f"the key of this home cannot be used: {error}") from None
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.maxmsgsize = MAX_REPLY_BYTES
        socket.curve_publickey, socket.curve_secretkey = own.public, own.secret
        socket.curve_serverkey = daemon.server_key.encode()
        socket.connect(daemon.clients)
        self._socket, self.daemon, self._leaving = socket, daemon, False
        self._unsent = deque(self._requests)
        self._send_on()
        return daemon

    def disconnect(self) -> None:
        """Let the connection go; what is unanswered waits for the next one."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self._on_the_way.clear()

    def close(self) -> None:
        """Let everything go, unanswered requests too."""
        self.disconnect()
        self._requests.clear()
        self._context.term()
        self._woken.close()
        self._waker.close()

    # --- requests and answers

    def send(self, method: str, params: Mapping[str, Any] | None = None, command_id: str | None = None) -> bytes:
        """Ask for a method of the protocol's table; the id that its answer will carry. Never blocks.

        Without a connection the request waits for `connect`, and beyond `MAX_ON_THE_WAY` for answers to earlier ones.
        command_id: for a mutating method, given when this is a repetition of an earlier call. `VestimError` when the
        request cannot be sent at all.
        """
        mutating = METHODS[method].mutating if method in METHODS else False
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
        self._send_on()
        return request.request_id

    def forget(self, request_id: bytes) -> None:
        """Do not wait for this answer any more; a command that is on its way may still be carried out."""
        self._requests.pop(request_id, None)

    def receive(self, timeout_s: float) -> list[tuple[bytes, Any]]:
        """What was answered, each as the request's id with its result or a `VestimError`; waits for at most that long.

        Empty when the time was up, when `wake` was called, or when a daemon that goes down asks to be asked again.
        `VestimError` when something came that is no answer: connect anew.
        """
        poller = zmq.Poller()
        poller.register(self._woken, zmq.POLLIN)
        if self._socket is not None:
            poller.register(self._socket, zmq.POLLIN)
        poller.poll(max(0, round(timeout_s * 1000)))
        self._empty_woken()
        answers: list[tuple[bytes, Any]] = []
        while self._socket is not None and len(answers) < MAX_ON_THE_WAY:
            try:
                reply = Reply.decode(self._socket.recv(zmq.DONTWAIT))
            except zmq.Again:
                break
            except CodecError as error:
                raise VestimError(ErrorCode.FAILED, f"the daemon's answer cannot be read ({error})") from None
            self._take_in(reply, answers)
        self._send_on()
        return answers

    def wake(self) -> None:
        """End the `receive` that is going on, or the next one, at once. For any thread, at any time."""
        with suppress(OSError):  # so many calls are waiting that one more says nothing new, or the channel is closed
            self._waker.send(b"\0")

    def _take_in(self, reply: Reply, answers: list[tuple[bytes, Any]]) -> None:
        self._on_the_way.discard(reply.request_id)
        if reply.error is not None and reply.error.code is ErrorCode.UNREACHABLE:
            self._leaving = True  # it is going down: the next one answers
        elif self._requests.pop(reply.request_id, None) is not None:
            answers.append((reply.request_id, reply.result if reply.error is None else reply.error))

    def _send_on(self) -> None:
        while self._socket is not None and self._unsent and len(self._on_the_way) < MAX_ON_THE_WAY:
            request_id = self._unsent.popleft()
            if (raw := self._requests.get(request_id)) is not None:
                self._socket.send(raw)
                self._on_the_way.add(request_id)

    def _empty_woken(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def _same_lives(self) -> bool:
        if not daemon_lives(self.home):
            return False
        found = read_discovery(self.home)
        return found is None or self.daemon is None or found.instance == self.daemon.instance

    def _next_daemon(self, start: bool, asked: bool, timeout_s: float) -> Discovery:
        last = read_discovery(self.home)
        stopped = last is not None and last.state == "stopped" and not daemon_lives(self.home)
        if self.daemon is not None and stopped and not asked:
            raise VestimError(ErrorCode.STOPPED, "the daemon was stopped: 'vestim daemon start' starts it again")
        if not start:
            raise VestimError(ErrorCode.UNREACHABLE, "no daemon is running: 'vestim daemon start' starts one")
        return start_daemon(self.home, timeout_s)
