"""Training setup: expands a valid spec into its tasks and says what they will amount to."""

from __future__ import annotations

from typing import Any

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.job import JobSpec
from vestim_core.spec.model import parameter_count
from vestim_core.spec.states import Phase, PhaseState
from vestim_core.spec.task import TaskSpec, expand_tasks


class TrainingSetupManager(Manager):
    """Done when the tasks exist; a change of the draft sets it back."""

    phase = Phase.TRAINING_SETUP

    def save(self, document: dict[str, Any]) -> bool:
        """The tasks of an older draft no longer count."""
        self.details = {}
        return self.report(PhaseState.WAITING, 0.0, "")

    def expand(self, spec: JobSpec) -> list[TaskSpec]:
        """Every task of the job."""
        return self.take(expand_tasks(spec))

    def take(self, tasks: list[TaskSpec]) -> list[TaskSpec]:
        """These tasks, and what they amount to in `details`."""
        counts = [
            parameter_count(t.trial.model, len(t.signals.features)) for t in tasks if t.trial and t.kind == "train"
        ]
        self.details = {
            "task_count": len(tasks),
            "trial_count": len(counts),
            "parameters_smallest": min(counts),
            "parameters_largest": max(counts),
        }
        self.report(PhaseState.RUNNING, 0.0, "")
        self.report(PhaseState.DONE, 1.0, f"{len(counts)} models to train")
        return tasks
