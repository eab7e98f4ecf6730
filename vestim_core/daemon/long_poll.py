"""Long polling: read streams from cursors, and keep a request pending until there is something to read.

At most one request per client is pending; a second one of the same client releases the first with an empty answer. The
client alone knows what it has read, so a stalled one costs nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vestim_core.jobs.job_service import JobService
from vestim_core.protocol.cursors import Cursor, Stream, parse_stream
from vestim_core.protocol.message_limits import MAX_CHUNK_BYTES
from vestim_core.protocol.method_table import WaitParams
from vestim_core.spec.ids import is_data_set_id


@dataclass(slots=True)
class PendingWait:
    """A request that waits for news until `deadline_s` (monotonic)."""

    client: bytes
    request_id: bytes
    params: WaitParams
    streams: list[Stream]
    deadline_s: float

    def concerns(self, changed_id: str) -> bool:
        """True when a change of this job or data set may be news for the request."""
        list_kind = "data_sets" if is_data_set_id(changed_id) else "catalog"
        return any(stream.kind == list_kind or stream.job == changed_id for stream in self.streams)


class ProgressBoard:
    """The newest progress of each running attempt, numbered in order of arrival; never stored on disk."""

    def __init__(self, first_seq: int) -> None:
        self._seq = first_seq
        self._newest: dict[str, tuple[int, dict[str, Any]]] = {}

    @property
    def seq(self) -> int:
        """Sequence number of the newest progress."""
        return self._seq

    def put(self, attempt_key: str, progress: dict[str, Any]) -> None:
        """Replace the progress of an attempt."""
        self._seq += 1
        self._newest[attempt_key] = (self._seq, progress)

    def retain(self, attempt_keys: set[str]) -> None:
        """Keep these attempts and forget those that have ended."""
        self._newest = {key: entry for key, entry in self._newest.items() if key in attempt_keys}

    def since(self, seq: int, jobs: set[str] | None) -> list[dict[str, Any]]:
        """Progress newer than `seq`, of these jobs or of all."""
        return [
            {**progress, "attempt": key}
            for key, (seq_of_entry, progress) in self._newest.items()
            if seq_of_entry > seq and (jobs is None or key.partition("/")[0] in jobs)
        ]


class StreamReader:
    """Answers `wait` from the registry, the logs and the progress board; used on the daemon's thread."""

    def __init__(self, service: JobService, board: ProgressBoard) -> None:
        self._service = service
        self._registry = service.manager.registry
        self._board = board

    def read(self, params: WaitParams, streams: list[Stream]) -> tuple[dict[str, Any], bool]:
        """The current answer, and whether there is any news in it."""
        byte_budget = MAX_CHUNK_BYTES
        event_limit = params.limit
        parts: list[dict[str, Any]] = []
        for cursor, stream in zip(params.cursors, streams, strict=True):
            part = self._read_stream(cursor, stream, event_limit, byte_budget)
            parts.append(part)
            event_limit -= len(part.get("events", ()))
            byte_budget -= part.pop("size")
            if event_limit <= 0 or byte_budget <= 0:
                break
        has_news = any(part.get("events") or part.get("data") or part["reset"] for part in parts)
        answer: dict[str, Any] = {"streams": parts, "progress": [], "progress_seq": self._board.seq}
        if params.progress_seq is not None:
            jobs = None if any(stream.kind == "catalog" for stream in streams) else {stream.job for stream in streams}
            answer["progress"] = self._board.since(params.progress_seq, jobs)
            has_news = has_news or bool(answer["progress"])
        return answer, has_news

    def check(self, streams: list[Stream]) -> None:
        """Raise `VestimError` when a stream belongs to a job that does not exist."""
        for stream in streams:
            if stream.job and not self._registry.has_job(stream.job):
                self._service.manager.get(stream.job)

    def _read_stream(self, cursor: Cursor, stream: Stream, event_limit: int, byte_budget: int) -> dict[str, Any]:
        reset = bool(cursor.lineage) and cursor.lineage != self._registry.lineage
        last_seq = 0 if reset else cursor.seq
        part: dict[str, Any] = {"stream": cursor.stream, "lineage": self._registry.lineage, "reset": reset}
        if stream.kind == "log":
            data = self._service.read_log(stream.job, stream.task, stream.attempt, stream.log, last_seq, byte_budget)
            return {**part, "data": data, "seq": last_seq + len(data), "size": len(data)}
        if stream.kind == "catalog":
            events, size = self._registry.read_catalog(last_seq, event_limit, byte_budget)
        elif stream.kind == "data_sets":
            events, size = self._registry.read_data_sets(last_seq, event_limit, byte_budget)
        else:
            events, size = self._registry.read_events(stream.job, last_seq, event_limit, byte_budget)
        return {**part, "events": events, "seq": events[-1]["seq"] if events else last_seq, "size": size}


def open_streams(params: WaitParams) -> list[Stream]:
    """Parse the streams that a request names; raises `VestimError` for an invalid name."""
    return [parse_stream(cursor.stream) for cursor in params.cursors]
