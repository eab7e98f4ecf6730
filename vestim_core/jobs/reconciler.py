"""The reconciler: actions that move a job's state towards what its user wants.

A pure function of facts: no clock, no files, no processes. Applied to its own outcome it returns no further action, so
that it can be called at any time and after any crash. Tasks are ordered so that none depends on a later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vestim_core.spec.states import (
    TERMINAL_JOB_STATES,
    TERMINAL_TASK_STATES,
    AttemptState,
    Intent,
    JobState,
    TaskKind,
    TaskState,
)

MAX_RETRIES = 3  # one per pause in RETRY_AFTER_S
MIN_ENSEMBLE_MEMBERS = 2  # fewer members make no ensemble
RETRY_AFTER_S = (1.0, 5.0, 30.0)
"""Pauses before further attempts of a task whose process vanished, from its newest checkpoint; after the last
it fails."""
STOP_GRACE_S = 10.0  # an attempt normally ends within one batch
TERMINATE_GRACE_S = 5.0  # time to handle the signal
"""The stop ladder: `STOP_GRACE_S` after the request a signal, `TERMINATE_GRACE_S` later the process and all descendants
are killed."""


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """A task's newest attempt. Times are seconds on one monotonic clock, 0 for never."""

    index: int
    state: AttemptState
    has_ended: bool
    sent_intent: Intent | None = Intent.RUN
    intent_sent_s: float = 0.0
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
    """One job. test_after_stop: tasks with a model are still tested after a stop."""

    state: JobState
    intent: Intent
    tasks: Sequence[TaskFacts]
    test_after_stop: bool = True


@dataclass(frozen=True, slots=True)
class SetTask:
    """Set a task's state."""

    task_id: str
    state: TaskState


@dataclass(frozen=True, slots=True)
class Retry:
    """Make a task whose process vanished ready again, to start after a pause."""

    task_id: str
    pause_s: float


@dataclass(frozen=True, slots=True)
class SetJob:
    """Set the job's state."""

    state: JobState


@dataclass(frozen=True, slots=True)
class SendIntent:
    """Write the user's intent to the file that the running attempt reads."""

    task_id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Terminate:
    """Send the attempt's process tree the signal to end."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End the attempt's process tree."""

    task_id: str


_UNINTERRUPTED = {TaskKind.BASELINE, TaskKind.TEST, TaskKind.ENSEMBLE, TaskKind.EVALUATION}
Action = SetTask | Retry | SetJob | SendIntent | Terminate | Kill

_STATE_AFTER = {
    AttemptState.FINISHED: TaskState.DONE,
    AttemptState.STOPPED: TaskState.STOPPED,
    AttemptState.PAUSED: TaskState.PAUSED,
    AttemptState.FAILED: TaskState.FAILED,
}


def reconcile(job: JobFacts, now_s: float) -> list[Action]:
    """All actions due now, in order; none for drafts and ended jobs, and for held ones only those that stop them."""
    if job.state in {*TERMINAL_JOB_STATES, JobState.DRAFT} or (
        job.state is JobState.HELD and job.intent is not Intent.STOP
    ):
        return []
    facts = {task.task_id: task for task in job.tasks}
    states: dict[str, TaskState] = {}
    actions: list[Action] = []
    for task in job.tasks:
        state = _next_task_state(task, job, states, facts)
        states[task.task_id] = state
        if state is TaskState.READY and _has_vanished(task):
            actions.append(Retry(task.task_id, RETRY_AFTER_S[task.retries]))
        elif state is not task.state:
            actions.append(SetTask(task.task_id, state))
        if state is TaskState.RUNNING and task.attempt:
            actions.extend(_stop_actions(task, task.attempt, _effective_intent(task, job), now_s))
    job_state = _next_job_state(job, states)
    if job_state is not job.state:
        actions.append(SetJob(job_state))
    return actions


def _next_task_state(
    task: TaskFacts, job: JobFacts, states: dict[str, TaskState], facts: dict[str, TaskFacts]
) -> TaskState:
    state = task.state
    if state is TaskState.RUNNING and task.attempt and task.attempt.has_ended:
        state = _state_after_vanishing(task, job) if _has_vanished(task) else _STATE_AFTER[task.attempt.state]
        if state is TaskState.STOPPED and job.intent is not Intent.STOP:
            state = TaskState.READY  # the user took the stop back before the worker obeyed
    if state is TaskState.WAITING:
        state = _state_of_waiting(task, states, facts)
    if state in {TaskState.WAITING, TaskState.READY, TaskState.PAUSED} and job.intent is Intent.STOP:
        if not _is_still_tested(task, job, states, facts):
            return TaskState.STOPPED
        return TaskState.READY if state is TaskState.PAUSED else state
    if state is TaskState.READY and job.intent is Intent.PAUSE:
        return TaskState.PAUSED
    if state is TaskState.PAUSED and job.intent is Intent.RUN:
        return TaskState.READY
    return state


