"""Reading server-sent events, as a browser's EventSource does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.gateway.gateway_process import PATIENCE_S, Gateway


@dataclass(frozen=True, slots=True)
class Message:
    """One message. number: its id, 0 where it has none."""

    number: int
    event: str
    data: dict[str, Any]


@contextmanager
def listening(gateway: Gateway, path: str, last: int | None = None, **params: Any) -> Iterator[Iterator[Message]]:
    """The messages of a stream that goes on after event `last`; the connection is cut at the end of the block."""
    headers = dict(gateway.authorization)
    if last is not None:
        headers["Last-Event-ID"] = str(last)
    with (
        httpx.Client(timeout=PATIENCE_S) as http,
        http.stream("GET", gateway.url + path, headers=headers, params=params) as answer,
    ):
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        yield _messages(answer.iter_lines())


def _messages(lines: Iterator[str]) -> Iterator[Message]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            if "data" in fields:
                yield Message(int(fields.get("id", 0)), fields.get("event", ""), json.loads(fields["data"]))
            fields = {}
