"""A gateway as a process of its own, beside a real daemon, and a client that holds its token."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from vestim_core.client import Client
from vestim_core.system import Home, own_command

PATIENCE_S = 20.0


class Gateway:
    """`with Gateway(home) as gateway: gateway.get("/v1/jobs")`. It starts the daemon that it needs."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.process = subprocess.Popen(
            own_command("gateway", "--port", "0"),
            env=os.environ | {"VESTIM_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert "127.0.0.1:" in first, first
        self.url = first.split()[2].removesuffix("/v1;")
        self.token = (self.home.keys / "rest.token").read_text().strip()
        self.http = httpx.Client(base_url=self.url, headers=self.authorization, timeout=PATIENCE_S)

    @property
    def authorization(self) -> dict[str, str]:
        """The header that opens the door."""
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, verb: str, path: str, **parts: Any) -> httpx.Response:
        """One request."""
        return self.http.request(verb, path, **parts)

    def get(self, path: str, **params: Any) -> Any:
        """What a GET answers; it must succeed."""
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """What a POST answers; it must succeed."""
        answer = self.http.post(path, json={} if body is None else body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def when_there(self, path: str) -> httpx.Response:
        """The first answer to a GET that is not 503: what a client that obeys Retry-After gets."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (answer := self.http.get(path)).status_code == 503:
            assert float(answer.headers["Retry-After"]) > 0 and time.monotonic() < deadline_s
            time.sleep(0.05)
        return answer

    def client(self) -> Client:
        """A client of the same daemon over ZeroMQ."""
        return Client(self.home, start=False)

    def close(self) -> None:
        """End it as Ctrl+C does."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE_S) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
