"""Daemons as separate processes, with workers that behave as their job's name says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq

from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.spec.documents import job_document_with_files
from vestim_core.client import Client
from vestim_core.client.daemon_discovery import read_discovery
from vestim_core.protocol.cursors import Cursor, job_stream
from vestim_core.protocol.discovery import Discovery
from vestim_core.protocol.messages import Reply, Request
from vestim_core.system import Home
from vestim_core.system.keys import KeyName, key_pair

ROOT = Path(__file__).resolve().parents[2]


def wait_until(condition: Callable[[], Any], description: str = "it", seconds: float = PATIENCE_S) -> Any:
    """Return the result of `condition` as soon as it is true, for changes that no event announces."""
    deadline_s = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline_s, f"{description} did not happen"
        time.sleep(0.005)
    return result


class Daemon:
    """A daemon of one home with workers that behave as told.

    ask_s, terminate_s: the stop ladder; as patient as every wait, unless a test is about workers that do not obey.
    """

    def __init__(self, home: Path, ask_s: float = PATIENCE_S, terminate_s: float = PATIENCE_S) -> None:
        self.home = Home(home)
        self.home.ensure()
        with self.home.daemon_log.open("ab") as log_file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.children.daemon", str(ask_s), str(terminate_s)],
                env=os.environ | {"VESTIM_HOME": str(home), "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                start_new_session=True,
            )
        self.discovery: Discovery = wait_until(self._serving, "a daemon that serves")

    def _serving(self) -> Discovery | None:
        assert self.process.poll() is None, self.home.daemon_log.read_text()
        discovery = read_discovery(self.home)
        return discovery if discovery and discovery.pid == self.process.pid and discovery.state == "serving" else None

    def kill(self) -> None:
        """Kill the process with SIGKILL and wait for its end."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def stop(self) -> None:
        """Stop the daemon deliberately, which ends all jobs."""
        if self.process.poll() is None:
            with self.client() as client:
                client.call("shutdown", stop_jobs=True)
            self.process.wait(PATIENCE_S)

    def client(self) -> Client:
        """A client that never starts a daemon."""
        return Client(self.home, start=False, reply_timeout_s=PATIENCE_S)

    @contextmanager
    def raw(self, name: KeyName | None = "client", endpoint: str = "", kind: int = zmq.DEALER) -> Iterator[Any]:
        """A bare socket with the key of that name, or without CURVE when `name` is None."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        socket = context.socket(kind)
        socket.linger = 0
        if name is not None:
            keys = key_pair(self.home, name)
            socket.curve_publickey, socket.curve_secretkey = keys.public, keys.secret
            socket.curve_serverkey = self.discovery.server_key.encode()
        socket.connect(endpoint or self.discovery.clients)
        try:
            yield socket
        finally:
            socket.close(linger=0)
            context.term()


def submit(client: Client, folder: Path, behaviors: dict[str, str] | None = None, **sections: Any) -> str:
    """Submit a job whose workers behave as given; return its id."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = job_document_with_files(
        folder, name=json.dumps(behaviors or {}), **{"testing": {"baseline": False}, **sections}
    )
    return str(client.call("submit", spec=spec)["job_id"])


def events_until(
    client: Client, job_id: str, is_match: Callable[[dict[str, Any]], bool], cursor: Cursor | None = None
) -> tuple[list[dict[str, Any]], Cursor]:
    """Every event from the cursor on, up to the first batch with a matching one; also the new cursor.

    Gives up when no event has come for `PATIENCE_S`.
    """
    cursor = cursor or Cursor(stream=job_stream(job_id))
    events: list[dict[str, Any]] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        stream_part = client.call("wait", cursors=[cursor.model_dump()], limit=5000, timeout_s=5.0)["streams"][0]
        cursor = Cursor(stream=stream_part["stream"], lineage=stream_part["lineage"], seq=stream_part["seq"])
        events += stream_part["events"]
        if stream_part["events"]:
            deadline_s = time.monotonic() + PATIENCE_S
        if any(map(is_match, stream_part["events"])):
            return events, cursor
    raise AssertionError(f"no such event; the last were {events[-5:]}")


def is_worker_ready(event: dict[str, Any]) -> bool:
    """The event reports that a worker has started."""
    return event["kind"] == "message" and event["data"].get("message") == "ready"


def job_is(*states: str) -> Callable[[dict[str, Any]], bool]:
    """Predicate: the job enters one of these states."""
    return lambda event: event["kind"] == "job" and event["data"].get("state") in states


def attempt_is(*states: str) -> Callable[[dict[str, Any]], bool]:
    """Predicate: an attempt enters one of these states."""
    return lambda event: event["kind"] == "attempt" and event["data"]["state"] in states


has_job_ended = job_is("done", "failed", "stopped")


def ask(socket: Any, method: str, command_id: str = "", **params: Any) -> Reply:
    """Send one request over a bare socket and return its reply."""
    request = Request(os.urandom(8), method, params, command_id)
    socket.send(request.encode())
    while True:
        assert socket.poll(PATIENCE_MS), f"no answer to {method}"
        reply = Reply.decode(socket.recv())
        if reply.request_id == request.request_id:
            return reply
