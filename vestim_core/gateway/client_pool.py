"""The gateway's connections to the daemon: a few that requests take in turn, and one of its own for whoever waits.

A request never hangs on a daemon that is away: it fails with `unreachable` at once, while the next daemon is being
started behind it, unless it was stopped deliberately.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from queue import LifoQueue
from typing import Any

from vestim_core.client import Client
from vestim_core.client.discover import daemon_lives, read_discovery, start_daemon
from vestim_core.spec.errors import ErrorCode, VestimError, refused

CONNECTIONS = 8
MAX_WAITING = 200
"""Most requests that wait for news at once: each holds a connection of its own."""
PATIENCE_S = 5.0


class Bridge:
    """Calls of the protocol's methods from many threads. first: a client that has found its daemon or started it."""

    def __init__(self, first: Client) -> None:
        self.home = first.home
        self._idle: LifoQueue[Client] = LifoQueue()
        self._idle.put(first)
        for _ in range(CONNECTIONS - 1):
            self._idle.put(Client(self.home, start=False, patience_s=PATIENCE_S))
        self._waiting = threading.BoundedSemaphore(MAX_WAITING)
        self._starting = threading.Lock()

    def call(self, method: str, params: dict[str, Any], command_id: str = "") -> Any:
        """The result of a method that answers at once; `VestimError` where there is none."""
        client = self._idle.get()
        try:
            return client.call(method, command_id=command_id, **params)
        except VestimError as error:
            if error.code is ErrorCode.UNREACHABLE and not daemon_lives(self.home):
                self._refuse_when_stopped()
                self._start_behind()
            raise
        finally:
            self._idle.put(client)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Client]:
        """A connection of its own for a call that may wait. `VestimError` when too many wait already."""
        client = self.open_waiting()
        try:
            yield client
        finally:
            self.close_waiting(client)

    def open_waiting(self) -> Client:
        """The same without a block: to be given back with `close_waiting`."""
        self.call("hello", {})  # so that nobody waits here for a daemon to come
        if not self._waiting.acquire(blocking=False):
            raise refused(f"{MAX_WAITING} requests wait for news already: close some of them")
        return Client(self.home)

    def close_waiting(self, client: Client) -> None:
        """Give back what `open_waiting` gave."""
        client.close()
        self._waiting.release()

    def close(self) -> None:
        """Let every idle connection go."""
        while not self._idle.empty():
            self._idle.get().close()

    def _refuse_when_stopped(self) -> None:
        last = read_discovery(self.home)
        if last is not None and last.state == "stopped":
            raise VestimError(ErrorCode.STOPPED, "the daemon was stopped: 'vestim daemon start' starts it again")

    def _start_behind(self) -> None:
        if self._starting.acquire(blocking=False):
            threading.Thread(target=self._start, name="start-daemon", daemon=True).start()

    def _start(self) -> None:
        try:
            with contextlib.suppress(VestimError):  # the next request meets the same and says so
                start_daemon(self.home)
        finally:
            self._starting.release()
