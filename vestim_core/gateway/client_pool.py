"""The gateway's connections to the daemon: a small pool shared by requests, plus one per waiting request.

A request never hangs on a missing daemon: it fails with `unreachable` at once while a new daemon starts in the
background, unless the daemon was stopped deliberately.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from queue import LifoQueue
from typing import Any

from vestim_core.client import Client
from vestim_core.client.daemon_discovery import is_daemon_running, read_discovery, start_daemon
from vestim_core.spec.errors import ErrorCode, VestimError, refused

POOL_SIZE = 8
"""Connections for requests that are answered at once; further requests queue. Arbitrary, 4 to 32 works."""
MAX_WAITING = 200
"""Maximum number of requests that wait for events at once: each holds a connection of its own."""
ANSWER_TIMEOUT_S = 5.0  # allows for a busy machine, short enough for a waiting client; arbitrary


class ClientPool:
    """Calls protocol methods from the gateway's request threads.

    connected_client: a client that has already reached or started the daemon.
    """

    def __init__(self, connected_client: Client) -> None:
        self.home = connected_client.home
        self._idle_clients: LifoQueue[Client] = LifoQueue()
        self._idle_clients.put(connected_client)
        for _ in range(POOL_SIZE - 1):
            self._idle_clients.put(Client(self.home, start=False, reply_timeout_s=ANSWER_TIMEOUT_S))
        self._waiting_slots = threading.BoundedSemaphore(MAX_WAITING)
        self._start_lock = threading.Lock()

    def call(self, method: str, params: dict[str, Any], command_id: str = "") -> Any:
        """Result of a method that answers at once. Raises `VestimError` on failure."""
        client = self._idle_clients.get()
        try:
            return client.call(method, command_id=command_id, **params)
        except VestimError as error:
            if error.code is ErrorCode.UNREACHABLE and not is_daemon_running(self.home):
                self._raise_if_stopped()
                self._start_in_background()
            raise
        finally:
            self._idle_clients.put(client)

    @contextlib.contextmanager
    def waiting_client(self) -> Iterator[Client]:
        """A connection for a call that may wait. Raises `VestimError` when too many calls wait already."""
        client = self.acquire_waiting_client()
        try:
            yield client
        finally:
            self.release_waiting_client(client)

    def acquire_waiting_client(self) -> Client:
        """Like `waiting_client`, but released by `release_waiting_client` instead of the end of a block."""
        self.call("hello", {})  # fails fast without a daemon, so that `Client` does not wait for one
        if not self._waiting_slots.acquire(blocking=False):
            raise refused(f"{MAX_WAITING} requests wait for news already: close some of them")
        return Client(self.home)

    def release_waiting_client(self, client: Client) -> None:
        """Close a connection of `acquire_waiting_client` and free its slot."""
        client.close()
        self._waiting_slots.release()

    def close(self) -> None:
        """Close every idle connection."""
        while not self._idle_clients.empty():
            self._idle_clients.get().close()

    def _raise_if_stopped(self) -> None:
        discovery = read_discovery(self.home)
        if discovery is not None and discovery.state == "stopped":
            raise VestimError(ErrorCode.STOPPED, "the daemon was stopped: 'vestim daemon start' starts it again")

    def _start_in_background(self) -> None:
        if self._start_lock.acquire(blocking=False):
            threading.Thread(target=self._start_daemon, name="start-daemon", daemon=True).start()

    def _start_daemon(self) -> None:
        try:
            with contextlib.suppress(VestimError):  # the next request fails with the same error and reports it
                start_daemon(self.home)
        finally:
            self._start_lock.release()
