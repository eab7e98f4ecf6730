"""Preloaded workers where the system has fork: attempts forked by a server that has torch loaded already.

At most one fork server runs; it is started when work for it is in sight and closed when there has been none for a
while. A dead server is no loss: its requested workers show as gone, and the next attempt starts without preload.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from vestim_core.executors.preloaded_workers import IDLE_S, StartedWorker
from vestim_core.system import FileLock, Home, program_command, spawn_detached, worker_environment

log = logging.getLogger(__name__)


class ForkServerClient:
    """The daemon's end of the fork server: owns its process and the connection to it."""

    def __init__(self, home: Home, preload: str) -> None:
        self._home = home
        self._preload = preload
        self._connection: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._last_needed_s = 0.0
        self._exit_codes: dict[int, int] = {}

    @property
    def fd(self) -> int | None:
        """Becomes readable when a worker has ended, or the server has."""
        return self._connection.fileno() if self._connection else None

    def maintain(self, is_needed: bool) -> None:
        """Start the server when work is in sight, or close it when it has idled."""
        now_s = time.monotonic()
        self._receive_exits()
        if self._connection is None and self._process is not None:
            self._process.poll()  # reaps a closed server, which would remain a zombie
        if is_needed:
            self._last_needed_s = now_s
            if self._connection is None:
                self._start()
        elif self._connection is not None and now_s - self._last_needed_s > IDLE_S:
            self.close()

    def start(self, folder: Path, environment: Mapping[str, str], lock: FileLock) -> StartedWorker | None:
        """Request the worker of an attempt, which will hold this lock; None when it has to start without preload."""
        if self._connection is None:
            return None
        request = json.dumps({"folder": str(folder), "environment": dict(environment)}).encode()
        try:
            socket.send_fds(self._connection, [request], [lock.fd])
        except OSError as error:
            log.warning("the fork server does not listen: %s", error)
            self.close()
            return None
        return StartedWorker(None)

    def exit_code(self, pid: int) -> int | None:
        """Exit code of an ended worker; None until it is known."""
        self._receive_exits()
        return self._exit_codes.pop(pid, None)

    def close(self) -> None:
        """Close the connection; the server exits and its workers run on."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.poll()

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return  # the previous server has not exited yet
        own_end, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own_end.setblocking(False)
        path = self._home.logs / f"forkserver-{self._preload}.log"
        command = program_command("worker", "--fork-server", str(server_end.fileno()), self._preload)
        try:
            self._process, ref = spawn_detached(
                command,
                env=worker_environment(1),
                cwd=self._home.root,
                stdout=path,
                stderr=path,
                keep_fds=(server_end.fileno(),),
            )
        except OSError as error:
            log.warning("the fork server could not be started: %s", error)
            own_end.close()
            return
        finally:
            server_end.close()
        self._connection = own_end
        log.info("started the fork server, process %d", ref.pid)

    def _receive_exits(self) -> None:
        while self._connection is not None:
            try:
                message = self._connection.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                log.info("the fork server has gone")
                self.close()
                return
            pid, code = message.split()
            self._exit_codes[int(pid)] = int(code)
