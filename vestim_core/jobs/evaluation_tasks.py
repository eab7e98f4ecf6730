"""Evaluation of an ended job's models on other files or on disturbed ones: selection of the models, and the
task. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.tasks import Task
from vestim_core.spec.data import FileRepair
from vestim_core.spec.errors import not_found, refused, wrong_input
from vestim_core.spec.evaluation import EvaluationSpec
from vestim_core.spec.states import TaskKind
from vestim_core.spec.task import TaskSpec


def evaluation_task(
    job: JobContainer,
    files: Sequence[str],
    tasks: Sequence[str],
    every: bool,
    columns: Mapping[str, str],
    repairs: Sequence[FileRepair],
    robustness: bool,
) -> TaskSpec:
    """Build the next evaluation task of `job` on `files`, for the models of `tasks`, all models, or the one best in
    validation.

    tasks: ids of training or testing tasks. robustness: evaluate on disturbed files too; without `files`, on the job's
    own files, disturbed. `VestimError` for a task that does not exist or left no model, when neither files nor
    robustness are requested, and for an imported job without files of its own.
    """
    if not files and not robustness:
        raise wrong_input("name the files to test on, or ask for robustness on the job's own files", location="files")
    trainings = [task for task in job.tasks.values() if task.kind is TaskKind.TRAIN and task.has_model]
    if not trainings:
        raise refused(f"job {job.job_id} has no trained model to test", location="job_id")
    chosen_trainings = [_training_task(job, task_id) for task_id in tasks] or (
        trainings if every else [_best_training(job.job_id, trainings)]
    )
    if not files and not all(task.depends_on for task in chosen_trainings):
        raise refused(f"job {job.job_id} was imported without its data: name files to disturb", location="files")
    index = 1 + sum(task.kind is TaskKind.EVALUATION for task in job.tasks.values())
    first_spec = TaskSpec.model_validate(chosen_trainings[0].document)
    request = EvaluationSpec(
        files=list(files),
        training_task_ids=list(dict.fromkeys(task.task_id for task in chosen_trainings)),
        columns=dict(columns) or dict((job.document.get("data") or {}).get("columns") or {}),
        repairs=list(repairs),
        robustness=robustness,
    )
    preparations = [] if files else [task_id for task in chosen_trainings for task_id in task.depends_on]
    file_count = "1 new file" if len(files) == 1 else f"{len(files)} new files"
    return TaskSpec(
        task_id=f"{TaskKind.EVALUATION}_{index}",
        kind=TaskKind.EVALUATION,
        title=f"Test on {file_count}" if files else "Robustness",
        depends_on=list(dict.fromkeys([*preparations, *request.training_task_ids])),
        threads=max(first_spec.threads, 1),
        testing=first_spec.testing,
        evaluation=request,
    )


def _training_task(job: JobContainer, task_id: str) -> Task:
    """The training with this id, or the one that the test with this id belongs to."""
    task = job.tasks.get(task_id)
    if task is not None and task.kind is TaskKind.TEST:
        task = next(
            job.tasks[dependency] for dependency in task.depends_on if job.tasks[dependency].kind is TaskKind.TRAIN
        )
    if task is None or task.kind is not TaskKind.TRAIN:
        trained_ids = [task.task_id for task in job.tasks.values() if task.kind is TaskKind.TRAIN and task.has_model]
        ellipsis = ", ..." if len(trained_ids) > 5 else ""
        raise not_found(
            f"job {job.job_id} has no model '{task_id}': use {', '.join(trained_ids[:5])}{ellipsis}", location="tasks"
        )
    if not task.has_model:
        raise refused(f"{task.task_id} of job {job.job_id} left no model to test", location="tasks")
    return task


def _best_training(job_id: str, trainings: Sequence[Task]) -> Task:
    """The training with the smallest validation error; the first one when no error is known."""
    targets = {task.document["signals"]["target"] for task in trainings}
    if len(targets) > 1:
        raise refused(
            f"job {job_id} has models for {' and '.join(sorted(targets))}, which cannot be compared: "
            f"name a task, or test all",
            location="tasks",
        )
    return min(trainings, key=_validation_error)


def _validation_error(task: Task) -> float:
    summary = task.result.get("training")
    metrics: Any = summary.get("validation") if isinstance(summary, dict) else None
    items = metrics.items() if isinstance(metrics, dict) else ()
    rmse_values = (value for name, value in items if name.startswith("rmse") and isinstance(value, int | float))
    return float(next(rmse_values, float("inf")))
