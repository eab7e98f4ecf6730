"""The reconciler: what has to happen so that a job's state comes closer to what its user wants.

A pure function of facts: no clock, no files, no processes. Applied again to its own outcome it asks for nothing more,
so that it can be called at any time and after any crash. Tasks stand in an order in which none depends on a later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vestim_core.spec.states import JOB_ENDS, TASK_ENDS, AttemptState, Intent, JobState, TaskKind, TaskState

MAX_RETRIES = 3
MIN_MEMBERS = 2
RETRY_AFTER_S = (1.0, 5.0, 30.0)
"""A task whose process vanished gets another attempt after these pauses, from its newest checkpoint; then it failed."""
ASK_S = 10.0
TERMINATE_S = 5.0
"""The stop ladder: asked for `ASK_S`, then told by a signal for `TERMINATE_S`, then killed with all its descendants."""


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """A task's newest attempt. Times are seconds on one clock, 0 for never."""

    number: int
    state: AttemptState
    ended: bool
    asked: Intent | None = Intent.RUN
    asked_s: float = 0.0
    terminated_s: float = 0.0
    killed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One task."""

    task_id: str
    kind: TaskKind
    state: TaskState
    depends_on: tuple[str, ...] = ()
    has_model: bool = False
    retries: int = 0
    attempt: AttemptFacts | None = None


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One job. `test_after_stop`: whether what has a model is still tested after a stop."""

    state: JobState
    intent: Intent
    tasks: Sequence[TaskFacts]
    test_after_stop: bool = True


@dataclass(frozen=True, slots=True)
class SetTask:
    """Give a task another state."""

    task_id: str
    state: TaskState


@dataclass(frozen=True, slots=True)
class Retry:
    """Make a task whose process vanished ready again, to start after a pause."""

    task_id: str
    after_s: float


@dataclass(frozen=True, slots=True)
class SetJob:
    """Give the job another state."""

    state: JobState


@dataclass(frozen=True, slots=True)
class Ask:
    """Write the user's intent where the running attempt looks for it."""

    task_id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Terminate:
    """Tell the attempt's process tree to end."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End the attempt's process tree."""

    task_id: str


_SHORT = {TaskKind.BASELINE, TaskKind.TEST, TaskKind.ENSEMBLE, TaskKind.RETEST}
Action = SetTask | Retry | SetJob | Ask | Terminate | Kill

_AFTER = {
    AttemptState.FINISHED: TaskState.DONE,
    AttemptState.STOPPED: TaskState.STOPPED,
    AttemptState.PAUSED: TaskState.PAUSED,
    AttemptState.FAILED: TaskState.FAILED,
}


def reconcile(job: JobFacts, now_s: float) -> list[Action]:
    """Everything to be done now, in order; empty for drafts, jobs that have ended, and held ones but to stop them."""
    if job.state in {*JOB_ENDS, JobState.DRAFT} or (job.state is JobState.HELD and job.intent is not Intent.STOP):
        return []
    facts = {task.task_id: task for task in job.tasks}
    states: dict[str, TaskState] = {}
    actions: list[Action] = []
    for task in job.tasks:
        state = _next_state(task, job, states, facts)
        states[task.task_id] = state
        if state is TaskState.READY and _vanished(task):
            actions.append(Retry(task.task_id, RETRY_AFTER_S[task.retries]))
        elif state is not task.state:
            actions.append(SetTask(task.task_id, state))
        if state is TaskState.RUNNING and task.attempt:
            actions.extend(_ladder(task, task.attempt, _wanted(task, job), now_s))
    job_state = _job_state(job, states)
    if job_state is not job.state:
        actions.append(SetJob(job_state))
    return actions


def _next_state(task: TaskFacts, job: JobFacts, states: dict[str, TaskState], facts: dict[str, TaskFacts]) -> TaskState:
    state = task.state
    if state is TaskState.RUNNING and task.attempt and task.attempt.ended:
        state = _after_vanishing(task, job) if _vanished(task) else _AFTER[task.attempt.state]
        if state is TaskState.STOPPED and job.intent is not Intent.STOP:
            state = TaskState.READY  # a stop that the user took back before the worker obeyed
    if state is TaskState.WAITING:
        state = _after_waiting(task, states, facts)
    if state in {TaskState.WAITING, TaskState.READY, TaskState.PAUSED} and job.intent is Intent.STOP:
        if not _still_tested(task, job, states, facts):
            return TaskState.STOPPED
        return TaskState.READY if state is TaskState.PAUSED else state
    if state is TaskState.READY and job.intent is Intent.PAUSE:
        return TaskState.PAUSED
    if state is TaskState.PAUSED and job.intent is Intent.RUN:
        return TaskState.READY
    return state


