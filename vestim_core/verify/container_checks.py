"""Checks of JobContainer: states, managers, concurrent updates by many threads, isolation from other jobs."""

from __future__ import annotations

import json
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import product
from typing import Any

from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.managers import MANAGERS
from vestim_core.protocol.journal_lines import JournalLine
from vestim_core.spec.errors import VestimError
from vestim_core.spec.events import EventKind
from vestim_core.spec.job import validate_job
from vestim_core.spec.states import (
    AttemptState,
    Intent,
    JobState,
    Phase,
    PhaseState,
    TaskKind,
    TaskState,
    TransitionError,
    is_allowed_transition,
)
from vestim_core.spec.task import expand_tasks
from vestim_core.verify.check_groups import CheckGroup, expect
from vestim_core.verify.invariants import InvariantChecker, apply_random_change
from vestim_core.verify.sample_drives import sample_settings
from vestim_core.verify.sandbox import Sandbox

THREADS, UPDATES = 8, 10_000  # arbitrary; tests with broken containers prove that it exposes a missing lock
SWITCH_S = 1e-5
"""Thread switch interval; far below the default of 5 ms, so that unlocked changes are interrupted halfway."""
INTRUSION_WAIT_S = 0.1  # time that threads get to enter a change of another one, which they must not
THREAD_TIMEOUT_S = 60.0  # a thread that takes longer counts as deadlocked


@contextmanager
def _no_fixture(sandbox: Sandbox) -> Iterator[None]:
    yield None


CONTAINER_GROUP = CheckGroup("JobContainer: the basics", _no_fixture)


def new_container(job_id: str = "job_1", **training: Any) -> JobContainer:
    """A job with its tasks that has not started."""
    container = JobContainer(job_id, job_id, {}, "2026-03-01T12:00:00.000Z")
    data = {"train": ["/data/1.csv"], "validation": ["/data/2.csv"], "test": ["/data/3.csv"]}
    container.save_document({**sample_settings(**training), "data": data})
    container.replace_tasks(expand_tasks(validate_job(container.document)))
    return container


@CONTAINER_GROUP.check("A new container is a draft with a manager of its own for each phase")
def new_container_has_managers(fixture: None) -> None:
    first, second = (JobContainer(name, name, {}, "2026-03-01T12:00:00.000Z") for name in ("job_1", "job_2"))
    expect(first.state is JobState.DRAFT, f"it is {first.state}")
    manager_types = {phase: type(manager) for phase, manager in first.managers.items()}
    expect(
        manager_types == MANAGERS and list(manager_types) == list(Phase),
        f"it has managers of {', '.join(manager_types)}",
    )
    expect(not any(first.managers[phase] is second.managers[phase] for phase in Phase), "two jobs share a manager")
    states = {manager.state for manager in first.managers.values()}
    expect(states == {PhaseState.WAITING}, f"its managers are {', '.join(states)}")


@CONTAINER_GROUP.check("Managers look at what is saved, and say what is missing")
def managers_validate_the_draft(fixture: None) -> None:
    container = JobContainer("job_1", "job_1", {}, "2026-03-01T12:00:00.000Z")
    container.save_document({"model": {"kind": "fnn", "sizes": [0]}})
    asking_phases = {phase for phase, manager in container.managers.items() if manager.state is PhaseState.NEEDS_INPUT}
    expect(
        asking_phases == {Phase.DATA_IMPORT, Phase.HYPERPARAMETERS},
        f"only {', '.join(asking_phases) or 'nobody'} asks for more",
    )
    expect(
        "sizes" in json.dumps(container.managers[Phase.HYPERPARAMETERS].status()), "no manager names the wrong field"
    )
    complete_container = new_container()
    state = complete_container.managers[Phase.HYPERPARAMETERS].state
    expect(state is PhaseState.DONE, f"hyperparameters that are valid are {state}")


