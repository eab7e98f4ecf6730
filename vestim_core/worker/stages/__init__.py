"""Stages: the work of each kind of task.

A stage is loaded only by the worker that runs it, so a preparing worker never pays for torch.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from vestim_core.spec.states import AttemptState, TaskKind

if TYPE_CHECKING:
    from vestim_core.worker.attempt import Attempt

Stage = Callable[["Attempt"], AttemptState]


def find_stage(kind: TaskKind) -> Stage:
    """Find the stage of a kind of task: function `run` of module `<kind>_stage`."""
    stage: Stage = import_module(f"vestim_core.worker.stages.{kind.value}_stage").run
    return stage
