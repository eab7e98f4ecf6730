"""The basics of a JobContainer: states, managers, updates by many threads at once, isolation from other jobs."""

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

from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.managers import MANAGERS
from vestim_core.protocol.journal import Line
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
    allowed,
)
from vestim_core.spec.task import expand_tasks
from vestim_core.verify.check_groups import Group, expect
from vestim_core.verify.invariants import Watch, random_change
from vestim_core.verify.sandbox import Place
from vestim_core.verify.sample_drives import settings

THREADS, UPDATES = 8, 10_000
SWITCH_S = 1e-5
"""Threads change places this often, so that what is not locked is caught in the middle."""
OTHERS_WAIT_S = 0.1
PATIENCE_S = 60.0


@contextmanager
def _nothing(place: Place) -> Iterator[None]:
    yield None


CONTAINER = Group("JobContainer: the basics", _nothing)


def new_container(job_id: str = "job_1", **training: Any) -> JobContainer:
    """A job that has not started, with its tasks."""
    container = JobContainer(job_id, job_id, {}, "2026-03-01T12:00:00.000Z")
    data = {"train": ["/data/1.csv"], "validation": ["/data/2.csv"], "test": ["/data/3.csv"]}
    container.save_document({**settings(**training), "data": data})
    container.replace_tasks(expand_tasks(validate_job(container.document)))
    return container


@CONTAINER.check("A new container is a draft with a manager of its own for each phase")
def managers_are_made(scene: None) -> None:
    first, second = (JobContainer(name, name, {}, "2026-03-01T12:00:00.000Z") for name in ("job_1", "job_2"))
    expect(first.state is JobState.DRAFT, f"it is {first.state}")
    found = {phase: type(manager) for phase, manager in first.managers.items()}
    expect(found == MANAGERS and list(found) == list(Phase), f"it has managers of {', '.join(found)}")
    expect(not any(first.managers[phase] is second.managers[phase] for phase in Phase), "two jobs share a manager")
    states = {manager.state for manager in first.managers.values()}
    expect(states == {PhaseState.WAITING}, f"its managers are {', '.join(states)}")


@CONTAINER.check("Managers look at what is saved, and say what is missing")
def managers_look_at_the_draft(scene: None) -> None:
    container = JobContainer("job_1", "job_1", {}, "2026-03-01T12:00:00.000Z")
    container.save_document({"model": {"kind": "fnn", "sizes": [0]}})
    asks = {phase for phase, manager in container.managers.items() if manager.state is PhaseState.NEEDS_INPUT}
    expect(asks == {Phase.DATA_IMPORT, Phase.HYPERPARAMETERS}, f"only {', '.join(asks) or 'nobody'} asks for more")
    expect(
        "sizes" in json.dumps(container.managers[Phase.HYPERPARAMETERS].status()), "no manager names the wrong field"
    )
    whole = new_container()
    state = whole.managers[Phase.HYPERPARAMETERS].state
    expect(state is PhaseState.DONE, f"hyperparameters that are valid are {state}")


@CONTAINER.check("States change along the table, and no other way")
def states_follow_the_table(scene: None) -> None:
    def move_job(container: JobContainer, old: JobState, new: JobState) -> JobState:
        container.state = old
        container.set_state(new)
        return container.state

    def move_task(container: JobContainer, old: TaskState, new: TaskState) -> TaskState:
        container.tasks["train_001"].state = old
        container.set_task_state("train_001", new)
        return container.tasks["train_001"].state

    _try_all(JobState, move_job)
    _try_all(TaskState, move_task)


def _try_all(kind: type[StrEnum], move: Callable[[JobContainer, Any, Any], StrEnum]) -> None:
    container = new_container()
    for old, new in product(kind, kind):
        before = container.last_seq
        try:
            moved: StrEnum | None = move(container, old, new)
        except TransitionError:
            moved = None
        wanted = new if allowed(old, new) else None
        expect(moved is wanted, f"{kind.__name__} {old} to {new} was {'refused' if moved is None else 'let through'}")
        expect(moved is not None or container.last_seq == before, f"refused from {old} to {new}, and told all the same")


@CONTAINER.check("The stop flag is set for as long as the job is to stop")
def the_stop_flag_says_what_is_wanted(scene: None) -> None:
    container = new_container()
    container.set_intent(Intent.STOP)
    expect(container.stop_flag.is_set(), "a stop does not set it")
    stored = JobContainer.from_record(container.to_record())
    expect(stored.stop_flag.is_set(), "it is lost when the job is stored")
    container.set_intent(Intent.RUN)
    expect(not container.stop_flag.is_set(), "a job that goes on keeps it")


@CONTAINER.check("Managers follow their tasks, and hold no process when all have ended")
def managers_are_cleaned(scene: None) -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    for task in list(container.tasks.values()):
        if task.state is TaskState.WAITING:
            container.set_task_state(task.task_id, TaskState.READY)
        container.new_attempt(task.task_id)
        container.attempt_started(task.task_id, 4321, 1.0)
        expect(container.handles == {task.task_id: (4321, 1.0)}, f"the process of {task.task_id} is not held")
        if task.kind is TaskKind.TRAIN:
            state = container.managers[Phase.TRAINING].state
            expect(state is PhaseState.RUNNING, f"training is {state} while {task.task_id} runs")
        container.attempt_ended(task.task_id, AttemptState.FINISHED)
        container.set_task_state(task.task_id, TaskState.DONE)
    container.set_state(JobState.DONE)
    expect(not container.handles, f"processes are still held: {container.handles}")
    for phase in (Phase.TRAINING, Phase.TESTING):
        manager = container.managers[phase]
        expect(manager.state is PhaseState.DONE and manager.fraction == 1.0, f"{phase} is {manager.state} in the end")
        counted = manager.details.get("done"), manager.details.get("tasks")
        expect(counted == (2, 2), f"{phase} counts {counted[0]} of {counted[1]} tasks")


