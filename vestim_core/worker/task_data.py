"""The prepared set of a task: mapped from the cache, or prepared again where the cache no longer has it.

No task depends on the cache: a job that is resumed after a year, or on another machine with the same files, continues
with the same arrays or fails because the files have changed.
"""

from __future__ import annotations

from collections.abc import Callable

from vestim_core.data.prepare_data import ProgressCallback, prepare
from vestim_core.data.prepared_set import PreparedSet, is_complete, open_prepared
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Finding
from vestim_core.spec.states import TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json
from vestim_core.worker.attempt import Attempt


def open_prepared_set(attempt: Attempt, task_id: str = "") -> PreparedSet:
    """Open the set of preparing task `task_id` (default: the one of `attempt`'s task), identical to the bit.

    Raises `VestimError` when it is gone and cannot be prepared again from the files as they are now, and
    `PreparationCanceled` when the user's intent ends the attempt meanwhile.
    """
    task_id = task_id or preparing_task_id(attempt.task)
    pointer = read_json(attempt.result_folder_of(task_id) / "prepared.json")
    directory = attempt.home.prepared_data / str(pointer["key"])
    try:
        return open_prepared(directory)
    except VestimError:
        if is_complete(directory):
            raise
    message = "The prepared data is no longer in the cache: it is prepared again."
    attempt.journal.event(EventKind.MESSAGE, {"level": "info", "message": message})
    task = attempt.load_task(task_id)
    prepared = prepare_task(attempt, task, lambda *_: None, lambda finding: None)
    if prepared.arrays_sha256 != pointer["arrays_sha256"]:
        stored_hashes = {file["path"]: file["sha256"] for file in pointer["data"]["files"]}
        changed_files = [
            file.source for file in prepared.files if stored_hashes.get(file.source, file.sha256) != file.sha256
        ]
        reason = f'"{changed_files[0]}" has changed' if changed_files else "the same files are prepared otherwise"
        raise wrong_input(
            f"{reason} since this job was prepared, and the arrays that it began with are gone: start a new job with "
            f"the files as they are.",
            location=changed_files[0] if changed_files else "",
        )
    return prepared


def preparing_task_id(task: TaskSpec) -> str:
    """Id of the task that prepares the data of `task`."""
    return next(name for name in task.depends_on if name.startswith(TaskKind.PREPARE.value))


def prepare_task(
    attempt: Attempt, task: TaskSpec, report: ProgressCallback, on_finding: Callable[[Finding], None]
) -> PreparedSet:
    """Prepare the set that a preparing task describes; see `prepare`."""
    if task.data is None:
        raise wrong_input("the task names no data: set the job up again", location="data")
    return prepare(
        task.data,
        task.signals,
        task.preparation,
        attempt.home.prepared_data,
        report,
        on_finding,
        attempt.is_canceled,
        mappings=task.mappings,
        extra_vendors=attempt.home.vendors,
    )
