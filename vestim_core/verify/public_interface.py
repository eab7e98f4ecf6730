"""Access to one running daemon through its public interfaces, as users' programs have it.

The protocol through the client library, REST through a real gateway, files and processes through the operating system.
Checks of a daemon use these alone, so that tests can record every answer and alter it to prove that a check notices.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestim_core.client import Client
from vestim_core.client.daemon_discovery import is_daemon_running
from vestim_core.system import program_command
from vestim_core.system.home import HOME_VARIABLE
from vestim_core.system.processes import ProcessRef, is_process_tree_alive, process_ref
from vestim_core.verify.check_groups import CheckFailed
from vestim_core.verify.sandbox import Sandbox

TIMEOUT_S = 60.0
"""Longest wait of a check for an expected event; most of it is for a busy machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A REST answer: HTTP status and decoded JSON body (None when it is not JSON)."""

    status: int
    body: Any


class PublicInterface:
    """Public interfaces of the daemon of one sandbox.

    Owns a client, whose first call starts the daemon, and a gateway process, which the first request starts.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._client = Client(sandbox.home)
        self._gateway: subprocess.Popen[str] | None = None
        self._port = 0

    def call(self, method: str, **params: Any) -> Any:
        """Result of a protocol method. Raises `VestimError` when it is refused."""
        return self._client.call(method, **params)

    def reconnect(self) -> None:
        """Close the client and open another one."""
        self._client.close()
        self._client = Client(self._sandbox.home)

    def rest(self, verb: str, path: str, body: Any = None, *, with_token: bool = True) -> Answer:
        """Send one request to the gateway."""
        if self._gateway is None:
            self._gateway, self._port = _start_gateway(self._sandbox)
        token = (self._sandbox.home.keys / "rest.token").read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {token}"} if with_token else {}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        try:
            text = None if verb == "GET" else json.dumps({} if body is None else body)
            connection.request(verb, path, text, {**headers, "Content-Type": "application/json"})
            answer = connection.getresponse()
            return Answer(answer.status, _parse_json(answer.read()))
        finally:
            connection.close()

    def is_folder(self, path: str) -> bool:
        """True when the folder exists."""
        return Path(path).is_dir()

    def find_process(self, pid: int) -> ProcessRef | None:
        """Process with this id, identified uniquely over time; None when there is none."""
        return process_ref(pid)

    def is_tree_alive(self, ref: ProcessRef) -> bool:
        """True while the process, its session or any descendant is alive."""
        return is_process_tree_alive(ref)

    def wait_for_gateway_end(self) -> bool:
        """Wait until the gateway has ended by itself; True when it did, with exit code 0."""
        try:
            return self._gateway is not None and self._gateway.wait(TIMEOUT_S) == 0
        except subprocess.TimeoutExpired:
            return False

    def is_daemon_alive(self) -> bool:
        """True while a daemon holds the lock of the home."""
        return is_daemon_running(self._sandbox.home)

    def remaining_processes(self) -> list[str]:
        """Command lines of processes of this sandbox that do not end in time."""
        if self._sandbox.wait_until_empty(TIMEOUT_S):
            return []
        return [" ".join(find_process.cmdline()) for find_process in self._sandbox.processes()]

    def close(self) -> None:
        """Close the client and end the gateway."""
        self._client.close()
        if self._gateway is not None:
            self._gateway.terminate()
            self._gateway.wait(TIMEOUT_S)
            assert self._gateway.stdout is not None
            self._gateway.stdout.close()


@contextmanager
def open_interface(sandbox: Sandbox) -> Iterator[PublicInterface]:
    """Open the interface to a sandbox's daemon and close it afterwards."""
    interface = PublicInterface(sandbox)
    try:
        yield interface
    finally:
        interface.close()


def _start_gateway(sandbox: Sandbox) -> tuple[subprocess.Popen[str], int]:
    """Start a gateway on a free port and return both."""
    gateway = subprocess.Popen(
        program_command("gateway", "--port", "0"),
        env=os.environ | {HOME_VARIABLE: str(sandbox.home.root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert gateway.stdout is not None
    match = re.search(r"127\.0\.0\.1:(\d+)", gateway.stdout.readline())
    if match is None:
        gateway.kill()
        raise CheckFailed("the gateway did not say where it listens")
    return gateway, int(match[1])


def _parse_json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
