"""A gateway process with a real daemon, and an HTTP client that holds its token."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.patience import PATIENCE_S
from vestim_core.client import Client
from vestim_core.system import Home, program_command


class GatewayProcess:
    """`with GatewayProcess(home) as gateway: gateway.get("/v1/jobs")`. Starts the daemon if necessary."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.process = subprocess.Popen(
            program_command("gateway", "--port", "0"),
            env=os.environ | {"VESTIM_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        first_line = self.process.stdout.readline()
        assert "127.0.0.1:" in first_line, first_line
        self.url = first_line.split()[2].removesuffix("/v1;")
        self.token = (self.home.keys / "rest.token").read_text().strip()
        self.http = httpx.Client(base_url=self.url, headers=self.authorization, timeout=PATIENCE_S)

    @property
    def authorization(self) -> dict[str, str]:
        """Header with the token."""
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, verb: str, path: str, **request_args: Any) -> httpx.Response:
        """Send one request."""
        return self.http.request(verb, path, **request_args)

    def get(self, path: str, **params: Any) -> Any:
        """JSON answer of a GET, which must succeed."""
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """JSON answer of a POST, which must succeed."""
        answer = self.http.post(path, json={} if body is None else body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get_when_available(self, path: str) -> httpx.Response:
        """First answer to a GET that is not 503, as a client that obeys Retry-After gets it."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (answer := self.http.get(path)).status_code == 503:
            assert float(answer.headers["Retry-After"]) > 0 and time.monotonic() < deadline_s
            time.sleep(0.05)
        return answer

    def client(self) -> Client:
        """A client of the same daemon over ZeroMQ."""
        return Client(self.home, start=False, reply_timeout_s=PATIENCE_S)

    def close(self) -> None:
        """Interrupt the gateway as Ctrl+C does and wait for its end."""
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
