"""The doorbell: tells the daemon that there is something to read. It only ever sends, never blocks and never raises.

A daemon that is not there costs nothing; a new one is found through the discovery file, which is looked at again at
most once a second, and only when something is to be told.
"""

from __future__ import annotations

import time
from typing import Any

import zmq
from pydantic import ValidationError

from vestim_core.protocol.bell import RING_S, Bell
from vestim_core.protocol.codec import plain
from vestim_core.protocol.discovery import Discovery
from vestim_core.system import Home, read_json
from vestim_core.system.keys import key_pair

LOOK_S = 1.0
HIGH_WATER_MARK = 100


class Doorbell:
    """One attempt's way to the daemon of its home."""

    def __init__(self, home: Home, attempt_key: str) -> None:
        self._home = home
        self._attempt_key = attempt_key
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._instance = ""
        self._looked_s = -LOOK_S
        self._rang_s = 0.0

    def ring(self, progress: dict[str, Any] | None = None) -> None:
        """Say that the journal has grown, or what the newest progress is."""
        now_s = time.monotonic()
        if progress is None and now_s - self._rang_s < RING_S:
            return
        self._rang_s = now_s
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._find_daemon()
        if self._socket is None:
            return
        try:
            self._socket.send(Bell(self._attempt_key, plain(progress)).encode(), zmq.DONTWAIT)
        except Exception:
            return  # full, gone or nothing that can be told: the journal has what counts, and the training goes on

    def close(self) -> None:
        """Let what was sent leave for a moment, then close."""
        if self._socket is not None:
            self._socket.close(linger=100)
        self._context.term()

    def _find_daemon(self) -> None:
        try:
            found = Discovery.model_validate(read_json(self._home.discovery))
            if found.instance == self._instance:
                return
            own = key_pair(self._home, "worker")
        except (OSError, ValueError, ValidationError):
            return
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self._instance = found.instance
        if found.state != "serving":
            return
        socket = self._context.socket(zmq.PUSH)
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing is queued for a daemon that is not there
        try:
            socket.curve_publickey, socket.curve_secretkey = own.public, own.secret
            socket.curve_serverkey = found.server_key.encode()
            socket.connect(found.doorbell)
        except (zmq.ZMQError, ValueError):
            socket.close(linger=0)
            return
        self._socket = socket