@CONTAINER_GROUP.check("States change along the table, and no other way")
def states_follow_the_table(fixture: None) -> None:
    def move_job(container: JobContainer, old: JobState, new: JobState) -> JobState:
        container.state = old
        container.set_state(new)
        return container.state

    def move_task(container: JobContainer, old: TaskState, new: TaskState) -> TaskState:
        container.tasks["train_001"].state = old
        container.set_task_state("train_001", new)
        return container.tasks["train_001"].state

    _try_all_transitions(JobState, move_job)
    _try_all_transitions(TaskState, move_task)


def _try_all_transitions(kind: type[StrEnum], move: Callable[[JobContainer, Any, Any], StrEnum]) -> None:
    container = new_container()
    for old, new in product(kind, kind):
        seq_before = container.last_seq
        try:
            reached_state: StrEnum | None = move(container, old, new)
        except TransitionError:
            reached_state = None
        expected_state = new if is_allowed_transition(old, new) else None
        expect(
            reached_state is expected_state,
            f"{kind.__name__} {old} to {new} was {'refused' if reached_state is None else 'let through'}",
        )
        expect(
            reached_state is not None or container.last_seq == seq_before,
            f"refused from {old} to {new}, and told all the same",
        )


@CONTAINER_GROUP.check("The stop flag is set for as long as the job is to stop")
def stop_flag_matches_intent(fixture: None) -> None:
    container = new_container()
    container.set_intent(Intent.STOP)
    expect(container.stop_flag.is_set(), "a stop does not set it")
    restored = JobContainer.from_record(container.to_record())
    expect(restored.stop_flag.is_set(), "it is lost when the job is stored")
    container.set_intent(Intent.RUN)
    expect(not container.stop_flag.is_set(), "a job that goes on keeps it")


@CONTAINER_GROUP.check("Managers follow their tasks, and hold no process when all have ended")
def managers_follow_their_tasks(fixture: None) -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    for task in list(container.tasks.values()):
        if task.state is TaskState.WAITING:
            container.set_task_state(task.task_id, TaskState.READY)
        container.create_attempt(task.task_id)
        container.record_attempt_start(task.task_id, 4321, 1.0)
        expect(container.handles == {task.task_id: (4321, 1.0)}, f"the process of {task.task_id} is not held")
        if task.kind is TaskKind.TRAIN:
            state = container.managers[Phase.TRAINING].state
            expect(state is PhaseState.RUNNING, f"training is {state} while {task.task_id} runs")
        container.record_attempt_end(task.task_id, AttemptState.FINISHED)
        container.set_task_state(task.task_id, TaskState.DONE)
    container.set_state(JobState.DONE)
    expect(not container.handles, f"processes are still held: {container.handles}")
    for phase in (Phase.TRAINING, Phase.TESTING):
        manager = container.managers[phase]
        expect(manager.state is PhaseState.DONE and manager.fraction == 1.0, f"{phase} is {manager.state} in the end")
        counts = manager.details.get("done"), manager.details.get("tasks")
        expect(counts == (2, 2), f"{phase} counts {counts[0]} of {counts[1]} tasks")


@CONTAINER_GROUP.check("A started job keeps its settings and its tasks")
def settings_are_fixed_at_the_start(fixture: None) -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    original = (container.document, list(container.tasks))
    changes: tuple[Callable[[], None], ...] = (
        lambda: container.save_document(sample_settings(max_epochs=1)),
        lambda: container.replace_tasks([]),
    )
    for change in changes:
        try:
            change()
        except VestimError as error:
            expect("started" in error.message, f"the reason is told as '{error.message}'")
        expect((container.document, list(container.tasks)) == original, "it took a change after its start")


@CONTAINER_GROUP.check("A container that is stored and read back is the same one")
def record_round_trip_is_lossless(fixture: None) -> None:
    for seed in range(20):
        container, rng = new_container(repetitions=2), random.Random(seed)
        container.update_labels(name=f"job {seed}", note="a note", tags=["one", "two"])
        for _ in range(seed):
            apply_random_change(container, rng)
        InvariantChecker(container).check()
        record = container.to_record()
        restored = JobContainer.from_record(json.loads(json.dumps(record, allow_nan=False)))
        expect(restored.to_record() == record, "what was stored is another job")
        expect(restored.handles == container.handles, "the processes that run are lost")


