"""Testing: summary of all tests and baselines of a job, and the best model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vestim_core.jobs.managers.base import Manager
from vestim_core.jobs.managers.training import mean_task_fraction, phase_state_of_tasks
from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import Phase, TaskKind, TaskState


def headline_metric(result: Mapping[str, Any]) -> tuple[str, float] | None:
    """Name and value of the metric that a test is judged by: RMSE over the test files, else over the validation
    files."""
    match result.get("overall"):
        case dict(overall):
            metrics_by_role = [overall.get(role) for role in ("test", "validation")]
        case _:
            return None
    for name, value in (pair for metrics in metrics_by_role if isinstance(metrics, dict) for pair in metrics.items()):
        if name.startswith("rmse") and isinstance(value, int | float):
            return name, float(value)
    return None


class TestingManager(Manager):
    """Holds the metric of the best model and of the baseline."""

    __test__ = False  # pytest would collect it by its name
    phase = Phase.TESTING

    def observe(self, tasks: Iterable[Task]) -> bool:
        """Update state, fraction and counts from tests, ensembles and baselines, and the best metric from single
        models."""
        phase_tasks = [task for task in tasks if task.kind in {TaskKind.TEST, TaskKind.ENSEMBLE, TaskKind.BASELINE}]
        tests = [task for task in phase_tasks if task.kind is TaskKind.TEST]
        scored_tests = [(metric[1], metric[0], task) for task in tests if (metric := headline_metric(task.result))]
        details: dict[str, Any] = {
            "tasks": len(tests),
            "done": sum(task.state is TaskState.DONE for task in tests),
            "failed": sum(task.state is TaskState.FAILED for task in tests),
        }
        if scored_tests:
            value, name, task = min(scored_tests, key=lambda entry: entry[0])
            details["best"] = {"task_id": task.task_id, "title": task.title, "metric": name, "value": value}
        baseline = next(
            (metric for t in phase_tasks if t.kind is TaskKind.BASELINE and (metric := headline_metric(t.result))), None
        )
        if baseline:
            details["baseline"] = {"metric": baseline[0], "value": baseline[1]}
        self.details = details
        message = f"{details['done']} of {len(tests)} tested" if tests else ""
        return self.report(phase_state_of_tasks(phase_tasks), mean_task_fraction(phase_tasks), message)
