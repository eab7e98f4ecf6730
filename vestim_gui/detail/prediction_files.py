"""Which predictions a job has: one for each tested model and file, test files first, the best model first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vestim_gui.detail.facts import tested
from vestim_gui.store.job_history import JobHistory

CIRCUIT = "circuit"


@dataclass(frozen=True)
class PredictionFile:
    """One file as one model predicts it.

    task_id: of the test that wrote it. train_id: of the model's training, `CIRCUIT` for the circuit. path: within the
    job's folder. metrics: by name, of this file alone.
    """

    task_id: str
    train_id: str
    model: str
    file: str
    role: str
    target: str
    path: str
    attempt: int
    metrics: tuple[tuple[str, float | None], ...]

    @property
    def is_circuit(self) -> bool:
        """Whether the equivalent circuit predicted it."""
        return self.train_id == CIRCUIT


def prediction_files(
    history: JobHistory, shown: Mapping[str, Any] | None, title_of: Callable[[str], str]
) -> list[PredictionFile]:
    """All of them, in the order in which they are offered. title_of: gives a task's title by its id."""
    results = dict(tested(history))
    results.update({task: result for task, result in sorted(history.results.items()) if task.startswith("baseline")})
    attempts = {task["task_id"]: int(task["attempt"]) for task in (shown or {}).get("tasks") or ()}
    found = []
    for task_id, result in results.items():
        train_id = str((result.get("model") or {}).get("task_id") or CIRCUIT)
        begun = history.tasks.get(task_id)
        for file in result.get("files") or ():
            found.append(
                PredictionFile(
                    task_id,
                    train_id,
                    CIRCUIT if train_id == CIRCUIT else title_of(train_id),
                    str(file["file"]),
                    str(file["role"]),
                    str(result.get("target") or ""),
                    f"tasks/{task_id}/result/predictions/{file['key']}.npz",
                    begun.attempt if begun else attempts.get(task_id, 0),
                    tuple((name, file[name]) for name in file if name.startswith(("rmse", "mae", "max", "r2"))),
                )
            )
    return sorted(found, key=lambda file: file.role != "test")