@CONTAINER_GROUP.check("A change is whole before another one begins")
def changes_are_exclusive(fixture: None) -> None:
    container = new_container()
    finished: list[str] = []

    def act_and_log(action: Callable[[], object], name: str) -> None:
        action()
        finished.append(name)

    threads = [
        threading.Thread(
            target=act_and_log, args=(lambda: container.add_message("another thread"), "changed"), daemon=True
        ),
        threading.Thread(target=act_and_log, args=(container.status, "read"), daemon=True),
    ]
    with container.batch_changes():
        for thread in threads:
            thread.start()
        threads[0].join(INTRUSION_WAIT_S)
        expect(not finished, f"another thread {' and '.join(finished)} in the middle of a change")
        finished.append("first")
    for thread in threads:
        thread.join(THREAD_TIMEOUT_S)
    expect(len(finished) == 3, "the others never came to their turn")


@CONTAINER_GROUP.check(f"{UPDATES:,} updates by {THREADS} threads: what must hold holds after each")
def invariants_hold_under_concurrent_updates(fixture: None) -> None:
    checker = InvariantChecker(new_container())

    def change_and_check(rng: random.Random) -> None:
        apply_random_change(checker.container, rng)
        checker.check()

    _run_in_threads(change_and_check)
    events = checker.container.last_seq
    expect(events > UPDATES / 10, f"so many updates made only {events} events")


@CONTAINER_GROUP.check("Two jobs that change at the same time do not touch each other")
def containers_are_isolated(fixture: None) -> None:
    document = {**sample_settings(), "data": {"train": ["/data/1.csv"], "validation": ["/data/2.csv"]}}
    changing, untouched = new_container("job_1"), new_container("job_2")
    for container in (changing, untouched):
        container.save_document(document)
        container.replace_tasks(expand_tasks(validate_job(container.document)))
    document["model"]["sizes"] = "changed by whoever gave it"
    expect(isinstance(untouched.document["model"]["sizes"], list), "it changes with the document that it was given")
    record_before = json.dumps(untouched.to_record())
    _run_in_threads(lambda rng: apply_random_change(changing, rng), updates=UPDATES // 10)
    changing.update_labels(tags=["busy"])
    expect(json.dumps(untouched.to_record()) == record_before, "a job changed that nobody had touched")
    expect(
        not untouched.stop_flag.is_set() and not untouched.handles, "it has the flag or the processes of another job"
    )
    expect(changing.last_seq > untouched.last_seq, "the other job did not change at all")


@CONTAINER_GROUP.check("What a reader was given does not change behind its back")
def returned_views_do_not_change(fixture: None) -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    container.create_attempt("prepare_1")
    container.ingest("prepare_1", [JournalLine("t", EventKind.FINDING, {"code": "first"})], 1)
    views = (container.status(), container.to_record(), container.summary())
    views_before = json.dumps(views)
    result_data = {"provenance": {"prepare_1": "files"}, "overall": {"test": {"rmse_mV": 5.0}}}
    lines = [JournalLine("t", EventKind.FINDING, {"code": "second"}), JournalLine("t", EventKind.RESULT, result_data)]
    container.ingest("prepare_1", lines, 2)
    container.update_labels(tags=["new"], note="new")
    for task_id in container.tasks:
        container.set_task_state(task_id, TaskState.STOPPED)
    expect(json.dumps(views) == views_before, "a status that was given out has changed since")
    expect(json.dumps(container.status()) != json.dumps(views[0]), "the new status is the old one")


def _run_in_threads(action: Callable[[random.Random], None], updates: int = UPDATES) -> None:
    """Call `action` `updates` times in total from all threads at once. The first exception ends all of them."""
    errors: list[Exception] = []

    def run_updates(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(updates // THREADS):
            if errors:
                return
            try:
                action(rng)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=run_updates, args=(seed,), daemon=True) for seed in range(THREADS)]
    default_interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(THREAD_TIMEOUT_S)
    finally:
        sys.setswitchinterval(default_interval_s)
    if errors:
        raise errors[0]
    expect(not any(thread.is_alive() for thread in threads), "the threads wait for each other for ever")
