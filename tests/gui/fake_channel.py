"""A scripted daemon at the level of the channel: streams with cursors and lineage, lost connections, refusals.

Keeps exactly what the protocol promises: each reply holds what follows the cursors of the request, in order and at most
`max_events` of it; a request that is cut off is answered by the next daemon or never.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vestim_core.protocol.cursors import parse_stream
from vestim_core.protocol.method_table import METHODS
from vestim_core.spec.errors import ErrorCode, VestimError, not_found
from vestim_core.system import Home


class ScriptedDaemon:
    """State of a daemon that survives its restarts. max_events: most events in one reply. executed_ids: command ids,
    one entry per execution."""

    def __init__(self, max_events: int = 10_000) -> None:
        self.lineage = "first"
        self.max_events = max_events
        self.streams: dict[str, list[dict[str, Any]]] = {"catalog": []}
        self.logs: dict[str, bytes] = {}
        self.progress: list[tuple[int, dict[str, Any]]] = []
        self.progress_seq = 0
        self.handlers: dict[str, Callable[..., Any]] = {}
        self.executed_ids: list[str] = []
        self.replies_by_id: dict[str, Any] = {}
        self.wait_count = 0
        self.lock = threading.RLock()

    def set_row(self, summary: dict[str, Any] | None, job_id: str) -> None:
        """Change a job's row; None deletes it."""
        with self.lock:
            rows = [row for row in self.streams["catalog"] if row["job_id"] != job_id]
            seq = max((row["seq"] for row in self.streams["catalog"]), default=0) + 1
            self.streams["catalog"] = [*rows, {"seq": seq, "job_id": job_id, "summary": summary}]

    def append(self, job_id: str, count: int, **data: Any) -> None:
        """Append `count` events to a job's stream."""
        with self.lock:
            events = self.streams.setdefault(f"job:{job_id}", [])
            for seq in range(len(events) + 1, len(events) + count + 1):
                fields = {"time_utc": "", "kind": "message", "task": "", "attempt": 0, "data": data}
                events.append({"seq": seq, **fields})

    def read(self, params: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The reply to a wait, and True if it holds anything new."""
        with self.lock:
            for cursor in params["cursors"]:
                stream = parse_stream(cursor["stream"])
                is_known = cursor["stream"] in self.streams or cursor["stream"] in self.logs
                if stream.kind != "catalog" and not is_known:
                    raise not_found(f"there is no job '{stream.job}'")
            limit, parts = min(params.get("limit", 1000), self.max_events), []
            for cursor in params["cursors"]:
                parts.append(self._part(cursor, limit))
                limit -= len(parts[-1].get("events", ()))
                if limit <= 0:
                    break
            seq_limit = params.get("progress_seq")
            reports = [report for seq, report in self.progress if seq_limit is not None and seq > seq_limit]
            reply = {"streams": parts, "progress": reports, "progress_seq": self.progress_seq}
            return reply, any(part.get("events") or part.get("data") or part["reset"] for part in parts) or bool(
                reports
            )

    def _part(self, cursor: dict[str, Any], limit: int) -> dict[str, Any]:
        cursor = {"lineage": "", "seq": 0, **cursor}
        reset = bool(cursor["lineage"]) and cursor["lineage"] != self.lineage
        first_seq = 0 if reset else cursor["seq"]
        part: dict[str, Any] = {"stream": cursor["stream"], "lineage": self.lineage, "reset": reset}
        if cursor["stream"] in self.logs:
            data = self.logs[cursor["stream"]][first_seq:]
            return {**part, "data": data, "seq": first_seq + len(data)}
        events = [event for event in self.streams[cursor["stream"]] if event["seq"] > first_seq][:limit]
        return {**part, "events": events, "seq": events[-1]["seq"] if events else first_seq}


class ScriptedChannel:
    """Same interface as `Channel`. is_up: a daemon is alive. is_answering: it answers. connect_error: raised by
    `connect`."""

    def __init__(self, service: ScriptedDaemon) -> None:
        self.service = service
        self.home = Home(Path("/nowhere"))
        self.is_connected = False
        self.is_up = True
        self.is_answering = True
        self.connect_error: VestimError | None = None
        self.connect_calls: list[tuple[bool, bool]] = []
        self.lost_reply_count = 0
        self._ids = itertools.count(1)
        self._requests: dict[bytes, tuple[str, dict[str, Any], str, float]] = {}
        self._wake_event = threading.Event()
        self.is_closed = False

    def is_alive(self) -> bool:
        return self.is_connected and self.is_up

    def connect(self, *, start: bool = True, requested_by_user: bool = False, timeout_s: float = 20.0) -> None:
        self.connect_calls.append((start, requested_by_user))
        if self.connect_error is not None and not requested_by_user:
            raise self.connect_error
        self.is_connected = self.is_up = True

    def disconnect(self) -> None:
        self.is_connected = False

    def close(self) -> None:
        self.is_closed = True

    def wake(self) -> None:
        self._wake_event.set()

    def send(self, method: str, params: dict[str, Any] | None = None, command_id: str | None = None) -> bytes:
        request_id = str(next(self._ids)).encode()
        deadline_s = time.monotonic() + float((params or {}).get("timeout_s", 0.0))
        self._requests[request_id] = (method, dict(params or {}), command_id or "", deadline_s)
        return request_id

    def forget(self, request_id: bytes) -> None:
        self._requests.pop(request_id, None)

    def receive(self, timeout_s: float) -> list[tuple[bytes, Any]]:
        deadline_s = time.monotonic() + timeout_s
        while True:
            replies: deque[tuple[bytes, Any]] = deque()
            for request_id in list(self._requests) if self.is_connected and self.is_up and self.is_answering else ():
                reply = self._reply(*self._requests[request_id])
                if reply is not None:
                    if self.lost_reply_count > 0:  # executed, but the daemon dies before its reply is sent
                        self.lost_reply_count -= 1
                        self.is_up = False
                        return []
                    del self._requests[request_id]
                    replies.append((request_id, None if reply == "nothing" else reply))
            if replies or self._wake_event.wait(0.002) or time.monotonic() > deadline_s:
                self._wake_event.clear()
                return list(replies)

    def _reply(self, method: str, params: dict[str, Any], command_id: str, deadline_s: float) -> Any:
        daemon = self.service
        try:
            if method == "wait":
                reply, has_news = daemon.read(params)
                daemon.wait_count += 1
                return reply if has_news or time.monotonic() > deadline_s else None
            if method == "hello":
                return {"pid": 1}
            if command_id and command_id in daemon.replies_by_id:
                return daemon.replies_by_id[command_id]
            if method not in daemon.handlers:
                raise not_found(f"no answer to {method}")
            reply = daemon.handlers[method](**params)
        except VestimError as error:
            return error
        if METHODS[method].is_mutating:
            daemon.executed_ids.append(command_id)
            daemon.replies_by_id[command_id] = reply
        return "nothing" if reply is None else reply


STOPPED = VestimError(ErrorCode.STOPPED, "the daemon was stopped")
