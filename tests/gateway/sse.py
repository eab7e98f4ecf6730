"""Reads server-sent events as a browser's EventSource does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.gateway.gateway_process import GatewayProcess
from tests.patience import PATIENCE_S


@dataclass(frozen=True, slots=True)
class SseMessage:
    """One message. event_id: 0 when it has none."""

    event_id: int
    event: str
    data: dict[str, Any]


@contextmanager
def open_event_stream(
    gateway: GatewayProcess, path: str, last_event_id: int | None = None, **params: Any
) -> Iterator[Iterator[SseMessage]]:
    """Open a stream that resumes after event `last_event_id` and yield its messages; cut the connection at the end."""
    headers = dict(gateway.authorization)
    if last_event_id is not None:
        headers["Last-Event-ID"] = str(last_event_id)
    with (
        httpx.Client(timeout=PATIENCE_S) as http,
        http.stream("GET", gateway.url + path, headers=headers, params=params) as answer,
    ):
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        yield _messages(answer.iter_lines())


def _messages(lines: Iterator[str]) -> Iterator[SseMessage]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            if "data" in fields:
                yield SseMessage(int(fields.get("id", 0)), fields.get("event", ""), json.loads(fields["data"]))
            fields = {}
