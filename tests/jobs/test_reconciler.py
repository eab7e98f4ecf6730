"""The reconciler: never raises, follows the table of transitions, converges, and fulfills the user's intent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestim_core.jobs.reconciler import (
    MAX_RETRIES,
    STOP_GRACE_S,
    TERMINATE_GRACE_S,
    Action,
    AttemptFacts,
    JobFacts,
    Kill,
    Retry,
    SendIntent,
    SetJob,
    SetTask,
    TaskFacts,
    Terminate,
    reconcile,
)
from vestim_core.spec.states import (
    TERMINAL_ATTEMPT_STATES,
    TERMINAL_JOB_STATES,
    TERMINAL_TASK_STATES,
    AttemptState,
    Intent,
    JobState,
    TaskKind,
    TaskState,
    is_allowed_transition,
)

NOW_S = 1000.0  # arbitrary: later than every time before it in these facts
ACTIVE = frozenset(JobState) - TERMINAL_JOB_STATES - {JobState.DRAFT, JobState.HELD}


@st.composite
def attempts(draw: st.DrawFn) -> AttemptFacts:
    state = draw(st.sampled_from(AttemptState))
    times = st.sampled_from([0.0, NOW_S - 100, NOW_S - 1])
    intent = draw(st.none() | st.sampled_from(Intent))
    return AttemptFacts(1, state, state in TERMINAL_ATTEMPT_STATES, intent, draw(times), draw(times), draw(times))


@st.composite
def jobs(draw: st.DrawFn, states: frozenset[JobState] = frozenset(JobState), min_tasks: int = 0) -> JobFacts:
    """Tasks ordered so that none depends on a later one; every running one has an attempt."""
    tasks: list[TaskFacts] = []
    for index in range(draw(st.integers(min_tasks, 6))):
        state = draw(st.sampled_from(TaskState))
        depends_on = draw(st.sets(st.sampled_from([task.task_id for task in tasks]))) if tasks else set()
        is_running = state is TaskState.RUNNING
        tasks.append(
            TaskFacts(
                f"t{index}",
                draw(st.sampled_from(TaskKind)),
                state,
                tuple(sorted(depends_on)),
                draw(st.booleans()),
                draw(st.integers(0, MAX_RETRIES)),
                draw(attempts()) if is_running or draw(st.booleans()) else None,
            )
        )
    return JobFacts(draw(st.sampled_from(sorted(states))), draw(st.sampled_from(Intent)), tasks, draw(st.booleans()))


def apply_actions(job: JobFacts, actions: list[Action], now_s: float = NOW_S) -> JobFacts:
    """The facts after these actions; every change of state is checked against the table."""
    tasks = {task.task_id: task for task in job.tasks}
    state = job.state
    for action in actions:
        if isinstance(action, SetJob):
            assert is_allowed_transition(state, action.state), f"job {state} -> {action.state}"
            state = action.state
            continue
        task = tasks[action.task_id]
        attempt = task.attempt
        if isinstance(action, SetTask | Retry):
            new_state = action.state if isinstance(action, SetTask) else TaskState.READY
            assert is_allowed_transition(task.state, new_state), f"task {task.state} -> {new_state}"
            tasks[task.task_id] = replace(task, state=new_state, retries=task.retries + isinstance(action, Retry))
            continue
        assert attempt is not None and not attempt.has_ended, "only what lives is asked, told or killed"
        if isinstance(action, SendIntent):
            attempt = replace(attempt, sent_intent=action.intent, intent_sent_s=now_s, terminated_s=0.0)
        elif isinstance(action, Terminate):
            attempt = replace(attempt, terminated_s=now_s)
        elif isinstance(action, Kill):
            attempt = replace(attempt, killed_s=now_s)
        tasks[task.task_id] = replace(task, attempt=attempt)
    return replace(job, state=state, tasks=list(tasks.values()))


def settle(job: JobFacts, now_s: float = NOW_S) -> JobFacts:
    """The facts once no more actions follow at this time."""
    for _ in range(10):
        actions = reconcile(job, now_s)
        if not actions:
            return job
        job = apply_actions(job, actions, now_s)
    raise AssertionError(f"never comes to rest: {actions}")


@pytest.mark.slow
@given(jobs())
def test_actions_converge_within_the_table(job: JobFacts) -> None:
    rest = settle(job)
    assert reconcile(rest, NOW_S) == []
    if job.state in TERMINAL_JOB_STATES or job.state is JobState.DRAFT:
        assert rest == job


@given(jobs(ACTIVE, 1))
def test_a_job_ends_when_all_its_tasks_have_ended(job: JobFacts) -> None:
    ended_job = replace(
        job,
        tasks=[replace(t, state=t.state if t.state in TERMINAL_TASK_STATES else TaskState.FAILED) for t in job.tasks],
    )
    rest = settle(ended_job)
    assert rest.state in TERMINAL_JOB_STATES
    tests = [task.state for task in rest.tasks if task.kind is TaskKind.TEST]
    has_evaluation = any(task.kind is TaskKind.EVALUATION for task in rest.tasks)
    if job.intent is not Intent.STOP and tests and not has_evaluation:
        assert rest.state is (JobState.DONE if TaskState.DONE in tests else JobState.FAILED)


def simulate_processes(job: JobFacts, *, obeys: bool, now_s: float) -> JobFacts:
    """Simulate the processes: ready tasks start; workers obey, or do nothing until they are killed."""
    tasks = []
    uninterrupted = {TaskKind.TEST, TaskKind.BASELINE, TaskKind.ENSEMBLE, TaskKind.EVALUATION}
    for task in job.tasks:
        attempt = task.attempt
        is_active = job.state in {JobState.QUEUED, JobState.RUNNING}
        if task.state is TaskState.READY and is_active:
            new_attempt = AttemptFacts(attempt.index + 1 if attempt else 1, AttemptState.RUNNING, False)
            task = replace(task, state=TaskState.RUNNING, attempt=new_attempt)
        elif task.state is TaskState.RUNNING and attempt and not attempt.has_ended:
            end_state = None
            if attempt.killed_s:
                end_state = AttemptState.KILLED
            elif obeys and attempt.sent_intent in {None, Intent.RUN}:
                end_state = AttemptState.FINISHED
            elif obeys:
                end_state = AttemptState.STOPPED if attempt.sent_intent is Intent.STOP else AttemptState.PAUSED
            elif attempt.sent_intent is Intent.RUN and task.kind in uninterrupted:
                end_state = AttemptState.FINISHED
            if end_state:
                task = replace(task, attempt=replace(attempt, state=end_state, has_ended=True))
        tasks.append(task)
    return replace(job, tasks=tasks)


@given(jobs(ACTIVE | {JobState.HELD}, 1), st.booleans(), st.booleans())
def test_a_stop_is_always_carried_out(job: JobFacts, obeys: bool, test: bool) -> None:
    """intent-wins: whatever the facts and however stubborn the workers, a stopped job ends."""
    job = replace(job, intent=Intent.STOP, test_after_stop=test)
    job = replace(job, tasks=[_consistent(task) for task in job.tasks])
    now_s = NOW_S
    for _ in range(60):
        job = settle(job, now_s)
        if job.state in TERMINAL_JOB_STATES:
            break
        job = simulate_processes(job, obeys=obeys, now_s=now_s)
        now_s += max(STOP_GRACE_S, TERMINATE_GRACE_S) + 1
    assert job.state in TERMINAL_JOB_STATES
    assert all(task.state in TERMINAL_TASK_STATES for task in job.tasks)
    job_tasks = [task for task in job.tasks if task.kind is not TaskKind.EVALUATION] or job.tasks
    if any(task.state is TaskState.STOPPED for task in job_tasks):
        assert job.state is JobState.STOPPED


@given(jobs(frozenset({JobState.QUEUED, JobState.RUNNING}), 1), st.booleans())
def test_a_pause_converges_and_a_resume_ends(job: JobFacts, obeys: bool) -> None:
    job = replace(job, intent=Intent.PAUSE, tasks=[_consistent(task) for task in job.tasks])
    now_s = NOW_S
    for _ in range(60):
        job = settle(job, now_s)
        if job.state in {*TERMINAL_JOB_STATES, JobState.PAUSED}:
            break
        job = simulate_processes(job, obeys=obeys, now_s=now_s)
        now_s += max(STOP_GRACE_S, TERMINATE_GRACE_S) + 1
    assert job.state in {*TERMINAL_JOB_STATES, JobState.PAUSED}
    assert not any(task.state is TaskState.RUNNING for task in job.tasks)
    if job.state is JobState.PAUSED:
        job = replace(job, intent=Intent.RUN)
        for _ in range(60):
            job = settle(job, now_s)
            if job.state in TERMINAL_JOB_STATES:
                break
            job = simulate_processes(job, obeys=True, now_s=now_s)
            now_s += 100
        assert job.state in TERMINAL_JOB_STATES


def _consistent(task: TaskFacts) -> TaskFacts:
    """Drop a living attempt of a task that is not running."""
    attempt = task.attempt
    if task.state is not TaskState.RUNNING and attempt and not attempt.has_ended:
        return replace(task, attempt=None)
    return task


# --- single cases


def train_task(
    state: TaskState = TaskState.RUNNING, attempt: AttemptState | None = AttemptState.RUNNING, **facts: object
) -> TaskFacts:
    attempt_facts = attempt and AttemptFacts(1, attempt, attempt in TERMINAL_ATTEMPT_STATES)
    return TaskFacts("train", TaskKind.TRAIN, state, (), attempt=attempt_facts, **facts)  # type: ignore[arg-type]


def test_task(state: TaskState = TaskState.WAITING) -> TaskFacts:
    return TaskFacts("test", TaskKind.TEST, state, ("train",))


test_task.__test__ = False  # type: ignore[attr-defined]


def test_the_stop_ladder_escalates_and_starts_over_after_a_restart() -> None:
    job = JobFacts(JobState.RUNNING, Intent.STOP, [train_task(), test_task()])
    assert reconcile(job, NOW_S)[0] == SendIntent("train", Intent.STOP)
    job = settle(job)
    assert reconcile(job, NOW_S + STOP_GRACE_S - 0.1) == []
    assert reconcile(job, NOW_S + STOP_GRACE_S) == [Terminate("train")]
    job = apply_actions(job, [Terminate("train")], NOW_S + STOP_GRACE_S)
    assert reconcile(job, NOW_S + STOP_GRACE_S + TERMINATE_GRACE_S - 0.1) == []
    assert reconcile(job, NOW_S + STOP_GRACE_S + TERMINATE_GRACE_S) == [Kill("train")]
    job = apply_actions(job, [Kill("train")], NOW_S + STOP_GRACE_S + TERMINATE_GRACE_S)
    assert reconcile(job, NOW_S + 1e6) == [], "killed once; the rest is for whoever watches the process"
    unknown = replace(
        job, tasks=[replace(job.tasks[0], attempt=AttemptFacts(1, AttemptState.RUNNING, False, None)), test_task()]
    )
    assert reconcile(unknown, NOW_S) == [SendIntent("train", Intent.STOP)], "an intent survives any number of daemons"


def test_a_stopped_training_is_still_tested_unless_told_not_to() -> None:
    stopped = train_task(TaskState.RUNNING, AttemptState.STOPPED, has_model=True)
    rest = settle(JobFacts(JobState.RUNNING, Intent.STOP, [stopped, test_task()]))
    assert [task.state for task in rest.tasks] == [TaskState.STOPPED, TaskState.READY]
    assert rest.state is JobState.RUNNING
    rest = settle(JobFacts(JobState.RUNNING, Intent.STOP, [stopped, test_task()], test_after_stop=False))
    assert rest.state is JobState.STOPPED
    rest = settle(JobFacts(JobState.RUNNING, Intent.STOP, [replace(stopped, has_model=False), test_task()]))
    assert rest.state is JobState.STOPPED


def test_a_worker_that_had_to_be_killed_for_a_stop_is_stopped_not_failed() -> None:
    rest = settle(JobFacts(JobState.RUNNING, Intent.STOP, [train_task(attempt=AttemptState.KILLED), test_task()]))
    assert [task.state for task in rest.tasks] == [TaskState.STOPPED, TaskState.STOPPED]
    assert rest.state is JobState.STOPPED


def test_a_failed_training_skips_only_its_own_test() -> None:
    other_training = TaskFacts("other", TaskKind.TRAIN, TaskState.DONE, has_model=True)
    other_test = TaskFacts("tested", TaskKind.TEST, TaskState.DONE, ("other",))
    tasks = [train_task(attempt=AttemptState.FAILED), test_task(), other_training, other_test]
    rest = settle(JobFacts(JobState.RUNNING, Intent.RUN, tasks))
    assert [task.state for task in rest.tasks[:2]] == [TaskState.FAILED, TaskState.SKIPPED]
    assert rest.state is JobState.DONE


@pytest.mark.parametrize("intent", [Intent.RUN, Intent.PAUSE])
def test_a_stop_that_was_taken_back_does_not_end_the_job(intent: Intent) -> None:
    rest = settle(JobFacts(JobState.RUNNING, intent, [train_task(attempt=AttemptState.STOPPED), test_task()]))
    assert rest.tasks[0].state is (TaskState.READY if intent is Intent.RUN else TaskState.PAUSED)


def test_a_held_job_waits_but_can_be_stopped() -> None:
    held = JobFacts(JobState.HELD, Intent.RUN, [train_task(TaskState.READY, None), test_task()])
    assert reconcile(held, NOW_S) == []
    assert settle(replace(held, intent=Intent.STOP)).state is JobState.STOPPED


def test_a_vanished_process_is_retried_a_few_times() -> None:
    for retries in range(MAX_RETRIES):
        job = JobFacts(
            JobState.RUNNING, Intent.RUN, [train_task(attempt=AttemptState.KILLED, retries=retries), test_task()]
        )
        assert isinstance(reconcile(job, NOW_S)[0], Retry)
    job = JobFacts(
        JobState.RUNNING, Intent.RUN, [train_task(attempt=AttemptState.LOST, retries=MAX_RETRIES), test_task()]
    )
    assert settle(job).state is JobState.FAILED


@pytest.mark.parametrize(
    ("members", "intent", "expected"),
    [
        ("done done", Intent.RUN, "ready"),
        ("done failed done", Intent.RUN, "ready"),
        ("done running done", Intent.RUN, "waiting"),
        ("done failed", Intent.RUN, "skipped"),
        ("done skipped", Intent.RUN, "skipped"),
        ("done running", Intent.PAUSE, "waiting"),
        ("done done stopped", Intent.STOP, "ready"),
        ("done waiting", Intent.STOP, "stopped"),
        ("done stopped", Intent.STOP, "stopped"),
    ],
)
def test_an_ensemble_uses_the_tested_members(members: str, intent: Intent, expected: str) -> None:
    """It needs two at least, after all have ended; a stopped job still makes it if it still tests."""
    running = AttemptFacts(1, AttemptState.RUNNING, False, Intent.RUN)
    tests = [
        TaskFacts(
            f"test_{index}", TaskKind.TEST, TaskState(state_name), attempt=running if state_name == "running" else None
        )
        for index, state_name in enumerate(members.split(), 1)
    ]
    untrained = TaskFacts("train_9", TaskKind.TRAIN, TaskState.STOPPED)
    tests = [replace(test, depends_on=("train_9",)) if test.state is TaskState.WAITING else test for test in tests]
    ensemble = TaskFacts("e", TaskKind.ENSEMBLE, TaskState.WAITING, tuple(test.task_id for test in tests))
    job = JobFacts(JobState.RUNNING, intent, [untrained, *tests, ensemble])
    rest = settle(job)
    assert rest.tasks[-1].state == expected
    if intent is Intent.STOP:
        assert settle(replace(job, test_after_stop=False)).tasks[-1].state is TaskState.STOPPED
