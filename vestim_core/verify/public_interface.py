"""Doors: the public doors of one running service, as any user's program finds them.

The protocol through the client library, REST through a real gateway, files and processes through the operating system.
The checks of a service ask through these alone, so that what they are told can be recorded, and altered to see whether
they notice.
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
from vestim_core.client.discover import daemon_lives
from vestim_core.system import own_command
from vestim_core.system.home import ENVIRONMENT_VARIABLE
from vestim_core.system.processes import ProcessRef, ref_of, tree_alive
from vestim_core.verify.check_groups import CheckFailed
from vestim_core.verify.sandbox import Place

PATIENCE_S = 60.0
"""How long a check waits at most for what must come; a machine may be busy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What REST answers: the HTTP status, and the body's JSON (None where it is none)."""

    status: int
    body: Any


class Doors:
    """Of the service of a place; it is started with the first call, and the gateway with the first request."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._client = Client(place.home)
        self._gateway: subprocess.Popen[str] | None = None
        self._port = 0

    def call(self, method: str, **params: Any) -> Any:
        """The result of a method of the protocol; `VestimError` when it is refused."""
        return self._client.call(method, **params)

    def come_back(self) -> None:
        """This client goes, and another one takes its place."""
        self._client.close()
        self._client = Client(self._place.home)

    def rest(self, verb: str, path: str, body: Any = None, *, with_token: bool = True) -> Answer:
        """One request to the gateway."""
        if self._gateway is None:
            self._gateway, self._port = _start_gateway(self._place)
        token = (self._place.home.keys / "rest.token").read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {token}"} if with_token else {}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            text = None if verb == "GET" else json.dumps({} if body is None else body)
            connection.request(verb, path, text, {**headers, "Content-Type": "application/json"})
            answer = connection.getresponse()
            return Answer(answer.status, _json(answer.read()))
        finally:
            connection.close()

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder."""
        return Path(path).is_dir()

    def process(self, pid: int) -> ProcessRef | None:
        """The process of that number, known for all time; None when there is none."""
        return ref_of(pid)

    def tree_lives(self, ref: ProcessRef) -> bool:
        """Whether anything of this process, its session and its descendants lives."""
        return tree_alive(ref)

    def gateway_ends(self) -> bool:
        """Whether the gateway ends by itself, as it was told to."""
        try:
            return self._gateway is not None and self._gateway.wait(PATIENCE_S) == 0
        except subprocess.TimeoutExpired:
            return False

    def service_lives(self) -> bool:
        """Whether a daemon holds the lock of the home."""
        return daemon_lives(self._place.home)

    def left_running(self) -> list[str]:
        """The command lines of processes of this place that do not go."""
        if self._place.gone(PATIENCE_S):
            return []
        return [" ".join(process.cmdline()) for process in self._place.processes()]

    def close(self) -> None:
        """Let the client go and end the gateway."""
        self._client.close()
        if self._gateway is not None:
            self._gateway.terminate()
            self._gateway.wait(PATIENCE_S)
            assert self._gateway.stdout is not None
            self._gateway.stdout.close()


@contextmanager
def open_doors(place: Place) -> Iterator[Doors]:
    """The doors of the service of a place, shut afterwards."""
    doors = Doors(place)
    try:
        yield doors
    finally:
        doors.close()


def _start_gateway(place: Place) -> tuple[subprocess.Popen[str], int]:
    """A gateway on a free port, and that port."""
    gateway = subprocess.Popen(
        own_command("gateway", "--port", "0"),
        env=os.environ | {ENVIRONMENT_VARIABLE: str(place.home.root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert gateway.stdout is not None
    told = re.search(r"127\.0\.0\.1:(\d+)", gateway.stdout.readline())
    if told is None:
        gateway.kill()
        raise CheckFailed("the gateway did not say where it listens")
    return gateway, int(told[1])


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
