"""A task and its newest attempt as a container holds them, and their records in the registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vestim_core.spec.states import TERMINAL_ATTEMPT_STATES, AttemptState, Intent, TaskKind, TaskState
from vestim_core.spec.task import TaskSpec


@dataclass(slots=True)
class Attempt:
    """One run of a task.

    offset: bytes of its journal that have become events. sent_intent: intent in its control file, None when an earlier
    daemon wrote it. asked_s, terminated_s, killed_s: times of the stop ladder in this daemon's monotonic seconds; not
    stored.
    """

    index: int
    state: AttemptState = AttemptState.STARTING
    pid: int = 0
    create_time: float = 0.0
    offset: int = 0
    started_utc: str = ""
    ended_utc: str = ""
    sent_intent: Intent | None = Intent.RUN
    intent_sent_s: float = 0.0
    terminated_s: float = 0.0
    killed_s: float = 0.0

    @property
    def has_ended(self) -> bool:
        """True once this attempt has reached an end state."""
        return self.state in TERMINAL_ATTEMPT_STATES

    def to_record(self) -> dict[str, Any]:
        """The attempt as it is stored."""
        return {
            "attempt": self.index,
            "state": self.state.value,
            "pid": self.pid,
            "create_time": self.create_time,
            "offset": self.offset,
            "started_utc": self.started_utc,
            "ended_utc": self.ended_utc,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Attempt:
        """Restore an attempt from its record."""
        return cls(
            index=record["attempt"],
            state=AttemptState(record["state"]),
            pid=record["pid"],
            create_time=record["create_time"],
            offset=record["offset"],
            started_utc=record["started_utc"],
            ended_utc=record["ended_utc"],
            sent_intent=None,
        )


@dataclass(slots=True)
class Task:
    """One unit of work of a job.

    document: its `TaskSpec` as plain values. threads: 0 until it is known how many pay. progress: newest epoch. result:
    metrics and file names that it reported. has_model: it left weights that can be tested, even if it did not finish.
    retries: attempts in a row whose process vanished. not_before_s: earliest start of the next one, in this daemon's
    monotonic seconds; not stored. reason: why it does not simply go on, for people.
    """

    task_id: str
    kind: TaskKind
    title: str
    document: dict[str, Any]
    state: TaskState
    depends_on: tuple[str, ...] = ()
    threads: int = 1
    progress: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    has_model: bool = False
    retries: int = 0
    not_before_s: float = 0.0
    reason: str = ""
    attempt: Attempt | None = None

    @classmethod
    def from_spec(cls, spec: TaskSpec) -> Task:
        """Create a task: ready when it depends on nothing."""
        return cls(
            task_id=spec.task_id,
            kind=spec.kind,
            title=spec.title,
            document=spec.model_dump(mode="json"),
            state=TaskState.WAITING if spec.depends_on else TaskState.READY,
            depends_on=tuple(spec.depends_on),
            threads=spec.threads,
        )

    def use_threads(self, threads: int) -> None:
        """Set the number of threads of this attempt and every later one."""
        self.threads = threads
        self.document = {**self.document, "threads": threads}

    def status(self) -> dict[str, Any]:
        """The task as clients see it."""
        return {
            "task_id": self.task_id,
            "kind": self.kind.value,
            "title": self.title,
            "state": self.state.value,
            "attempt": self.attempt.index if self.attempt else 0,
            "attempt_state": self.attempt.state.value if self.attempt else "",
            "pid": self.attempt.pid if self.attempt and not self.attempt.has_ended else 0,
            "progress": self.progress,
            "result": self.result,
            "error": self.error,
            "has_model": self.has_model,
            "retries": self.retries,
            "message": self.reason,
        }

    def to_record(self) -> dict[str, Any]:
        """The task as it is stored."""
        return {
            "task_id": self.task_id,
            "kind": self.kind.value,
            "title": self.title,
            "spec": self.document,
            "state": self.state.value,
            "progress": self.progress,
            "result": self.result,
            "error": self.error,
            "has_model": self.has_model,
            "retries": self.retries,
            "message": self.reason,
            "attempt": self.attempt.to_record() if self.attempt else None,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Task:
        """Restore a task from its record."""
        return cls(
            task_id=record["task_id"],
            kind=TaskKind(record["kind"]),
            title=record["title"],
            document=record["spec"],
            state=TaskState(record["state"]),
            depends_on=tuple(record["spec"]["depends_on"]),
            threads=record["spec"]["threads"],
            progress=record["progress"],
            result=record["result"],
            error=record["error"],
            has_model=record["has_model"],
            retries=record.get("retries", 0),
            reason=record.get("message", ""),
            attempt=Attempt.from_record(record["attempt"]) if record["attempt"] else None,
        )
