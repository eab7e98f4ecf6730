"""Doorbell: tells the daemon that there is something to read. It only sends, never blocks and never raises.

A missing daemon costs nothing; a new one is found through the discovery file, which is read again at most once a
second, and only when there is something to send.
"""

from __future__ import annotations

import time
from typing import Any

import zmq
from pydantic import ValidationError

from vestim_core.protocol.codec import to_plain_value
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.doorbell_messages import MIN_RING_INTERVAL_S, DoorbellMessage
from vestim_core.system import Home, read_json
from vestim_core.system.keys import key_pair

DISCOVERY_POLL_S = 1.0  # between reads of the discovery file; arbitrary, a new daemon reads the journals anyway
HIGH_WATER_MARK = 100  # rings queued for a busy daemon before further ones are dropped; arbitrary


class Doorbell:
    """One attempt's connection to the daemon of its home; used on the worker's main thread."""

    def __init__(self, home: Home, attempt_key: str) -> None:
        self._home = home
        self._attempt_key = attempt_key
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._instance = ""
        self._discovery_read_s = -DISCOVERY_POLL_S
        self._last_ring_s = 0.0

    def ring(self, progress: dict[str, Any] | None = None) -> None:
        """Announce that the journal has grown, or send the newest progress."""
        now_s = time.monotonic()
        if progress is None and now_s - self._last_ring_s < MIN_RING_INTERVAL_S:
            return
        self._last_ring_s = now_s
        if now_s - self._discovery_read_s >= DISCOVERY_POLL_S:
            self._discovery_read_s = now_s
            self._find_daemon()
        if self._socket is None:
            return
        try:
            self._socket.send(DoorbellMessage(self._attempt_key, to_plain_value(progress)).encode(), zmq.DONTWAIT)
        except Exception:
            return  # queue full, daemon gone or progress not encodable: the journal has the facts, the training goes on

    def close(self) -> None:
        """Give sent rings a moment to leave, then close."""
        if self._socket is not None:
            self._socket.close(linger=100)
        self._context.term()

    def _find_daemon(self) -> None:
        try:
            discovery = Discovery.model_validate(read_json(self._home.discovery))
            if discovery.instance == self._instance:
                return
            worker_keys = key_pair(self._home, "worker")
        except (OSError, ValueError, ValidationError):
            return
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self._instance = discovery.instance
        if discovery.state != "serving":
            return
        socket = self._context.socket(zmq.PUSH)
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing is queued for a daemon that is not there
        try:
            socket.curve_publickey, socket.curve_secretkey = worker_keys.public, worker_keys.secret
            socket.curve_serverkey = discovery.server_key.encode()
            socket.connect(discovery.doorbell)
        except (zmq.ZMQError, ValueError):
            socket.close(linger=0)
            return
        self._socket = socket
