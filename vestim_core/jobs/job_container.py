"""JobContainer: everything that the daemon holds about one job, isolated from every other job.

Each change goes through a method, under the container's own lock, is checked against the table of transitions, and
becomes numbered events in `pending` that the registry commits together with the record. Objects inside a view or record
are replaced by later changes, never modified in place, so that a reader's copy stays valid. `from_record(to_record())`
is the same job.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from vestim_core.jobs.job_views import job_facts, job_summary
from vestim_core.jobs.managers import MANAGERS, Manager, new_managers
from vestim_core.jobs.reconciler import JobFacts
from vestim_core.jobs.tasks import Attempt, Task
from vestim_core.jobs.utc_time import utc_now
from vestim_core.jobs.worker_reports import apply_line
from vestim_core.protocol.journal_lines import BadJournalLine, JournalLine
from vestim_core.spec.errors import VestimError, refused, wrong_input
from vestim_core.spec.events import Event, EventKind
from vestim_core.spec.schema_upgrade import SCHEMA_VERSION
from vestim_core.spec.states import (
    TERMINAL_JOB_STATES,
    AttemptState,
    Intent,
    JobState,
    Phase,
    TaskKind,
    TaskState,
    TransitionError,
    check_transition,
)
from vestim_core.spec.task import TaskSpec


class JobContainer:
    """State, progress, managers, tasks, process handles and stop flag of one job; safe to use from any thread.

    document: the job's spec as given; a draft may be incomplete. handles: process of a running task, as (pid, create
    time). stop_flag: set while the user wants the job stopped. pending, dirty_task_ids: changes that the registry has
    not stored yet.
    """

    def __init__(self, job_id: str, name: str, document: dict[str, Any], created_utc: str, position: int = 0) -> None:
        self.job_id = job_id
        self.name = name
        self.document = document
        self.created_utc = created_utc
        self.updated_utc = created_utc
        self.started_utc = ""
        self.ended_utc = ""
        self.position = position
        self.state = JobState.DRAFT
        self.intent = Intent.RUN
        self.test_after_stop = True
        self.archived = False
        self.tags: list[str] = []
        self.note = ""
        self.reason = ""
        self.error: dict[str, Any] | None = None
        self.managers: dict[Phase, Manager] = new_managers()
        self.tasks: dict[str, Task] = {}
        self.provenance: dict[str, Any] = {}
        self.last_seq = 0
        self.handles: dict[str, tuple[int, float]] = {}
        self.stop_flag = threading.Event()
        self.lock = threading.RLock()
        self.pending_events: list[Event] = []
        self.dirty_task_ids: set[str] = set()
        self.has_replaced_tasks = False
        self.has_unsaved_changes = False
        self.needs_reconciliation = True
        self._depth = 0
        self._tasks_changed = False

    # --- the draft

    def save_document(self, document: dict[str, Any]) -> None:
        """Replace the document of a draft; its managers report what is still missing."""
        with self.batch_changes():
            if self.state is not JobState.DRAFT:
                raise refused(f"job {self.job_id} was started and its settings are fixed: duplicate it to change them")
            self.document = _own_copy(document)
            self.name = str(self.document.get("name") or self.name)
            if self.tasks:
                self.replace_tasks([])
            for manager in self.managers.values():
                if manager.review_draft(self.document):
                    self._record_phase(manager)

    def replace_tasks(self, specs: Iterable[TaskSpec]) -> None:
        """Replace all tasks by new ones."""
        with self.batch_changes():
            if self.state is not JobState.DRAFT:
                raise refused(f"job {self.job_id} was started: its tasks are fixed")
            self.tasks = {spec.task_id: Task.from_spec(spec) for spec in specs}
            self.dirty_task_ids = set(self.tasks)
            self.has_replaced_tasks = True
            trial_count = sum(task.kind is TaskKind.TRAIN for task in self.tasks.values())
            self._record(EventKind.JOB, {"task_count": len(self.tasks), "trial_count": trial_count})
            self._record_phase(self.managers[Phase.TRAINING_SETUP])

    def add_task(self, spec: TaskSpec) -> None:
        """Add one task to a job that has ended, and queue the job for it alone."""
        with self.batch_changes():
            if self.state not in TERMINAL_JOB_STATES:
                raise refused(f"job {self.job_id} is {self.state}: wait until it has ended")
            self.tasks[spec.task_id] = Task.from_spec(spec)
            self.dirty_task_ids.add(spec.task_id)
            self._tasks_changed = True
            self.set_intent(Intent.RUN)
            self.set_state(JobState.QUEUED)

    # --- states and intent

    def set_intent(self, intent: Intent, *, test: bool = True, reason: str = "") -> None:
        """Set the user's intent; the state follows. reason: why, when it was not the user's request."""
        with self.batch_changes():
            if intent is self.intent and test is self.test_after_stop:
                return
            self.intent = intent
            self.test_after_stop = test
            self.reason = reason
            if intent is Intent.STOP:
                self.stop_flag.set()
            else:
                self.stop_flag.clear()
            self.needs_reconciliation = True
            self._record(EventKind.JOB, {"intent": intent.value, **({"message": reason} if reason else {})})

    def set_state(self, state: JobState, reason: str = "") -> None:
        """Change the job's state; `TransitionError` when the table forbids it. reason: why, if not obvious."""
        with self.batch_changes():
            check_transition(self.state, state)
            if state is self.state:
                return
            self._observe()
            old_state, self.state = self.state, state
            self.needs_reconciliation = True
            if state is JobState.QUEUED and not self.started_utc:
                self.started_utc = self.updated_utc
            if state in TERMINAL_JOB_STATES:
                self.ended_utc = self.ended_utc or self.updated_utc  # a later evaluation does not change it
                task_error = next((t.error for t in self.tasks.values() if t.error), None)
                self.error = task_error if state is JobState.FAILED else None
            self.reason = reason
            self._record(
                EventKind.JOB, {"state": state.value, "was": old_state.value, "error": self.error, "message": reason}
            )

    def set_task_state(self, task_id: str, state: TaskState, reason: str = "") -> None:
        """Change a task's state; `TransitionError` when the table forbids it. reason: why, if not obvious."""
        with self.batch_changes():
            task = self.tasks[task_id]
            check_transition(task.state, state)
            if state is task.state:
                return
            task.state = state
            task.reason = reason
            if state is TaskState.DONE:
                task.retries = 0
                task.progress = {**task.progress, "fraction": 1.0}
            self.dirty_task_ids.add(task_id)
            data = {"state": state.value, "kind": task.kind.value, "title": task.title, "message": reason}
            self._record(EventKind.TASK, data, task)
            self._tasks_changed = self.needs_reconciliation = True

    def retry_task(self, task_id: str, not_before_s: float, reason: str) -> None:
        """Make a task whose process vanished ready again, not before this time of the daemon's monotonic clock."""
        with self.batch_changes():
            task = self.tasks[task_id]
            task.retries += 1
            task.not_before_s = not_before_s
            self.set_task_state(task_id, TaskState.READY, reason)

    def reopen(self) -> None:
        """Queue an ended job again, with every task that did not succeed and those that depend on them."""
        with self.batch_changes():
            unsuccessful = {TaskState.FAILED, TaskState.STOPPED, TaskState.SKIPPED}
            opened_ids: set[str] = set()
            for task in self.tasks.values():
                if task.state in unsuccessful or opened_ids & set(task.depends_on):
                    opened_ids.add(task.task_id)
                    task.error, task.retries, task.not_before_s = None, 0, 0.0
                    self.set_task_state(task.task_id, TaskState.WAITING if task.depends_on else TaskState.READY)
            if not opened_ids:
                raise refused(f"every task of job {self.job_id} is done: there is nothing to resume")
            self.ended_utc, self.error = "", None
            self.set_intent(Intent.RUN)
            self.set_state(JobState.QUEUED)

    def update_labels(self, *, name: str | None = None, note: str | None = None, tags: list[str] | None = None) -> None:
        """Change the job's name, note or tags; None leaves a value as it is."""
        with self.batch_changes():
            self.name = self.name if name is None else name
            self.note = self.note if note is None else note
            self.tags = self.tags if tags is None else list(tags)
            self._record(EventKind.JOB, {"name": self.name, "note": self.note, "tags": self.tags})

    def add_message(self, text: str) -> None:
        """Add a text from outside as a message event."""
        with self.batch_changes():
            self._record(EventKind.MESSAGE, {"level": "info", "message": text})

    def add_provenance(self, provenance: dict[str, Any]) -> None:
        """Add entries to the provenance of the job's data."""
        if provenance:
            with self.batch_changes():
                self.provenance = {**self.provenance, **provenance}

    def set_archived(self, archived: bool) -> None:
        """Archive the job, or restore it."""
        with self.batch_changes():
            if archived and self.state not in {*TERMINAL_JOB_STATES, JobState.DRAFT}:
                raise refused(f"job {self.job_id} is {self.state}: stop it before it is archived")
            self.archived = archived
            self._record(EventKind.JOB, {"archived": archived})

    def set_position(self, position: int) -> None:
        """Set the position in the queue; lower positions come first."""
        with self.batch_changes():
            self.position = position
            self._record(EventKind.JOB, {"position": position})

    # --- attempts

    def create_attempt(self, task_id: str) -> Attempt:
        """Create the next attempt of a ready task, which is running from now on."""
        with self.batch_changes():
            task = self.tasks[task_id]
            if task.state is not TaskState.READY or (task.attempt and not task.attempt.has_ended):
                raise TransitionError(f"{task_id} is {task.state}: it cannot have another attempt now")
            index = task.attempt.index + 1 if task.attempt else 1
            task.attempt = Attempt(index, started_utc=self.updated_utc)
            task.error = None
            self.set_task_state(task_id, TaskState.RUNNING)
            self._record(EventKind.ATTEMPT, {"state": AttemptState.STARTING.value}, task)
            return task.attempt

    def record_attempt_start(self, task_id: str, pid: int, create_time: float) -> None:
        """Record the process of a task's newest attempt."""
        with self.batch_changes():
            task, attempt = self._attempt(task_id)
            check_transition(attempt.state, AttemptState.RUNNING)
            attempt.state, attempt.pid, attempt.create_time = AttemptState.RUNNING, pid, create_time
            self.handles[task_id] = (pid, create_time)
            self._record(EventKind.ATTEMPT, {"state": attempt.state.value, "pid": pid}, task)

    def record_attempt_end(self, task_id: str, state: AttemptState, error: VestimError | None = None) -> None:
        """Record the end of a task's newest attempt."""
        with self.batch_changes():
            task, attempt = self._attempt(task_id)
            check_transition(attempt.state, state)
            attempt.state, attempt.ended_utc = state, self.updated_utc
            task.error = error.to_record() if error else None
            self.handles.pop(task_id, None)
            self.needs_reconciliation = True
            self._record(EventKind.ATTEMPT, {"state": state.value, "error": task.error}, task)

    def ingest(self, task_id: str, lines: Iterable[JournalLine | BadJournalLine], offset: int) -> None:
        """Convert the next lines of the newest attempt's journal to events; they end at `offset` of the file."""
        with self.batch_changes():
            task, attempt = self._attempt(task_id)
            for line in lines:
                if isinstance(line, BadJournalLine):
                    text = (
                        f"The journal of attempt {attempt.index} of {task_id} cannot be read "
                        f"at byte {line.offset}: {line.reason}."
                    )
                    location = {"file": "events.jsonl", "offset": line.offset}
                    self._record(EventKind.MESSAGE, {"level": "warning", "message": text, **location}, task)
                else:
                    self._record(line.kind, line.data, task, line.time_utc)
                    self.add_provenance(apply_line(line, task, self.managers))
            attempt.offset = offset
            self._tasks_changed = True

    # --- views

    def status(self, tasks_from: int = 0, tasks_limit: int | None = None) -> dict[str, Any]:
        """The job at its three levels: summary, managers and tasks (all, or `tasks_limit` from index `tasks_from`)."""
        with self.lock:
            page = islice(self.tasks.values(), tasks_from, None if tasks_limit is None else tasks_from + tasks_limit)
            return {
                **self.summary(),
                "spec": self.document,
                "managers": [manager.status() for manager in self.managers.values()],
                "task_count": len(self.tasks),
                "tasks": [task.status() for task in page],
            }

    def summary(self) -> dict[str, Any]:
        """One row of the job list."""
        with self.lock:
            return job_summary(self)

    def facts(self) -> JobFacts:
        """The facts that the reconciler decides by."""
        with self.lock:
            return job_facts(self)

    # --- records

    def to_record(self) -> dict[str, Any]:
        """Everything that outlives the daemon, as plain values."""
        with self.lock:
            return {**self.job_record(), "tasks": [task.to_record() for task in self.tasks.values()]}

    def job_record(self) -> dict[str, Any]:
        """The record without the tasks, which are stored one by one as they change."""
        with self.lock:
            return {
                "schema_version": SCHEMA_VERSION,
                "job_id": self.job_id,
                "name": self.name,
                "spec": self.document,
                "created_utc": self.created_utc,
                "updated_utc": self.updated_utc,
                "started_utc": self.started_utc,
                "ended_utc": self.ended_utc,
                "position": self.position,
                "state": self.state.value,
                "intent": self.intent.value,
                "test_after_stop": self.test_after_stop,
                "archived": self.archived,
                "tags": self.tags,
                "note": self.note,
                "message": self.reason,
                "error": self.error,
                "provenance": self.provenance,
                "last_seq": self.last_seq,
                "managers": {phase.value: manager.to_record() for phase, manager in self.managers.items()},
            }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> JobContainer:
        """Restore a container from its record."""
        container = cls(record["job_id"], record["name"], record["spec"], record["created_utc"], record["position"])
        container.updated_utc = record["updated_utc"]
        container.started_utc = record["started_utc"]
        container.ended_utc = record["ended_utc"]
        container.state = JobState(record["state"])
        container.intent = Intent(record["intent"])
        container.test_after_stop = record["test_after_stop"]
        container.archived = record["archived"]
        container.tags = record.get("tags", [])
        container.note = record.get("note", "")
        container.reason = record.get("message", "")
        container.error = record["error"]
        container.provenance = record["provenance"]
        container.last_seq = record["last_seq"]
        for phase, manager in MANAGERS.items():
            if phase.value in record["managers"]:
                container.managers[phase] = manager.from_record(record["managers"][phase.value])
        container.tasks = {task["task_id"]: Task.from_record(task) for task in record["tasks"]}
        if container.intent is Intent.STOP:
            container.stop_flag.set()
        for task in container.tasks.values():
            if task.attempt and task.attempt.state is AttemptState.RUNNING:
                container.handles[task.task_id] = (task.attempt.pid, task.attempt.create_time)
        return container

    # --- events and observers

    @contextmanager
    def batch_changes(self) -> Iterator[None]:
        """Combine several changes: the managers observe the tasks once, at the end."""
        with self.lock:
            self.updated_utc = utc_now()
            self.has_unsaved_changes = True
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    self._observe()

    def _attempt(self, task_id: str) -> tuple[Task, Attempt]:
        task = self.tasks[task_id]
        if task.attempt is None:
            raise KeyError(f"task {task_id} of {self.job_id} has no attempt")
        self.dirty_task_ids.add(task_id)
        return task, task.attempt

    def _observe(self) -> None:
        if not self._tasks_changed:
            return
        self._tasks_changed = False
        for manager in self.managers.values():
            if manager.observe(self.tasks.values()):
                self._record_phase(manager)

    def _record_phase(self, manager: Manager) -> None:
        data = {"phase": manager.phase.value, "state": manager.state.value, "message": manager.message}
        self._record(EventKind.PHASE, data)

    def _record(self, kind: EventKind, data: dict[str, Any], task: Task | None = None, time_utc: str = "") -> None:
        self.last_seq += 1
        self.pending_events.append(
            Event.model_construct(
                seq=self.last_seq,
                time_utc=time_utc or self.updated_utc,
                kind=kind,
                task=task.task_id if task else "",
                attempt=task.attempt.index if task and task.attempt else 0,
                data=data,
            )
        )


def _own_copy(document: dict[str, Any]) -> dict[str, Any]:
    """Copy of the document as a job file would hold it; refused when JSON cannot represent it."""
    try:
        copy: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise wrong_input(f"the settings hold something that no job file can hold: {error}", location="spec") from None
    return copy
