"""Client: one connection to the daemon of a home. Not to be shared between threads.

A call either gives the daemon's answer or raises one `VestimError`. When the daemon vanishes in mid-call the next one
is started and the same request sent again; a command keeps its id, so it is carried out once. After a deliberate stop
no daemon is started: the call raises with code `stopped`.
"""

from __future__ import annotations

import time
import uuid
from types import TracebackType
from typing import Any, Self

import zmq

from vestim_core.client.discover import daemon_lives, find_daemon, read_discovery, start_daemon
from vestim_core.protocol.codec import CodecError
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.limits import MAX_REPLY_BYTES, MAX_REQUEST_BYTES
from vestim_core.protocol.messages import Reply, Request
from vestim_core.protocol.methods import METHODS
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.system import Home, HomeError
from vestim_core.system.keys import key_pair

CALL_TIMEOUT_S = 30.0
LOOK_S = 0.25
"""How often a waiting call looks whether the daemon still lives."""


class Client:
    """`with Client() as client: client.call("list_jobs")`.

    home: None for the one that VESTIM_HOME names, else the user's. start: whether a daemon is started when none lives;
    without it a call raises with code `unreachable`.
    """

    def __init__(self, home: Home | None = None, *, start: bool = True) -> None:
        try:
            self.home = home or Home.find()
        except HomeError as error:
            raise wrong_input(str(error)) from None
        self._start = start
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._daemon: Discovery | None = None

    def call(self, method: str, *, command_id: str = "", **params: Any) -> Any:
        """The result of a method of the protocol's table. `VestimError` says what went wrong in one sentence.

        command_id: for a mutating method, given when this is a repetition of an earlier call.
        """
        mutating = METHODS[method].mutating if method in METHODS else False
        request = Request(uuid.uuid4().bytes, method, params, (command_id or uuid.uuid4().hex) if mutating else "")
        try:
            raw = request.encode()
        except CodecError as error:
            raise wrong_input(f"'{method}' was given something that {error}") from None
        if len(raw) > MAX_REQUEST_BYTES:
            raise wrong_input(
                f"'{method}' with {len(raw):,} bytes is above the limit of {MAX_REQUEST_BYTES:,}: make it smaller"
            )
        return self._exchange(request, raw, CALL_TIMEOUT_S + float(params.get("timeout_s", 0.0)))

    def close(self) -> None:
        """Let the connection go."""
        self._disconnect()
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, request: Request, raw: bytes, timeout_s: float) -> Any:
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                socket = self._connected()
                socket.send(raw)
                reply = self._reply(socket, request.request_id, deadline_s)
            except BaseException:
                self._disconnect()  # what is on its way belongs to nobody any more
                raise
            if reply is None:  # the daemon vanished
                self._disconnect()
                if time.monotonic() > deadline_s:
                    raise VestimError(
                        ErrorCode.UNREACHABLE, f"the daemon vanishes whenever it is asked: see {self.home.daemon_log}"
                    )
                continue
            if reply.error is None:
                return reply.result
            if reply.error.code is ErrorCode.UNREACHABLE:  # it is going down: the next one answers
                self._wait_for_end(deadline_s)
                self._disconnect()
                continue
            raise reply.error

    def _reply(self, socket: zmq.Socket[bytes], request_id: bytes, deadline_s: float) -> Reply | None:
        """The reply to one request; None when the daemon that was asked lives no more."""
        while True:
            if socket.poll(int(LOOK_S * 1000)):
                try:
                    reply = Reply.decode(socket.recv())
                except CodecError as error:
                    raise VestimError(ErrorCode.FAILED, f"the daemon's answer cannot be read ({error})") from None
                if reply.request_id == request_id:
                    return reply
            elif not self._still_there():
                return None
            if time.monotonic() > deadline_s:
                raise VestimError(ErrorCode.UNREACHABLE, f"the daemon does not answer: see {self.home.daemon_log}")

    def _still_there(self) -> bool:
        if not daemon_lives(self.home):
            return False
        found = read_discovery(self.home)
        return found is None or self._daemon is None or found.instance == self._daemon.instance

    def _wait_for_end(self, deadline_s: float) -> None:
        while daemon_lives(self.home) and time.monotonic() < deadline_s:
            time.sleep(0.01)

    def _connected(self) -> zmq.Socket[bytes]:
        if self._socket is not None:
            return self._socket
        daemon = find_daemon(self.home)
        if daemon is None:
            daemon = self._next_daemon()
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
        self._socket, self._daemon = socket, daemon
        return socket

    def _next_daemon(self) -> Discovery:
        last = read_discovery(self.home)
        if self._daemon is not None and last is not None and last.state == "stopped" and not daemon_lives(self.home):
            raise VestimError(ErrorCode.STOPPED, "the daemon was stopped: 'vestim daemon start' starts it again")
        if not self._start:
            raise VestimError(ErrorCode.UNREACHABLE, "no daemon is running: 'vestim daemon start' starts one")
        return start_daemon(self.home)

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
