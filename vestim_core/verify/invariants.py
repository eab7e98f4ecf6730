"""What must hold of a container at any moment, and changes to it that are drawn at random, legal or not."""

from __future__ import annotations

import random

from vestim_core.jobs.container import JobContainer
from vestim_core.protocol.journal import WORKER_KINDS, BadLine, Line
from vestim_core.spec.errors import VestimError
from vestim_core.spec.events import Event, EventKind
from vestim_core.spec.states import (
    ATTEMPT_ENDS,
    AttemptState,
    Intent,
    JobState,
    Phase,
    PhaseState,
    TaskState,
    TransitionError,
    allowed,
)
from vestim_core.verify.check_groups import expect


class Watch:
    """Looks at one container, and at the events that have come since it last looked."""

    def __init__(self, container: JobContainer) -> None:
        self.container = container
        self._seen = 0
        self._job = JobState.DRAFT
        self._tasks: dict[str, TaskState] = {}

    def look(self) -> None:
        """`CheckFailed` with the first thing that does not hold."""
        with self.container.lock:
            self._events()
            self._processes()
            self._levels()
            record = self.container.to_record()
            expect(JobContainer.from_record(record).to_record() == record, "the stored container is another one")

    def _events(self) -> None:
        pending = self.container.pending
        expect(pending[0].seq == 1 if pending else True, "the first event is not number 1")
        for event in pending[self._seen :]:
            self._seen += 1
            expect(event.seq == self._seen, f"event {self._seen} bears the number {event.seq}")
            self._follow(event)
        expect(self._seen == self.container.last_seq, f"{self._seen} events were kept of {self.container.last_seq}")
        expect(self._job is self.container.state, f"the job is {self.container.state}, its events say {self._job}")
        for task_id, state in self._tasks.items():
            found = self.container.tasks[task_id].state
            expect(found is state, f"{task_id} is {found}, its events say {state}")

    def _follow(self, event: Event) -> None:
        """Every state that is told follows from the one before by the table."""
        if event.kind is EventKind.JOB and "state" in event.data:
            new = JobState(event.data["state"])
            expect(event.data["was"] == self._job, f"the job was {self._job}, event {event.seq} says otherwise")
            expect(allowed(self._job, new), f"the job went from {self._job} to {new}")
            self._job = new
        if event.kind is EventKind.TASK:
            state = TaskState(event.data["state"])
            was = self._tasks.get(event.task, state)
            expect(allowed(was, state), f"{event.task} went from {was} to {state}")
            self._tasks[event.task] = state

    def _processes(self) -> None:
        stops = self.container.intent is Intent.STOP
        expect(self.container.stop_flag.is_set() == stops, "the stop flag does not say what is wanted")
        running = {
            task_id
            for task_id, task in self.container.tasks.items()
            if task.attempt and task.attempt.state is AttemptState.RUNNING
        }
        expect(set(self.container.handles) == running, f"handles {set(self.container.handles)}, running {running}")

    def _levels(self) -> None:
        status = self.container.status()
        expect(0.0 <= status["fraction"] <= 1.0, f"the job is at {status['fraction']}")
        phases = [manager["phase"] for manager in status["managers"]]
        expect(phases == list(Phase), f"there are managers of {', '.join(phases)}")
        for manager in status["managers"]:
            expect(manager["state"] in list(PhaseState), f"{manager['phase']} is {manager['state']}")
            expect(0.0 <= manager["fraction"] <= 1.0, f"{manager['phase']} is at {manager['fraction']}")
        expect([task["task_id"] for task in status["tasks"]] == list(self.container.tasks), "tasks are missing")


def random_change(container: JobContainer, rng: random.Random) -> None:
    """One change, legal or not; one that is refused must leave everything as it was."""
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
            container.new_attempt(task_id)
        elif kind == 5:
            container.attempt_started(task_id, rng.randrange(2, 9999), rng.random())
        elif kind == 6:
            container.attempt_ended(task_id, rng.choice(sorted(ATTEMPT_ENDS)), None)
        elif kind == 7:
            data = {"epoch": rng.randrange(9), "max_epochs": 9, "has_model": True}
            line = Line("t", rng.choice(sorted(WORKER_KINDS)), data)
            container.ingest(task_id, [line, BadLine(7, "not JSON")], rng.randrange(1000))
        else:
            container.status()
    except (TransitionError, KeyError, VestimError):
        return
