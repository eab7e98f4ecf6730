"""Warm workers where the system has fork: attempts born by a server that has torch loaded already.

One fork server at most; it is started when work for it is in sight and let go when there has been none for a while. A
server that died is no loss: what it was asked for shows as gone, and the next attempt starts cold.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from vestim_core.executors.warm import IDLE_S, Birth
from vestim_core.system import FileLock, Home, own_command, spawn_detached, worker_environment

log = logging.getLogger(__name__)


class ForkServer:
    """The daemon's side of the fork server."""

    def __init__(self, home: Home, warmth: str) -> None:
        self._home = home
        self._warmth = warmth
        self._server: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._needed_s = 0.0
        self._exits: dict[int, int] = {}

    @property
    def fd(self) -> int | None:
        """Becomes readable when a worker has ended, or the server has."""
        return self._server.fileno() if self._server else None

    def keep(self, needed: bool) -> None:
        """Say whether work for warm workers is in sight; starts the server, or lets it go when it has idled."""
        now_s = time.monotonic()
        self._hear()
        if self._server is None and self._process is not None:
            self._process.poll()  # a server that was let go does not stay behind as a zombie
        if needed:
            self._needed_s = now_s
            if self._server is None:
                self._start()
        elif self._server is not None and now_s - self._needed_s > IDLE_S:
            self.close()

    def start(self, folder: Path, environment: Mapping[str, str], lock: FileLock) -> Birth | None:
        """Ask for the worker of an attempt, which will hold this lock; None when it has to be started cold."""
        if self._server is None:
            return None
        request = json.dumps({"folder": str(folder), "environment": dict(environment)}).encode()
        try:
            socket.send_fds(self._server, [request], [lock.fd])
        except OSError as error:
            log.warning("the fork server does not listen: %s", error)
            self.close()
            return None
        return Birth(None)

    def exit_code(self, pid: int) -> int | None:
        """The exit code of a warm worker that has ended, once it is known."""
        self._hear()
        return self._exits.pop(pid, None)

    def close(self) -> None:
        """Let the server go; its workers run on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._process is not None:
            self._process.poll()

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return  # the former one has not gone yet
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        path = self._home.logs / f"forkserver-{self._warmth}.log"
        command = own_command("worker", "--fork-server", str(theirs.fileno()), self._warmth)
        try:
            self._process, ref = spawn_detached(
                command,
                env=worker_environment(1),
                cwd=self._home.root,
                stdout=path,
                stderr=path,
                keep_fds=(theirs.fileno(),),
            )
        except OSError as error:
            log.warning("the fork server could not be started: %s", error)
            ours.close()
            return
        finally:
            theirs.close()
        self._server = ours
        log.info("started the fork server, process %d", ref.pid)

    def _hear(self) -> None:
        while self._server is not None:
            try:
                message = self._server.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                log.info("the fork server has gone")
                self.close()
                return
            pid, code = message.split()
            self._exits[int(pid)] = int(code)
