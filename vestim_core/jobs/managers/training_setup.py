"""Training setup: expands a valid spec into tasks and summarizes them."""

from __future__ import annotations

from typing import Any

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.job import JobSpec
from vestim_core.spec.model import parameter_count
from vestim_core.spec.states import Phase, PhaseState
from vestim_core.spec.task import TaskSpec, expand_tasks


class TrainingSetupManager(Manager):
    """Done when the tasks exist; a change of the draft resets it."""

    phase = Phase.TRAINING_SETUP

    def review_draft(self, document: dict[str, Any]) -> bool:
        """Reset the phase: tasks of an older draft are out of date."""
        self.details = {}
        return self.report(PhaseState.WAITING, 0.0, "")

    def expand(self, spec: JobSpec) -> list[TaskSpec]:
        """Expand the spec into every task of the job."""
        return self.summarize(expand_tasks(spec))

    def summarize(self, tasks: list[TaskSpec]) -> list[TaskSpec]:
        """Summarize these tasks in `details` and return them."""
        parameter_counts = [
            parameter_count(t.trial.model, len(t.signals.features)) for t in tasks if t.trial and t.kind == "train"
        ]
        self.details = {
            "task_count": len(tasks),
            "trial_count": len(parameter_counts),
            "parameters_smallest": min(parameter_counts),
            "parameters_largest": max(parameter_counts),
        }
        self.report(PhaseState.RUNNING, 0.0, "")
        self.report(PhaseState.DONE, 1.0, f"{len(parameter_counts)} models to train")
        return tasks
