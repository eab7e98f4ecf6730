"""States, intents, phases and task kinds as closed lists, and the table of allowed state transitions.

`check_transition` raises before anything is written if the table does not contain the transition. The values are the
same in code, registry, JSON, filters and REST.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class JobState(StrEnum):
    """State of a job. `draft`: not started, may be incomplete. `held`: waits for the user's decision."""

    DRAFT = "draft"
    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class PhaseState(StrEnum):
    """State of one phase of a job."""

    WAITING = "waiting"
    NEEDS_INPUT = "needs_input"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class TaskState(StrEnum):
    """State of a task. `waiting`: another task must end first."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"


class AttemptState(StrEnum):
    """State of one run of a task. The last six are terminal, and an attempt reaches exactly one of them."""

    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    PAUSED = "paused"
    STOPPED = "stopped"
    FAILED = "failed"
    KILLED = "killed"
    LOST = "lost"


class Intent(StrEnum):
    """The user's intent for a job, stored separately from its state."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


class Phase(StrEnum):
    """Phases of a job in execution order, each owned by one manager."""

    DATA_IMPORT = "data_import"
    DATA_PROCESSING = "data_processing"
    DATA_AUGMENTATION = "data_augmentation"
    HYPERPARAMETERS = "hyperparameters"
    TRAINING_SETUP = "training_setup"
    TRAINING = "training"
    TESTING = "testing"


class TaskKind(StrEnum):
    """Kinds of work that a worker can do.

    `ensemble`: combines the test results of one combination's repetitions. `evaluation`: evaluates models of an ended
    job on other files, without changing the state in which that job ended.
    """

    PREPARE = "prepare"
    BASELINE = "baseline"
    TRAIN = "train"
    TEST = "test"
    ENSEMBLE = "ensemble"
    EVALUATION = "evaluation"
    INSPECT = "inspect"


TERMINAL_JOB_STATES = frozenset({JobState.DONE, JobState.FAILED, JobState.STOPPED})
TERMINAL_TASK_STATES = frozenset({TaskState.DONE, TaskState.FAILED, TaskState.STOPPED, TaskState.SKIPPED})
TERMINAL_ATTEMPT_STATES = frozenset(AttemptState) - {AttemptState.STARTING, AttemptState.RUNNING}

TRANSITIONS: Mapping[type[StrEnum], Mapping[str, frozenset[str]]] = {
    JobState: {
        "draft": frozenset({"queued"}),
        "queued": frozenset({"running", "held", "paused", "stopped", "failed", "done"}),
        "held": frozenset({"queued", "running", "done", "failed", "stopped"}),
        "running": frozenset({"queued", "held", "paused", "done", "failed", "stopped"}),
        "paused": frozenset({"queued", "running", "done", "failed", "stopped"}),
        "done": frozenset({"queued"}),
        "failed": frozenset({"queued"}),
        "stopped": frozenset({"queued"}),
    },
    PhaseState: {
        "waiting": frozenset({"needs_input", "running", "done", "skipped", "failed"}),
        "needs_input": frozenset({"waiting", "running", "done", "skipped", "failed"}),
        "running": frozenset({"waiting", "needs_input", "done", "skipped", "failed"}),
        "done": frozenset({"waiting", "needs_input", "running"}),
        "skipped": frozenset({"waiting", "running"}),
        "failed": frozenset({"waiting", "running"}),
    },
    TaskState: {
        "waiting": frozenset({"ready", "paused", "skipped", "stopped"}),
        "ready": frozenset({"waiting", "running", "paused", "skipped", "stopped", "failed"}),
        "running": frozenset({"ready", "paused", "done", "failed", "stopped"}),
        "paused": frozenset({"ready", "stopped", "skipped"}),
        "done": frozenset({"waiting", "ready"}),
        "failed": frozenset({"waiting", "ready"}),
        "stopped": frozenset({"waiting", "ready"}),
        "skipped": frozenset({"waiting", "ready"}),
    },
    AttemptState: {
        "starting": frozenset({"running", "finished", "paused", "stopped", "failed", "killed", "lost"}),
        "running": frozenset({"finished", "paused", "stopped", "failed", "killed", "lost"}),
        **{end.value: frozenset() for end in TERMINAL_ATTEMPT_STATES},
    },
}
"""Allowed transitions: state type -> state -> states that may follow it."""


class TransitionError(ValueError):
    """A transition that the table does not allow: a bug in the caller, never a user error."""


def is_allowed_transition(old: StrEnum, new: StrEnum) -> bool:
    """True if `old` may become `new`. Keeping the same state is always allowed."""
    return type(old) is type(new) and (old is new or new.value in TRANSITIONS[type(old)][old.value])


def check_transition(old: StrEnum, new: StrEnum) -> None:
    """Raise `TransitionError` unless `old` may become `new`."""
    if not is_allowed_transition(old, new):
        raise TransitionError(f"{type(old).__name__} {old} cannot become {new}")
