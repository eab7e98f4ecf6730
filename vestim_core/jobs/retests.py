"""Testing an ended job on new files, or on disturbed ones: which of its models, and the task that does it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.tasks import Task
from vestim_core.spec.data import FileRepair
from vestim_core.spec.errors import not_found, refused, wrong_input
from vestim_core.spec.retest import Retest
from vestim_core.spec.states import TaskKind
from vestim_core.spec.task import TaskSpec


def retest_task(
    job: JobContainer,
    files: Sequence[str],
    tasks: Sequence[str],
    every: bool,
    columns: Mapping[str, str],
    repairs: Sequence[FileRepair],
    robustness: bool,
) -> TaskSpec:
    """The next task that tests models of `job` on `files`: those of `tasks`, every model, else the best in validation.

    tasks: ids of training or testing tasks. robustness: whether on disturbed files too; without `files` on the job's
    own, disturbed. `VestimError` for a task that is not there or left no model, where nothing is asked, and where an
    imported job has no files of its own.
    """
    if not files and not robustness:
        raise wrong_input("name the files to test on, or ask for robustness on the job's own files", place="files")
    trained = [task for task in job.tasks.values() if task.kind is TaskKind.TRAIN and task.has_model]
    if not trained:
        raise refused(f"job {job.job_id} has no trained model to test", place="job_id")
    chosen = [_named(job, name) for name in tasks] or (trained if every else [_best(job.job_id, trained)])
    if not files and not all(task.depends_on for task in chosen):
        raise refused(f"job {job.job_id} was imported without its data: name files to disturb", place="files")
    number = 1 + sum(task.kind is TaskKind.RETEST for task in job.tasks.values())
    first = TaskSpec.model_validate(chosen[0].document)
    asked = Retest(
        files=list(files),
        trained=list(dict.fromkeys(task.task_id for task in chosen)),
        columns=dict(columns) or dict((job.document.get("data") or {}).get("columns") or {}),
        repairs=list(repairs),
        robustness=robustness,
    )
    prepared = [] if files else [name for task in chosen for name in task.depends_on]
    count = "1 new file" if len(files) == 1 else f"{len(files)} new files"
    return TaskSpec(
        task_id=f"{TaskKind.RETEST}_{number}",
        kind=TaskKind.RETEST,
        title=f"Test on {count}" if files else "Robustness",
        depends_on=list(dict.fromkeys([*prepared, *asked.trained])),
        threads=max(first.threads, 1),
        testing=first.testing,
        retest=asked,
    )


def _named(job: JobContainer, name: str) -> Task:
    """The training that is meant: by its own id or that of its test."""
    task = job.tasks.get(name)
    if task is not None and task.kind is TaskKind.TEST:
        task = next(job.tasks[other] for other in task.depends_on if job.tasks[other].kind is TaskKind.TRAIN)
    if task is None or task.kind is not TaskKind.TRAIN:
        known = [task.task_id for task in job.tasks.values() if task.kind is TaskKind.TRAIN and task.has_model]
        more = ", ..." if len(known) > 5 else ""
        raise not_found(f"job {job.job_id} has no model '{name}': use {', '.join(known[:5])}{more}", place="tasks")
    if not task.has_model:
        raise refused(f"{task.task_id} of job {job.job_id} left no model to test", place="tasks")
    return task


def _best(job_id: str, trained: Sequence[Task]) -> Task:
    """The training with the smallest validation error; the first one where none is known."""
    targets = {task.document["signals"]["target"] for task in trained}
    if len(targets) > 1:
        raise refused(
            f"job {job_id} has models for {' and '.join(sorted(targets))}, which cannot be compared: "
            f"name a task, or test all",
            place="tasks",
        )
    return min(trained, key=_validation_error)


def _validation_error(task: Task) -> float:
    training = task.result.get("training")
    found: Any = training.get("validation") if isinstance(training, dict) else None
    values = found.items() if isinstance(found, dict) else ()
    known = (value for name, value in values if name.startswith("rmse") and isinstance(value, int | float))
    return float(next(known, float("inf")))
