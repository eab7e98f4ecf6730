"""FakeLink: a scripted daemon behind the interface of `Link`.

Everything on the window's side of the link is real (pending requests, owners, batches, slices); only the thread that
owns the socket is replaced. Replies arrive in the next turn of the event loop, as they do from the daemon.

    link = FakeLink(handlers={"pause": lambda job_id: {"job_id": job_id, "state": "paused"}})
    link.add_job(summary("job_1", state="running"), journal=read_journal(path))
    link.start()
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, QTimer

from vestim_core.protocol.cursors import parse_stream
from vestim_core.spec.errors import ErrorCode, VestimError, not_found
from vestim_gui.link import CatalogChange, JobEvents, Link, LinkPhase, LinkState, LogPiece
from vestim_gui.link.thread_messages import (
    Call,
    Cancel,
    EventsDelivery,
    Inspect,
    InspectionProgress,
    LinkCommand,
    LogDelivery,
    Progress,
    ReadFile,
    Refresh,
    Reply,
    Restart,
    Unwatch,
    Watch,
)

Handler = Callable[..., Any]
BATCH_MS = 100  # ms between batches, as the real link delivers them


def summary(job_id: str = "job_20260101-120000-aaaa", **fields: Any) -> dict[str, Any]:
    """A row of the catalog as `wait` returns it."""
    row: dict[str, Any] = {
        "job_id": job_id,
        "name": "Voltage LSTM",
        "state": "done",
        "intent": "run",
        "archived": False,
        "tags": [],
        "note": "",
        "message": "",
        "position": 1,
        "phase": "",
        "activity": "",
        "fraction": 1.0,
        "tasks": {"done": 3},
        "best": None,
        "baseline": None,
        "error": None,
        "created_utc": "2026-01-01T12:00:00.000Z",
        "started_utc": "2026-01-01T12:00:01.000Z",
        "ended_utc": "2026-01-01T12:01:01.000Z",
        "updated_utc": "2026-01-01T12:01:01.000Z",
        "last_seq": 0,
    }
    return {**row, **fields}


def epoch_event(seq: int, epoch: int, task: str = "train_001", attempt: int = 1, **data: Any) -> dict[str, Any]:
    """An epoch event; its errors fall with the epoch."""
    rmse = 3.0 + 30.0 / epoch
    values = {
        "epoch": epoch,
        "max_epochs": 200,
        "train_rmse_mV": 0.8 * rmse,
        "validation_rmse_mV": rmse,
        "best_validation_rmse_mV": rmse,
        "best_epoch": epoch,
        "learning_rate": 0.005,
        "time_s": 1.0,
        "elapsed_s": float(epoch),
    }
    return {
        "seq": seq,
        "time_utc": "2026-01-01T12:00:02.000Z",
        "kind": "epoch",
        "task": task,
        "attempt": attempt,
        "data": {**values, **data},
    }


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The events of a file with one JSON line each."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class FakeLink(Link):
    """handlers: by method; called with the parameters, returns the result or raises `VestimError`. calls: all calls so
    far, as `(method, params)`, inspections included. command_ids: of the mutating calls."""

    def __init__(self, handlers: dict[str, Handler] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent=parent)
        self.handlers: dict[str, Handler] = {"daemon_status": lambda: {"jobs": {}, "running": []}, **(handlers or {})}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.command_ids: list[str] = []
        self.cancelled_tokens: list[int] = []
        self.watched_streams: set[str] = set()
        self.restart_count = 0
        self.jobs: dict[str, dict[str, Any]] = {}
        self.journals: dict[str, list[dict[str, Any]]] = {}
        self.details: dict[str, dict[str, Any]] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.logs: dict[str, str] = {}
        self.held_commands: list[LinkCommand] = []
        self._is_connected = False
        self._stream_timer = QTimer(self)
        self._stream_timer.setInterval(BATCH_MS)
        self._stream_timer.timeout.connect(self._stream_epochs)
        self._epochs_by_job: dict[str, int] = {}
        self._events_per_s = 0.0
        self._streamed_at_s = 0.0

    # --- the daemon's side

    def start(self) -> None:
        """Connect: the list of jobs arrives, then the link is live."""
        self._is_connected = True
        self.set_state(LinkPhase.SYNCING, message="Reading the list of jobs...")
        self._deliver(CatalogChange(reset=True, rows=list(self.jobs.values())))
        self.set_state(LinkPhase.LIVE, message="Background service: connected")
        self._send_held()

    def close(self) -> None:
        """Stop the stream of events too."""
        self._stream_timer.stop()
        super().close()

    def set_state(self, phase: LinkPhase, attempt: int = 0, message: str = "") -> None:
        """Report this connection state."""
        as_of = None if phase is LinkPhase.STARTING else datetime.now(UTC)
        self._deliver(LinkState(phase, attempt, datetime.now(UTC), message, as_of))

    def disconnect_daemon(self, attempt: int = 1) -> None:
        """The daemon vanishes: requests from now on wait for `reconnect_daemon`."""
        self._is_connected = False
        message = f"Service not answering. Training goes on; reconnecting ({attempt})..."
        self.set_state(LinkPhase.RECONNECTING, attempt, message)

    def reconnect_daemon(self, *, is_rebuilt: bool = False) -> None:
        """The daemon is back, with its registry rebuilt or not; requests held meanwhile are answered."""
        self._is_connected = True
        self.set_state(LinkPhase.SYNCING, message="Reading the list of jobs...")
        self._deliver(CatalogChange(reset=is_rebuilt, rows=list(self.jobs.values())))
        if is_rebuilt:
            for job_id in [name.removeprefix("job:") for name in self.watched_streams if name.startswith("job:")]:
                self._deliver(EventsDelivery(job_id, JobEvents(True, self.journals.get(job_id, []))))
        self.set_state(LinkPhase.LIVE, message="Background service: connected")
        self._send_held()

    def _send_held(self) -> None:
        held, self.held_commands = self.held_commands, []
        for command in held:
            self._post(command)

    def stop_daemon(self) -> None:
        """The daemon is stopped on purpose: every request is refused."""
        self._is_connected = False
        self.set_state(LinkPhase.STOPPED, message="The background service was stopped. Running jobs go on.")

    def go_stale(self) -> None:
        """The daemon is alive but does not answer."""
        self._is_connected = False
        self.set_state(LinkPhase.STALE, message="Service not answering. Training goes on.")

    def add_job(
        self,
        row: dict[str, Any],
        journal: Iterable[dict[str, Any]] = (),
        details: dict[str, Any] | None = None,
    ) -> None:
        """Add or change a job. details: what `show_job` returns beyond the row."""
        job_id = row["job_id"]
        self.jobs[job_id] = row
        self.journals.setdefault(job_id, []).extend(journal)
        if details is not None:
            self.details[job_id] = details
        if self._is_connected:
            self._deliver(CatalogChange(rows=[row]))

    def change_job(self, job_id: str, **fields: Any) -> None:
        """Change some fields of a row."""
        self.add_job({**self.jobs[job_id], **fields})

    def remove_job(self, job_id: str) -> None:
        """Delete a job."""
        del self.jobs[job_id]
        if self._is_connected:
            self._deliver(CatalogChange(removed=[job_id]))

    def append(self, job_id: str, events: list[dict[str, Any]]) -> None:
        """Append events to a job."""
        self.journals[job_id].extend(events)
        if self._is_connected and f"job:{job_id}" in self.watched_streams:
            self._deliver(EventsDelivery(job_id, JobEvents(False, events)))

    def send_progress(self, *reports: dict[str, Any]) -> None:
        """Report newest progress: `{"attempt": "<job>/<task>/<n>", "fraction": ...}`."""
        self._deliver(Progress(list(reports)))

    def append_log(self, stream: str, text: str) -> None:
        """Append text to a log."""
        self.logs[stream] = self.logs.get(stream, "") + text
        if stream in self.watched_streams:
            self._deliver(LogDelivery(stream, LogPiece(False, text)))

    def stream(self, job_ids: list[str], events_per_s: float) -> None:
        """Let all these jobs train: epochs at this total rate, in batches ten times a second, until `close`."""
        self._epochs_by_job = dict.fromkeys(job_ids, 0)
        self._events_per_s, self._streamed_at_s = events_per_s, time.monotonic()
        self._stream_timer.start()

    def _stream_epochs(self) -> None:
        now_s = time.monotonic()
        epoch_count = int((now_s - self._streamed_at_s) * self._events_per_s / max(len(self._epochs_by_job), 1))
        self._streamed_at_s = now_s
        for job_id, epoch in self._epochs_by_job.items():
            first = len(self.journals[job_id]) + 1
            self.append(job_id, [epoch_event(first + n, epoch + n + 1) for n in range(epoch_count)])
            self._epochs_by_job[job_id] = epoch + epoch_count
            fraction = (epoch + epoch_count) % 1000 / 1000
            self.add_job(
                {**self.jobs[job_id], "state": "running", "fraction": fraction, "last_seq": first + epoch_count - 1}
            )
            self.send_progress({"attempt": f"{job_id}/train_001/1", "epoch": epoch + epoch_count, "fraction": fraction})

    # --- commands of the window

    def _post(self, command: LinkCommand) -> None:
        match command:
            case Watch(stream, _):
                self.watched_streams.add(stream)
                self._start_stream(command)
            case Unwatch(stream):
                self.watched_streams.discard(stream)
            case Cancel(token):
                self.cancelled_tokens.append(token)
            case Restart():
                self.restart_count += 1
            case Refresh():
                self._deliver(CatalogChange(reset=True, rows=list(self.jobs.values())))
            case _:
                self._reply_to(command)

    def _start_stream(self, command: Watch) -> None:
        stream = parse_stream(command.stream)
        if stream.kind == "log":
            self._deliver(LogDelivery(command.stream, LogPiece(True, self.logs.get(command.stream, ""))))
        else:
            events = [event for event in self.journals.get(stream.job, []) if event["seq"] > command.since]
            self._deliver(EventsDelivery(stream.job, JobEvents(True, events)))

    def _reply_to(self, command: Call | Inspect | ReadFile) -> None:
        if self.state.phase is LinkPhase.STOPPED:
            self._deliver(Reply(command.token, VestimError(ErrorCode.STOPPED, self.state.message)))
        elif not self._is_connected:
            self.held_commands.append(command)
        else:
            self._deliver(Reply(command.token, self._result_of(command)))

    def _result_of(self, command: Call | Inspect | ReadFile) -> Any:
        try:
            if isinstance(command, ReadFile):
                self.calls.append(("read_artifact", {"job_id": command.job_id, "path": command.path}))
                return self._file(command.job_id, command.path)
            self.calls.append((command.method, command.params))
            if isinstance(command, Inspect):
                self._deliver(InspectionProgress(command.token, {"fraction": 0.5, "message": "reading"}))
            elif command.command_id:
                self.command_ids.append(command.command_id)
            return self._handle(command.method, command.params)
        except VestimError as error:
            return error

    def _handle(self, method: str, params: dict[str, Any]) -> Any:
        if handler := self.handlers.get(method):
            return handler(**params)
        if method == "show_job" and (row := self.jobs.get(params["job_id"])) is not None:
            defaults = {"tasks": [], "task_count": 0, "spec": {}, "managers": []}
            return {**row, **defaults, **self.details.get(row["job_id"], {})}
        raise not_found(f"the script has no answer to '{method}'")

    def _file(self, job_id: str, path: str) -> bytes:
        if (job_id, path) not in self.files:
            raise not_found(f"there is no file '{path}' in job {job_id}")
        return self.files[job_id, path]