def _vanished(task: TaskFacts) -> bool:
    """Whether the task's process is gone and said nothing of its own."""
    gone = {AttemptState.KILLED, AttemptState.LOST}
    return task.state is TaskState.RUNNING and task.attempt is not None and task.attempt.state in gone


def _after_vanishing(task: TaskFacts, job: JobFacts) -> TaskState:
    if job.intent is Intent.STOP:
        return TaskState.STOPPED
    if job.intent is Intent.PAUSE:
        return TaskState.PAUSED
    again = task.kind is not TaskKind.INSPECT and task.retries < MAX_RETRIES  # whoever asked is waiting for an answer
    return TaskState.READY if again else TaskState.FAILED


def _after_waiting(task: TaskFacts, states: dict[str, TaskState], facts: dict[str, TaskFacts]) -> TaskState:
    needed = [(states[name], facts[name]) for name in task.depends_on]
    if task.kind is TaskKind.ENSEMBLE:
        return _after_its_members([state for state, _ in needed])
    if all(_satisfies(state, fact) for state, fact in needed):
        return TaskState.READY
    for state, fact in needed:
        if state in TASK_ENDS and not _satisfies(state, fact):
            return TaskState.STOPPED if state is TaskState.STOPPED else TaskState.SKIPPED
    return TaskState.WAITING


def _after_its_members(states: Sequence[TaskState]) -> TaskState:
    """An ensemble waits for the end of all its members, and is made of those that were tested, if they are enough."""
    if not TASK_ENDS.issuperset(states):
        return TaskState.WAITING
    if states.count(TaskState.DONE) >= MIN_MEMBERS:
        return TaskState.READY
    return TaskState.STOPPED if TaskState.STOPPED in states else TaskState.SKIPPED


def _satisfies(state: TaskState, fact: TaskFacts) -> bool:
    return state is TaskState.DONE or (fact.kind is TaskKind.TRAIN and state in TASK_ENDS and fact.has_model)


def _still_tested(task: TaskFacts, job: JobFacts, states: dict[str, TaskState], facts: dict[str, TaskFacts]) -> bool:
    """Whether a test that has not started keeps its place although the job is being stopped, or an ensemble of such."""
    if task.kind not in {TaskKind.TEST, TaskKind.ENSEMBLE} or not job.test_after_stop:
        return False
    if task.kind is TaskKind.ENSEMBLE:
        return _after_its_members([states[name] for name in task.depends_on]) in {TaskState.WAITING, TaskState.READY}
    return all(_satisfies(states[name], facts[name]) or states[name] is TaskState.RUNNING for name in task.depends_on)


def _wanted(task: TaskFacts, job: JobFacts) -> Intent:
    if job.intent is Intent.PAUSE and task.kind in _SHORT:
        return Intent.RUN  # a matter of seconds, and nothing of it could be kept
    if job.intent is Intent.STOP and task.kind in {TaskKind.TEST, TaskKind.ENSEMBLE} and job.test_after_stop:
        return Intent.RUN
    return job.intent


def _ladder(task: TaskFacts, attempt: AttemptFacts, wanted: Intent, now_s: float) -> Iterator[Action]:
    if attempt.asked is not wanted:
        yield Ask(task.task_id, wanted)
    elif wanted is Intent.RUN:
        return
    elif attempt.terminated_s:
        if now_s - attempt.terminated_s >= TERMINATE_S and not attempt.killed_s:
            yield Kill(task.task_id)
    elif now_s - attempt.asked_s >= ASK_S:
        yield Terminate(task.task_id)


def _job_state(job: JobFacts, states: dict[str, TaskState]) -> JobState:
    values = set(states.values())
    if not states:
        return job.state
    if values <= TASK_ENDS:
        return _end_state(job, states)
    if TaskState.RUNNING in values:
        return JobState.RUNNING
    if job.intent is Intent.PAUSE and TaskState.READY not in values:
        return JobState.PAUSED
    if job.state in {JobState.PAUSED, JobState.HELD}:
        return JobState.QUEUED
    return job.state


def _end_state(job: JobFacts, states: dict[str, TaskState]) -> JobState:
    """How the job itself has ended; what was tested on new files since changes nothing about that."""
    own = [task for task in job.tasks if task.kind is not TaskKind.RETEST] or job.tasks
    ends = {states[task.task_id] for task in own}
    if TaskState.STOPPED in ends and (job.intent is Intent.STOP or len(own) < len(job.tasks)):
        return JobState.STOPPED
    tests = [states[task.task_id] for task in own if task.kind is TaskKind.TEST]
    succeeded = TaskState.DONE in tests if tests else ends == {TaskState.DONE}
    return JobState.DONE if succeeded else JobState.FAILED
