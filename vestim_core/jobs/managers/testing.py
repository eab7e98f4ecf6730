"""Testing: what all tests and baselines of a job amount to, and which model is best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vestim_core.jobs.managers.base import Manager
from vestim_core.jobs.managers.training import fraction_of_tasks, state_of_tasks
from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import Phase, TaskKind, TaskState


def headline(result: Mapping[str, Any]) -> tuple[str, float] | None:
    """Name and value of the figure that a test is judged by: RMSE over the test files, else the validation files."""
    match result.get("overall"):
        case dict(overall):
            figures = [overall.get(role) for role in ("test", "validation")]
        case _:
            return None
    for name, value in (pair for found in figures if isinstance(found, dict) for pair in found.items()):
        if name.startswith("rmse") and isinstance(value, int | float):
            return name, float(value)
    return None


class TestingManager(Manager):
    """Keeps the best model's figure and the baseline's."""

    __test__ = False  # not a test class, whatever its name makes pytest believe
    phase = Phase.TESTING

    def observe(self, tasks: Iterable[Task]) -> bool:
        """Take state, fraction and counts from tests, ensembles and baselines, and the best figure from single
        models."""
        mine = [task for task in tasks if task.kind in {TaskKind.TEST, TaskKind.ENSEMBLE, TaskKind.BASELINE}]
        tests = [task for task in mine if task.kind is TaskKind.TEST]
        tested = [(figure[1], figure[0], task) for task in tests if (figure := headline(task.result))]
        details: dict[str, Any] = {
            "tasks": len(tests),
            "done": sum(task.state is TaskState.DONE for task in tests),
            "failed": sum(task.state is TaskState.FAILED for task in tests),
        }
        if tested:
            value, name, task = min(tested, key=lambda entry: entry[0])
            details["best"] = {"task_id": task.task_id, "title": task.title, "metric": name, "value": value}
        circuit = next((f for t in mine if t.kind is TaskKind.BASELINE and (f := headline(t.result))), None)
        if circuit:
            details["baseline"] = {"metric": circuit[0], "value": circuit[1]}
        self.details = details
        words = f"{details['done']} of {len(tests)} tested" if tests else ""
        return self.report(state_of_tasks(mine), fraction_of_tasks(mine), words)
