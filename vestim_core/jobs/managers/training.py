"""Training: summary of all training tasks of a job."""

from __future__ import annotations

from collections.abc import Iterable

from vestim_core.jobs.managers.base import Manager
from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import TERMINAL_TASK_STATES, Phase, PhaseState, TaskKind, TaskState


def phase_state_of_tasks(tasks: list[Task]) -> PhaseState:
    """State of a phase that consists of these tasks."""
    states = {task.state for task in tasks}
    if not states or states <= {TaskState.WAITING, TaskState.READY, TaskState.PAUSED}:
        return PhaseState.WAITING
    if not states <= TERMINAL_TASK_STATES:
        return PhaseState.RUNNING
    if TaskState.DONE in states or any(task.has_model for task in tasks):
        return PhaseState.DONE
    return PhaseState.FAILED if TaskState.FAILED in states else PhaseState.SKIPPED


def mean_task_fraction(tasks: list[Task]) -> float:
    """Mean progress of these tasks, from 0 to 1."""
    total = sum(
        1.0 if task.state in TERMINAL_TASK_STATES else float(task.progress.get("fraction", 0.0)) for task in tasks
    )
    return total / len(tasks) if tasks else 0.0


class TrainingManager(Manager):
    """Counts its tasks by state."""

    phase = Phase.TRAINING

    def observe(self, tasks: Iterable[Task]) -> bool:
        """Update state, fraction and counts from the training tasks."""
        trainings = [task for task in tasks if task.kind is TaskKind.TRAIN]
        done = sum(task.state is TaskState.DONE for task in trainings)
        failed = sum(task.state is TaskState.FAILED for task in trainings)
        self.details = {"tasks": len(trainings), "done": done, "failed": failed}
        message = f"{done} of {len(trainings)} trained" + (f", {failed} failed" if failed else "")
        return self.report(phase_state_of_tasks(trainings), mean_task_fraction(trainings), message if trainings else "")