def _has_vanished(task: TaskFacts) -> bool:
    """True if the task's process has ended without an exit file."""
    vanished_states = {AttemptState.KILLED, AttemptState.LOST}
    return task.state is TaskState.RUNNING and task.attempt is not None and task.attempt.state in vanished_states


def _state_after_vanishing(task: TaskFacts, job: JobFacts) -> TaskState:
    if job.intent is Intent.STOP:
        return TaskState.STOPPED
    if job.intent is Intent.PAUSE:
        return TaskState.PAUSED
    can_retry = task.kind is not TaskKind.INSPECT and task.retries < MAX_RETRIES  # a person waits for an inspection
    return TaskState.READY if can_retry else TaskState.FAILED


def _state_of_waiting(task: TaskFacts, states: dict[str, TaskState], facts: dict[str, TaskFacts]) -> TaskState:
    dependencies = [(states[name], facts[name]) for name in task.depends_on]
    if task.kind is TaskKind.ENSEMBLE:
        return _ensemble_state([state for state, _ in dependencies])
    if all(_is_satisfied(state, fact) for state, fact in dependencies):
        return TaskState.READY
    for state, fact in dependencies:
        if state in TERMINAL_TASK_STATES and not _is_satisfied(state, fact):
            return TaskState.STOPPED if state is TaskState.STOPPED else TaskState.SKIPPED
    return TaskState.WAITING


def _ensemble_state(states: Sequence[TaskState]) -> TaskState:
    """State of an ensemble: it waits until all members have ended, and is made of the tested ones if they are
    enough."""
    if not TERMINAL_TASK_STATES.issuperset(states):
        return TaskState.WAITING
    if states.count(TaskState.DONE) >= MIN_ENSEMBLE_MEMBERS:
        return TaskState.READY
    return TaskState.STOPPED if TaskState.STOPPED in states else TaskState.SKIPPED


def _is_satisfied(state: TaskState, fact: TaskFacts) -> bool:
    return state is TaskState.DONE or (fact.kind is TaskKind.TRAIN and state in TERMINAL_TASK_STATES and fact.has_model)


def _is_still_tested(task: TaskFacts, job: JobFacts, states: dict[str, TaskState], facts: dict[str, TaskFacts]) -> bool:
    """True if a test that has not started, or an ensemble of such tests, stays although the job is being stopped."""
    if task.kind not in {TaskKind.TEST, TaskKind.ENSEMBLE} or not job.test_after_stop:
        return False
    if task.kind is TaskKind.ENSEMBLE:
        return _ensemble_state([states[name] for name in task.depends_on]) in {TaskState.WAITING, TaskState.READY}
    return all(
        _is_satisfied(states[name], facts[name]) or states[name] is TaskState.RUNNING for name in task.depends_on
    )


def _effective_intent(task: TaskFacts, job: JobFacts) -> Intent:
    if job.intent is Intent.PAUSE and task.kind in _UNINTERRUPTED:
        return Intent.RUN  # takes seconds, and its state cannot be saved
    if job.intent is Intent.STOP and task.kind in {TaskKind.TEST, TaskKind.ENSEMBLE} and job.test_after_stop:
        return Intent.RUN
    return job.intent


def _stop_actions(task: TaskFacts, attempt: AttemptFacts, intent: Intent, now_s: float) -> Iterator[Action]:
    if attempt.sent_intent is not intent:
        yield SendIntent(task.task_id, intent)
    elif intent is Intent.RUN:
        return
    elif attempt.terminated_s:
        if now_s - attempt.terminated_s >= TERMINATE_GRACE_S and not attempt.killed_s:
            yield Kill(task.task_id)
    elif now_s - attempt.intent_sent_s >= STOP_GRACE_S:
        yield Terminate(task.task_id)


def _next_job_state(job: JobFacts, states: dict[str, TaskState]) -> JobState:
    values = set(states.values())
    if not states:
        return job.state
    if values <= TERMINAL_TASK_STATES:
        return _job_end_state(job, states)
    if TaskState.RUNNING in values:
        return JobState.RUNNING
    if job.intent is Intent.PAUSE and TaskState.READY not in values:
        return JobState.PAUSED
    if job.state in {JobState.PAUSED, JobState.HELD}:
        return JobState.QUEUED
    return job.state


def _job_end_state(job: JobFacts, states: dict[str, TaskState]) -> JobState:
    """End state of the job itself; later evaluations on other files do not change it."""
    job_tasks = [task for task in job.tasks if task.kind is not TaskKind.EVALUATION] or job.tasks
    ends = {states[task.task_id] for task in job_tasks}
    if TaskState.STOPPED in ends and (job.intent is Intent.STOP or len(job_tasks) < len(job.tasks)):
        return JobState.STOPPED
    tests = [states[task.task_id] for task in job_tasks if task.kind is TaskKind.TEST]
    has_succeeded = TaskState.DONE in tests if tests else ends == {TaskState.DONE}
    return JobState.DONE if has_succeeded else JobState.FAILED
