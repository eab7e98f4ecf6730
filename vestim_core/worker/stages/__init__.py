"""The stages: what a worker does for each kind of task. A stage is loaded only by the worker that runs it, so that a
preparing worker never pays for torch."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from vestim_core.spec.states import AttemptState, TaskKind

if TYPE_CHECKING:
    from vestim_core.worker.attempt import Attempt

Stage = Callable[["Attempt"], AttemptState]


def stage_of(kind: TaskKind) -> Stage:
    """The stage for a kind of task: the function `run` of the module that bears its name."""
    stage: Stage = import_module(f"vestim_core.worker.stages.{kind.value}").run
    return stage
