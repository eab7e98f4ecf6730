"""A service at the level of the channel: streams with cursors and lineage, cuts, refusals. For the thread of the link.

It keeps to what the protocol promises and to nothing else: each answer gives what comes after the cursors it was sent,
in order and at most so much of it, and a request that is cut off is answered by the next daemon or never.
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
from vestim_core.protocol.methods import METHODS
from vestim_core.spec.errors import ErrorCode, VestimError, not_found
from vestim_core.system import Home


class Service:
    """What a daemon knows, kept over its deaths. piece: most events in one answer. carried_out: ids of commands, each
    as often as it had an effect."""

    def __init__(self, piece: int = 10_000) -> None:
        self.lineage = "first"
        self.piece = piece
        self.streams: dict[str, list[dict[str, Any]]] = {"catalog": []}
        self.logs: dict[str, bytes] = {}
        self.progress: list[tuple[int, dict[str, Any]]] = []
        self.progress_seq = 0
        self.handlers: dict[str, Callable[..., Any]] = {}
        self.carried_out: list[str] = []
        self.answers: dict[str, Any] = {}
        self.waits = 0
        self.lock = threading.RLock()

    def put_row(self, summary: dict[str, Any] | None, job_id: str) -> None:
        """A job's row changes; None for its tombstone."""
        with self.lock:
            rows = [row for row in self.streams["catalog"] if row["job_id"] != job_id]
            seq = max((row["seq"] for row in self.streams["catalog"]), default=0) + 1
            self.streams["catalog"] = [*rows, {"seq": seq, "job_id": job_id, "summary": summary}]

    def append(self, job_id: str, count: int, **data: Any) -> None:
        """So many more events of a job."""
        with self.lock:
            events = self.streams.setdefault(f"job:{job_id}", [])
            for seq in range(len(events) + 1, len(events) + count + 1):
                fields = {"time_utc": "", "kind": "message", "task": "", "attempt": 0, "data": data}
                events.append({"seq": seq, **fields})

    def read(self, params: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The answer to a wait as of now, and whether there is news in it."""
        with self.lock:
            for cursor in params["cursors"]:
                stream = parse_stream(cursor["stream"])
                known = cursor["stream"] in self.streams or cursor["stream"] in self.logs
                if stream.kind != "catalog" and not known:
                    raise not_found(f"there is no job '{stream.job}'")
            limit, parts = min(params.get("limit", 1000), self.piece), []
            for cursor in params["cursors"]:
                parts.append(self._part(cursor, limit))
                limit -= len(parts[-1].get("events", ()))
                if limit <= 0:
                    break
            wanted = params.get("progress_seq")
            newest = [news for seq, news in self.progress if wanted is not None and seq > wanted]
            answer = {"streams": parts, "progress": newest, "progress_seq": self.progress_seq}
            return answer, any(part.get("events") or part.get("data") or part["reset"] for part in parts) or bool(
                newest
            )

    def _part(self, cursor: dict[str, Any], limit: int) -> dict[str, Any]:
        cursor = {"lineage": "", "seq": 0, **cursor}
        reset = bool(cursor["lineage"]) and cursor["lineage"] != self.lineage
        after = 0 if reset else cursor["seq"]
        part: dict[str, Any] = {"stream": cursor["stream"], "lineage": self.lineage, "reset": reset}
        if cursor["stream"] in self.logs:
            data = self.logs[cursor["stream"]][after:]
            return {**part, "data": data, "seq": after + len(data)}
        events = [event for event in self.streams[cursor["stream"]] if event["seq"] > after][:limit]
        return {**part, "events": events, "seq": events[-1]["seq"] if events else after}


class ScriptedChannel:
    """The face of `Channel`. `up`: whether a daemon lives; `answers`: whether it answers; `refuses`: what `connect`
    raises."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.home = Home(Path("/nowhere"))
        self.connected = False
        self.up = True
        self.answers_now = True
        self.refuses: VestimError | None = None
        self.connects: list[tuple[bool, bool]] = []
        self.lose_answers = 0
        self._ids = itertools.count(1)
        self._requests: dict[bytes, tuple[str, dict[str, Any], str, float]] = {}
        self._woken = threading.Event()
        self.closed = False

    def alive(self) -> bool:
        return self.connected and self.up

    def connect(self, *, start: bool = True, asked: bool = False, timeout_s: float = 20.0) -> None:
        self.connects.append((start, asked))
        if self.refuses is not None and not asked:
            raise self.refuses
        self.connected = self.up = True

    def disconnect(self) -> None:
        self.connected = False

    def close(self) -> None:
        self.closed = True

    def wake(self) -> None:
        self._woken.set()

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
            found: deque[tuple[bytes, Any]] = deque()
            for request_id in list(self._requests) if self.connected and self.up and self.answers_now else ():
                answer = self._answer(*self._requests[request_id])
                if answer is not None:
                    if self.lose_answers > 0:  # carried out, and the daemon dies before its answer is sent
                        self.lose_answers -= 1
                        self.up = False
                        return []
                    del self._requests[request_id]
                    found.append((request_id, None if answer == "nothing" else answer))
            if found or self._woken.wait(0.002) or time.monotonic() > deadline_s:
                self._woken.clear()
                return list(found)

    def _answer(self, method: str, params: dict[str, Any], command_id: str, deadline_s: float) -> Any:
        service = self.service
        try:
            if method == "wait":
                answer, news = service.read(params)
                service.waits += 1
                return answer if news or time.monotonic() > deadline_s else None
            if method == "hello":
                return {"pid": 1}
            if command_id and command_id in service.answers:
                return service.answers[command_id]
            if method not in service.handlers:
                raise not_found(f"no answer to {method}")
            answer = service.handlers[method](**params)
        except VestimError as error:
            return error
        if METHODS[method].mutating:
            service.carried_out.append(command_id)
            service.answers[command_id] = answer
        return "nothing" if answer is None else answer


STOPPED = VestimError(ErrorCode.STOPPED, "the daemon was stopped")
