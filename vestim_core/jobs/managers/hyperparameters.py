"""Hyperparameters: validates the sections that define models and training."""

from __future__ import annotations

from typing import Any

from vestim_core.jobs.managers.base import Manager
from vestim_core.spec.errors import VestimError
from vestim_core.spec.job import validate_job
from vestim_core.spec.job_problems import PLACEHOLDER_DATA
from vestim_core.spec.states import Phase, PhaseState

SECTIONS = ("name", "signals", "preparation", "model", "training", "testing", "max_parallel_tasks")


class HyperparametersManager(Manager):
    """Done when everything but the data is valid; otherwise needs input, with every problem listed."""

    phase = Phase.HYPERPARAMETERS

    def review_draft(self, document: dict[str, Any]) -> bool:
        """Validate everything but the data section, which data import validates."""
        try:
            spec = validate_job({**document, "data": PLACEHOLDER_DATA})
        except VestimError as error:
            self.details = {"problems": [dict(problem) for problem in error.problems]}
            return self.report(PhaseState.NEEDS_INPUT, 0.0, error.message)
        self.details = {"models": len(spec.model), "trials": len(spec.trials())}
        return self.report(PhaseState.DONE, 1.0, "")
