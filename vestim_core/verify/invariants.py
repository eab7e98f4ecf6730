"""Invariants of a container, and random changes to it, legal or not."""

from __future__ import annotations

import random

from vestim_core.jobs.job_container import JobContainer
from vestim_core.protocol.journal_lines import WORKER_EVENT_KINDS, BadJournalLine, JournalLine
from vestim_core.spec.errors import VestimError
from vestim_core.spec.events import Event, EventKind
from vestim_core.spec.states import (
    TERMINAL_ATTEMPT_STATES,
    AttemptState,
    Intent,
    JobState,
    Phase,
    PhaseState,
    TaskState,
    TransitionError,
    is_allowed_transition,
)
from vestim_core.verify.check_groups import expect


class InvariantChecker:
    """Checks one container, and the events that were added since the last check."""

    def __init__(self, container: JobContainer) -> None:
        self.container = container
        self._checked_count = 0
        self._job_state = JobState.DRAFT
        self._task_states: dict[str, TaskState] = {}

    def check(self) -> None:
        """Raise `CheckFailed` for the first invariant that does not hold."""
        with self.container.lock:
            self._check_events()
            self._check_processes()
            self._check_progress_levels()
            record = self.container.to_record()
            expect(JobContainer.from_record(record).to_record() == record, "the stored container is another one")

    def _check_events(self) -> None:
        pending = self.container.pending_events
        expect(pending[0].seq == 1 if pending else True, "the first event is not number 1")
        for event in pending[self._checked_count :]:
            self._checked_count += 1
            expect(event.seq == self._checked_count, f"event {self._checked_count} bears the number {event.seq}")
            self._check_transition(event)
        expect(
            self._checked_count == self.container.last_seq,
            f"{self._checked_count} events were kept of {self.container.last_seq}",
        )
        expect(
            self._job_state is self.container.state,
            f"the job is {self.container.state}, its events say {self._job_state}",
        )
        for task_id, state in self._task_states.items():
            current_state = self.container.tasks[task_id].state
            expect(current_state is state, f"{task_id} is {current_state}, its events say {state}")

    def _check_transition(self, event: Event) -> None:
        """Check that a reported state may follow the previous one."""
        if event.kind is EventKind.JOB and "state" in event.data:
            new_state = JobState(event.data["state"])
            expect(
                event.data["was"] == self._job_state, f"the job was {self._job_state}, event {event.seq} says otherwise"
            )
            expect(
                is_allowed_transition(self._job_state, new_state), f"the job went from {self._job_state} to {new_state}"
            )
            self._job_state = new_state
        if event.kind is EventKind.TASK:
            state = TaskState(event.data["state"])
            old_state = self._task_states.get(event.task, state)
            expect(is_allowed_transition(old_state, state), f"{event.task} went from {old_state} to {state}")
            self._task_states[event.task] = state

    def _check_processes(self) -> None:
        should_stop = self.container.intent is Intent.STOP
        expect(self.container.stop_flag.is_set() == should_stop, "the stop flag does not say what is wanted")
        running_ids = {
            task_id
            for task_id, task in self.container.tasks.items()
            if task.attempt and task.attempt.state is AttemptState.RUNNING
        }
        expect(
            set(self.container.handles) == running_ids, f"handles {set(self.container.handles)}, running {running_ids}"
        )

    def _check_progress_levels(self) -> None:
        status = self.container.status()
        expect(0.0 <= status["fraction"] <= 1.0, f"the job is at {status['fraction']}")
        phases = [manager["phase"] for manager in status["managers"]]
        expect(phases == list(Phase), f"there are managers of {', '.join(phases)}")
        for manager in status["managers"]:
            expect(manager["state"] in list(PhaseState), f"{manager['phase']} is {manager['state']}")
            expect(0.0 <= manager["fraction"] <= 1.0, f"{manager['phase']} is at {manager['fraction']}")
        expect([task["task_id"] for task in status["tasks"]] == list(self.container.tasks), "tasks are missing")


def apply_random_change(container: JobContainer, rng: random.Random) -> None:
    """Apply one change, legal or not. A refused one must leave the container unchanged."""
    task_id = rng.choice(list(container.tasks))
    kind = rng.randrange(9)
    try:
        if kind == 0:
            container.set_intent(rng.choice(list(Intent)), test=rng.random() < 0.5)
        elif kind == 1:
            container.set_state(rng.choice(list(JobState)))
        elif kind <= 3:
            container.set_task_state(task_id, rng.choice(list(TaskState)))
        elif kind == 4:
            container.create_attempt(task_id)
        elif kind == 5:
            container.record_attempt_start(task_id, rng.randrange(2, 9999), rng.random())
        elif kind == 6:
            container.record_attempt_end(task_id, rng.choice(sorted(TERMINAL_ATTEMPT_STATES)), None)
        elif kind == 7:
            data = {"epoch": rng.randrange(9), "max_epochs": 9, "has_model": True}
            line = JournalLine("t", rng.choice(sorted(WORKER_EVENT_KINDS)), data)
            container.ingest(task_id, [line, BadJournalLine(7, "not JSON")], rng.randrange(1000))
        else:
            container.status()
    except (TransitionError, KeyError, VestimError):
        return
