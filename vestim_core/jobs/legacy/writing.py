"""A job of the predecessor as a job folder of today, as a worker and the daemon would have left it.

It is written beside and renamed, so that a folder of that id is whole. The weights are copied as they are; the first
test makes a model of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import vestim_core
from vestim_core.jobs.folders import JobFolder
from vestim_core.jobs.legacy.former_job import FormerJob
from vestim_core.jobs.legacy.sources import data_section
from vestim_core.jobs.legacy.status import ended_utc, made_utc
from vestim_core.jobs.legacy.trials import Translation, translate
from vestim_core.jobs.legacy.work import MAX_NOTES, Content, EndedTask, Written, as_json, ended_tasks
from vestim_core.protocol.journal import write_line
from vestim_core.spec.states import AttemptState, Intent, JobState, TaskKind

TAG = "imported"
_OF_THE_REGISTRY = ("status", "current_phase", "progress_message", "updated_at", "job_folder")


def write_former_job(job: FormerJob, jobs: Path) -> Written:
    """Write `job` into `jobs`, where there must be none of its id. Raises OSError when the disk takes nothing more."""
    written = Written()
    translation = translate(job)
    written.notes += [*job.missed, *translation.notes]
    tasks = ended_tasks(job, translation, written)
    beside = jobs / f".incoming-{job.job_id}"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _put(beside, _files(JobFolder(beside), job, translation, tasks, written))
        beside.rename(jobs / job.job_id)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return written


def _put(root: Path, files: Mapping[Path, Content]) -> None:
    """Write files, and make their folders, below `root`."""
    made = {root.parent}

    def make(folder: Path) -> None:
        if folder not in made:
            make(folder.parent)
            folder.mkdir()
            made.add(folder)

    for path, content in files.items():
        make(path.parent)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)


def _files(
    folder: JobFolder,
    job: FormerJob,
    translation: Translation,
    tasks: Sequence[EndedTask],
    written: Written,
) -> dict[Path, Content]:
    """Everything that lies in the folder."""
    made, state = made_utc(job), _end_state(tasks)
    ended = ended_utc(job, made)
    document = {"name": job.job_id, "data": data_section(job, translation.columns), **translation.sections}
    imported = _provenance(job, translation, tasks, written)
    draft = {"draft": document, "imported": imported} if state is JobState.DRAFT else {"draft": None, "imported": None}
    files: dict[Path, Content] = {folder.state_json: as_json({**_state(job, state, made, ended), **draft})}
    if state is JobState.DRAFT:
        return files
    about = {
        "schema_version": 1,
        "job_id": job.job_id,
        "name": job.job_id,
        "spec": document,
        "provenance": {"vestim": vestim_core.__version__, "created_utc": made, "imported": imported},
    }
    files[folder.job_json] = as_json(about)
    for task in tasks:
        files |= _task_files(folder, task, made)
    return files


def _state(job: FormerJob, state: JobState, made: str, ended: str) -> dict[str, Any]:
    """What `state.json` says of every job."""
    never_ran = state is JobState.DRAFT
    return {
        "schema_version": 1,
        "job_id": job.job_id,
        "name": job.job_id,
        "state": state.value,
        "intent": (Intent.STOP if state is JobState.STOPPED else Intent.RUN).value,
        "archived": False,
        "tags": [TAG],
        "note": "",
        "position": 0,
        "test_after_stop": True,
        "created_utc": made,
        "started_utc": "" if never_ran else made,
        "ended_utc": "" if never_ran else ended,
    }


def _end_state(tasks: Sequence[EndedTask]) -> JobState:
    """The state that the reconciler gives a job whose tasks ended so; a job without any is a draft."""
    if not tasks:
        return JobState.DRAFT
    ends = {task.end for task in tasks}
    if AttemptState.STOPPED in ends:
        return JobState.STOPPED
    succeeded = any(task.spec.kind is TaskKind.TEST for task in tasks) or ends == {AttemptState.FINISHED}
    return JobState.DONE if succeeded else JobState.FAILED


def _provenance(
    job: FormerJob, translation: Translation, tasks: Sequence[EndedTask], written: Written
) -> dict[str, Any]:
    """Where the job comes from, and what did not come with it."""
    return {
        "source": str(job.root),
        "tasks": [{"task_id": task.spec.task_id, "end": task.end.value} for task in tasks],
        "notes": written.notes[:MAX_NOTES],
        "settings_notes": translation.settings_notes,
        "job_metadata": job.metadata,
        "registry": {name: job.entry[name] for name in _OF_THE_REGISTRY if name in job.entry},
    }


def _task_files(folder: JobFolder, task: EndedTask, begun: str) -> dict[Path, Content]:
    """One task; its journal lies beside it, for no process of ours ever ran it."""
    place = folder.task(task.spec.task_id)
    return {
        place / "task.json": as_json(task.spec.model_dump(mode="json")),
        place / "events.jsonl": b"".join(write_line(begun, kind, data) for kind, data in task.lines),
        **{place / name: content for name, content in task.files.items()},
    }
