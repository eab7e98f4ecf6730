"""FakeLink: a service that follows a script, behind the very face of `Link`.

Everything on the window's side of the link is the real thing (pending requests, owners, batches, slices); only the
thread that owns the socket is replaced. Answers come in the next turn of the event loop, as they do from the service.

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
from vestim_gui.link import CatalogueChange, JobEvents, Link, LinkPhase, LinkState, LogPiece
from vestim_gui.link.thread_messages import (
    Answer,
    Call,
    Cancel,
    EventsOf,
    Inspect,
    LogOf,
    Order,
    Progress,
    QuestionProgress,
    ReadFile,
    Refresh,
    Restart,
    Unwatch,
    Watch,
)

Handler = Callable[..., Any]
BEAT_MS = 100


def summary(job_id: str = "job_20260101-120000-aaaa", **fields: Any) -> dict[str, Any]:
    """A row of the catalogue as `wait` gives it."""
    row: dict[str, Any] = {
        "job_id": job_id,
        "name": "Voltage LSTM",
        "state": "done",
        "intent": "run",
        "archived": False,
        "tags": [],
        "note": "",
        "reason": "",
        "position": 1,
        "phase": "",
        "message": "",
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
    """An epoch's event, with errors that fall as they do."""
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
    """handlers: by method; called with the parameters, gives the result or raises `VestimError`. calls: all calls so
    far, as `(method, params)`, those of `ask` too. command_ids: of the mutating ones among them.
    """

    def __init__(self, handlers: dict[str, Handler] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent=parent)
        self.handlers: dict[str, Handler] = {"daemon_status": lambda: {"jobs": {}, "running": []}, **(handlers or {})}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.command_ids: list[str] = []
        self.cancelled: list[int] = []
        self.watched: set[str] = set()
        self.restarts = 0
        self.jobs: dict[str, dict[str, Any]] = {}
        self.journals: dict[str, list[dict[str, Any]]] = {}
        self.shown: dict[str, dict[str, Any]] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.logs: dict[str, str] = {}
        self.held: list[Order] = []
        self._started = False
        self._streaming = QTimer(self)
        self._streaming.setInterval(BEAT_MS)
        self._streaming.timeout.connect(self._stream_on)
        self._streamed: dict[str, int] = {}
        self._rate = 0.0
        self._stream_s = 0.0

    # --- the service's side: what happens there

    def start(self) -> None:
        """Connect: the list of jobs comes, then the link is live."""
        self._started = True
        self.set_state(LinkPhase.SYNCING, sentence="Reading the list of jobs...")
        self._deliver(CatalogueChange(reset=True, rows=list(self.jobs.values())))
        self.set_state(LinkPhase.LIVE, sentence="Background service: connected")
        self._ask_held()

    def close(self) -> None:
        """End the stream of events too."""
        self._streaming.stop()
        super().close()

    def set_state(self, phase: LinkPhase, attempt: int = 0, sentence: str = "") -> None:
        """Let the connection stand like that."""
        as_of = None if phase is LinkPhase.STARTING else datetime.now(UTC)
        self._deliver(LinkState(phase, attempt, datetime.now(UTC), sentence, as_of))

    def disconnect_service(self, attempt: int = 1) -> None:
        """The service vanishes: what is asked from now on waits for `reconnect_service`."""
        self._started = False
        words = f"Service not answering. Training goes on; reconnecting ({attempt})..."
        self.set_state(LinkPhase.RECONNECTING, attempt, words)

    def reconnect_service(self, *, rebuilt: bool = False) -> None:
        """It is back, with a registry made anew or the same; what was asked meanwhile is answered."""
        self._started = True
        self.set_state(LinkPhase.SYNCING, sentence="Reading the list of jobs...")
        self._deliver(CatalogueChange(reset=rebuilt, rows=list(self.jobs.values())))
        if rebuilt:
            for job_id in [name.removeprefix("job:") for name in self.watched if name.startswith("job:")]:
                self._deliver(EventsOf(job_id, JobEvents(True, self.journals.get(job_id, []))))
        self.set_state(LinkPhase.LIVE, sentence="Background service: connected")
        self._ask_held()

    def _ask_held(self) -> None:
        held, self.held = self.held, []
        for order in held:
            self._post(order)

    def stop_service(self) -> None:
        """It is stopped on purpose: everything that is asked is refused."""
        self._started = False
        self.set_state(LinkPhase.STOPPED, sentence="The background service was stopped. Running jobs go on.")

    def go_stale(self) -> None:
        """It is there and does not answer."""
        self._started = False
        self.set_state(LinkPhase.STALE, sentence="Service not answering. Training goes on.")

    def add_job(
        self,
        row: dict[str, Any],
        journal: Iterable[dict[str, Any]] = (),
        shown: dict[str, Any] | None = None,
    ) -> None:
        """A new job, or a changed one. shown: what `show_job` answers beyond the row."""
        job_id = row["job_id"]
        self.jobs[job_id] = row
        self.journals.setdefault(job_id, []).extend(journal)
        if shown is not None:
            self.shown[job_id] = shown
        if self._started:
            self._deliver(CatalogueChange(rows=[row]))

    def change_job(self, job_id: str, **fields: Any) -> None:
        """Some fields of a row change."""
        self.add_job({**self.jobs[job_id], **fields})

    def remove_job(self, job_id: str) -> None:
        """A job is deleted."""
        del self.jobs[job_id]
        if self._started:
            self._deliver(CatalogueChange(removed=[job_id]))

    def append(self, job_id: str, events: list[dict[str, Any]]) -> None:
        """A job's next events."""
        self.journals[job_id].extend(events)
        if self._started and f"job:{job_id}" in self.watched:
            self._deliver(EventsOf(job_id, JobEvents(False, events)))

    def tell_progress(self, *newest: dict[str, Any]) -> None:
        """Newest progress: `{"attempt": "<job>/<task>/<n>", "fraction": ...}`."""
        self._deliver(Progress(list(newest)))

    def append_log(self, stream: str, text: str) -> None:
        """The next text of a log."""
        self.logs[stream] = self.logs.get(stream, "") + text
        if stream in self.watched:
            self._deliver(LogOf(stream, LogPiece(False, text)))

    def stream(self, job_ids: list[str], events_per_s: float) -> None:
        """Have all these jobs train: epochs at this rate in all, in batches ten times a second, until `close`."""
        self._streamed = dict.fromkeys(job_ids, 0)
        self._rate, self._stream_s = events_per_s, time.monotonic()
        self._streaming.start()

    def _stream_on(self) -> None:
        now_s = time.monotonic()
        each = int((now_s - self._stream_s) * self._rate / max(len(self._streamed), 1))
        self._stream_s = now_s
        for job_id, told in self._streamed.items():
            first = len(self.journals[job_id]) + 1
            self.append(job_id, [epoch_event(first + n, told + n + 1) for n in range(each)])
            self._streamed[job_id] = told + each
            fraction = (told + each) % 1000 / 1000
            self.add_job({**self.jobs[job_id], "state": "running", "fraction": fraction, "last_seq": first + each - 1})
            self.tell_progress({"attempt": f"{job_id}/train_001/1", "epoch": told + each, "fraction": fraction})

    # --- what the window asks

    def _post(self, order: Order) -> None:
        match order:
            case Watch(stream, _):
                self.watched.add(stream)
                self._begin_stream(order)
            case Unwatch(stream):
                self.watched.discard(stream)
            case Cancel(token):
                self.cancelled.append(token)
            case Restart():
                self.restarts += 1
            case Refresh():
                self._deliver(CatalogueChange(reset=True, rows=list(self.jobs.values())))
            case _:
                self._ask(order)

    def _begin_stream(self, order: Watch) -> None:
        stream = parse_stream(order.stream)
        if stream.kind == "log":
            self._deliver(LogOf(order.stream, LogPiece(True, self.logs.get(order.stream, ""))))
        else:
            events = [event for event in self.journals.get(stream.job, []) if event["seq"] > order.since]
            self._deliver(EventsOf(stream.job, JobEvents(True, events)))

    def _ask(self, order: Call | Inspect | ReadFile) -> None:
        if self.state.phase is LinkPhase.STOPPED:
            self._deliver(Answer(order.token, VestimError(ErrorCode.STOPPED, self.state.sentence)))
        elif not self._started:
            self.held.append(order)
        else:
            self._deliver(Answer(order.token, self._answer(order)))

    def _answer(self, order: Call | Inspect | ReadFile) -> Any:
        try:
            if isinstance(order, ReadFile):
                self.calls.append(("read_artifact", {"job_id": order.job_id, "path": order.path}))
                return self._file(order.job_id, order.path)
            self.calls.append((order.method, order.params))
            if isinstance(order, Inspect):
                self._deliver(QuestionProgress(order.token, {"fraction": 0.5, "message": "reading"}))
            elif order.command_id:
                self.command_ids.append(order.command_id)
            return self._handle(order.method, order.params)
        except VestimError as error:
            return error

    def _handle(self, method: str, params: dict[str, Any]) -> Any:
        if handler := self.handlers.get(method):
            return handler(**params)
        if method == "show_job" and (row := self.jobs.get(params["job_id"])) is not None:
            told = {"tasks": [], "task_count": 0, "spec": {}, "managers": []}
            return {**row, **told, **self.shown.get(row["job_id"], {})}
        raise not_found(f"the script has no answer to '{method}'")

    def _file(self, job_id: str, path: str) -> bytes:
        if (job_id, path) not in self.files:
            raise not_found(f"there is no file '{path}' in job {job_id}")
        return self.files[job_id, path]
