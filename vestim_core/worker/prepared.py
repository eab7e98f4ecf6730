"""The prepared set that a task works on: mapped from the cache, or made again where the cache no longer has it.

So no task depends on the cache: a job that is resumed after a year, or on another machine that has the files, goes on
with the same arrays, or is told that the files are no longer the same.
"""

from __future__ import annotations

from collections.abc import Callable

from vestim_core.data.prepare import Report, prepare
from vestim_core.data.prepared import PreparedSet, is_complete, open_prepared
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.events import EventKind
from vestim_core.spec.finding import Finding
from vestim_core.spec.states import TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json
from vestim_core.worker.attempt import Attempt


def open_set(attempt: Attempt, task_id: str = "") -> PreparedSet:
    """What a preparing task has prepared, to the bit; without its id that of `attempt`'s task.

    Raises VestimError when it is gone and cannot be made again from the files as they are now; PreparationCancelled
    when the user wants the attempt to end meanwhile.
    """
    task_id = task_id or preparing_task(attempt.task)
    pointer = read_json(attempt.result_of(task_id) / "prepared.json")
    directory = attempt.home.prepared / str(pointer["key"])
    try:
        return open_prepared(directory)
    except VestimError:
        if is_complete(directory):
            raise
    said = "The prepared data is no longer in the cache: it is prepared again."
    attempt.journal.event(EventKind.MESSAGE, {"level": "info", "text": said})
    task = attempt.spec_of(task_id)
    prepared = prepare_task(attempt, task, lambda *_: None, lambda finding: None)
    if prepared.arrays_sha256 != pointer["arrays_sha256"]:
        known = {file["path"]: file["sha256"] for file in pointer["data"]["files"]}
        changed = [file.source for file in prepared.files if known.get(file.source, file.sha256) != file.sha256]
        what = f'"{changed[0]}" has changed' if changed else "the same files are prepared otherwise"
        raise wrong_input(
            f"{what} since this job was prepared, and the arrays that it began with are gone: start a new job with "
            f"the files as they are.",
            place=changed[0] if changed else "",
        )
    return prepared


def preparing_task(task: TaskSpec) -> str:
    """Id of the task that prepares for `task`."""
    return next(name for name in task.depends_on if name.startswith(TaskKind.PREPARE.value))


def prepare_task(attempt: Attempt, task: TaskSpec, report: Report, found: Callable[[Finding], None]) -> PreparedSet:
    """The set that a preparing task describes; see `prepare`."""
    if task.data is None:
        raise wrong_input("the task names no data: set the job up again", place="data")
    return prepare(
        task.data,
        task.signals,
        task.preparation,
        attempt.home.prepared,
        report,
        found,
        attempt.cancelled,
        mappings=task.mappings,
        extra_vendors=attempt.home.vendors,
    )
