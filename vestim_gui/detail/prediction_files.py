"""Prediction files of a job: one per tested model and file, test files first, the best model first. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vestim_gui.detail.job_results import ranked_test_results
from vestim_gui.store.job_history import JobHistory

CIRCUIT = "circuit"


@dataclass(frozen=True)
class PredictionFile:
    """One file as predicted by one model.

    task_id: the test that wrote it. train_id: the model's training, `CIRCUIT` for the circuit. path: within the job's
    folder. metrics: by name, of this file alone.
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
        """True if the equivalent circuit made the prediction."""
        return self.train_id == CIRCUIT


def prediction_files(
    history: JobHistory, details: Mapping[str, Any] | None, title_of: Callable[[str], str]
) -> list[PredictionFile]:
    """All prediction files, in display order. title_of: returns a task's title by its id."""
    results = dict(ranked_test_results(history))
    results.update({task: result for task, result in sorted(history.results.items()) if task.startswith("baseline")})
    attempts = {task["task_id"]: int(task["attempt"]) for task in (details or {}).get("tasks") or ()}
    files = []
    for task_id, result in results.items():
        train_id = str((result.get("model") or {}).get("task_id") or CIRCUIT)
        task_history = history.tasks.get(task_id)
        for tested_file in result.get("files") or ():
            files.append(
                PredictionFile(
                    task_id,
                    train_id,
                    CIRCUIT if train_id == CIRCUIT else title_of(train_id),
                    str(tested_file["file"]),
                    str(tested_file["role"]),
                    str(result.get("target") or ""),
                    f"tasks/{task_id}/result/predictions/{tested_file['key']}.npz",
                    task_history.attempt if task_history else attempts.get(task_id, 0),
                    tuple(
                        (name, tested_file[name])
                        for name in tested_file
                        if name.startswith(("rmse", "mae", "max", "r2"))
                    ),
                )
            )
    return sorted(files, key=lambda item: item.role != "test")