@CONTAINER.check("A started job keeps its settings and its tasks")
def settings_are_fixed_at_the_start(scene: None) -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    before = (container.document, list(container.tasks))
    changes: tuple[Callable[[], None], ...] = (
        lambda: container.save_document(settings(max_epochs=1)),
        lambda: container.replace_tasks([]),
    )
    for change in changes:
        try:
            change()
        except VestimError as error:
            expect("started" in error.sentence, f"the reason is told as '{error.sentence}'")
        expect((container.document, list(container.tasks)) == before, "it took a change after its start")


@CONTAINER.check("A container that is stored and read back is the same one")
def nothing_is_lost_in_a_record(scene: None) -> None:
    for seed in range(20):
        container, rng = new_container(repetitions=2), random.Random(seed)
        container.describe(name=f"job {seed}", note="a note", tags=["one", "two"])
        for _ in range(seed):
            random_change(container, rng)
        Watch(container).look()
        record = container.to_record()
        stored = JobContainer.from_record(json.loads(json.dumps(record, allow_nan=False)))
        expect(stored.to_record() == record, "what was stored is another job")
        expect(stored.handles == container.handles, "the processes that run are lost")


@CONTAINER.check("A change is whole before another one begins")
def changes_wait_for_each_other(scene: None) -> None:
    container = new_container()
    done: list[str] = []

    def other(act: Callable[[], object], name: str) -> None:
        act()
        done.append(name)

    others = [
        threading.Thread(target=other, args=(lambda: container.remark("another thread"), "changed"), daemon=True),
        threading.Thread(target=other, args=(container.status, "read"), daemon=True),
    ]
    with container.changes():
        for thread in others:
            thread.start()
        others[0].join(OTHERS_WAIT_S)
        expect(not done, f"another thread {' and '.join(done)} in the middle of a change")
        done.append("first")
    for thread in others:
        thread.join(PATIENCE_S)
    expect(len(done) == 3, "the others never came to their turn")


@CONTAINER.check(f"{UPDATES:,} updates by {THREADS} threads: what must hold holds after each")
def many_threads(scene: None) -> None:
    watch = Watch(new_container())

    def change_and_look(rng: random.Random) -> None:
        random_change(watch.container, rng)
        watch.look()

    _in_threads(change_and_look)
    events = watch.container.last_seq
    expect(events > UPDATES / 10, f"so many updates made only {events} events")


@CONTAINER.check("Two jobs that change at the same time do not touch each other")
def containers_are_isolated(scene: None) -> None:
    document = {**settings(), "data": {"train": ["/data/1.csv"], "validation": ["/data/2.csv"]}}
    busy, still = new_container("job_1"), new_container("job_2")
    for container in (busy, still):
        container.save_document(document)
        container.replace_tasks(expand_tasks(validate_job(container.document)))
    document["model"]["sizes"] = "changed by whoever gave it"
    expect(isinstance(still.document["model"]["sizes"], list), "it changes with the document that it was given")
    before = json.dumps(still.to_record())
    _in_threads(lambda rng: random_change(busy, rng), updates=UPDATES // 10)
    busy.describe(tags=["busy"])
    expect(json.dumps(still.to_record()) == before, "a job changed that nobody had touched")
    expect(not still.stop_flag.is_set() and not still.handles, "it has the flag or the processes of another job")
    expect(busy.last_seq > still.last_seq, "the other job did not change at all")


@CONTAINER.check("What a reader was given does not change behind its back")
def views_stay_as_they_were(scene: None) -> None:
    container = new_container()
    container.set_state(JobState.QUEUED)
    container.new_attempt("prepare_1")
    container.ingest("prepare_1", [Line("t", EventKind.FINDING, {"code": "first"})], 1)
    given = (container.status(), container.to_record(), container.summary())
    before = json.dumps(given)
    told = {"provenance": {"prepare_1": "files"}, "overall": {"test": {"rmse_mV": 5.0}}}
    lines = [Line("t", EventKind.FINDING, {"code": "second"}), Line("t", EventKind.RESULT, told)]
    container.ingest("prepare_1", lines, 2)
    container.describe(tags=["new"], note="new")
    for task_id in container.tasks:
        container.set_task_state(task_id, TaskState.STOPPED)
    expect(json.dumps(given) == before, "a status that was given out has changed since")
    expect(json.dumps(container.status()) != json.dumps(given[0]), "the new status is the old one")


def _in_threads(act: Callable[[random.Random], None], updates: int = UPDATES) -> None:
    """Have `act` called so often, by all threads at once; the first thing that goes wrong ends them all."""
    failed: list[Exception] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(updates // THREADS):
            if failed:
                return
            try:
                act(rng)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in range(THREADS)]
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
    finally:
        sys.setswitchinterval(usual_s)
    if failed:
        raise failed[0]
    expect(not any(thread.is_alive() for thread in threads), "the threads wait for each other for ever")
