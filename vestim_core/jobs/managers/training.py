"""Training: what all training tasks of a job amount to."""

from __future__ import annotations

from collections.abc import Iterable

from vestim_core.jobs.managers.base import Manager
from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import TASK_ENDS, Phase, PhaseState, TaskKind, TaskState


def state_of_tasks(tasks: list[Task]) -> PhaseState:
    """The state of a phase whose work is these tasks."""
    states = {task.state for task in tasks}
    if not states or states <= {TaskState.WAITING, TaskState.READY, TaskState.PAUSED}:
        return PhaseState.WAITING
    if not states <= TASK_ENDS:
        return PhaseState.RUNNING
    if TaskState.DONE in states or any(task.has_model for task in tasks):
        return PhaseState.DONE
    return PhaseState.FAILED if TaskState.FAILED in states else PhaseState.SKIPPED


def fraction_of_tasks(tasks: list[Task]) -> float:
    """How far these tasks are, from 0 to 1, each counted alike."""
    done = sum(1.0 if task.state in TASK_ENDS else float(task.progress.get("fraction", 0.0)) for task in tasks)
    return done / len(tasks) if tasks else 0.0


class TrainingManager(Manager):
    """Counts its tasks by state."""

    phase = Phase.TRAINING

    def observe(self, tasks: Iterable[Task]) -> bool:
        """Take state, fraction and counts from the training tasks."""
        mine = [task for task in tasks if task.kind is TaskKind.TRAIN]
        done = sum(task.state is TaskState.DONE for task in mine)
        failed = sum(task.state is TaskState.FAILED for task in mine)
        self.details = {"tasks": len(mine), "done": done, "failed": failed}
        words = f"{done} of {len(mine)} trained" + (f", {failed} failed" if failed else "")
        return self.report(state_of_tasks(mine), fraction_of_tasks(mine), words if mine else "")
