"""A legacy job written as a job folder of today, as a worker and the daemon would have left it.

It is written under a temporary name and renamed, so that a folder with a job's id is complete. Weights are copied
unchanged; the first test converts them to a model.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import vestim_core
from vestim_core.jobs.job_folder import JobFolder
from vestim_core.jobs.legacy.data_sources import data_section
from vestim_core.jobs.legacy.ended_tasks import MAX_NOTES, EndedTask, FileContent, ImportReport, ended_tasks, json_bytes
from vestim_core.jobs.legacy.job_reader import LegacyJob
from vestim_core.jobs.legacy.legacy_status import created_utc, ended_utc
from vestim_core.jobs.legacy.trial_translation import JobTranslation, translate_job
from vestim_core.protocol.journal_lines import write_line
from vestim_core.spec.schema_upgrade import SCHEMA_VERSION
from vestim_core.spec.states import AttemptState, Intent, JobState, TaskKind

TAG = "imported"
_REGISTRY_KEYS = ("status", "current_phase", "progress_message", "updated_at", "job_folder")


def write_legacy_job(job: LegacyJob, jobs: Path) -> ImportReport:
    """Write `job` into `jobs`, where no job may have its id. Raises OSError when the disk accepts no more data."""
    report = ImportReport()
    translation = translate_job(job)
    report.notes += [*job.read_notes, *translation.notes]
    tasks = ended_tasks(job, translation, report)
    incoming = jobs / f".incoming-{job.job_id}"
    shutil.rmtree(incoming, ignore_errors=True)
    try:
        _write_files(incoming, _job_files(JobFolder(incoming), job, translation, tasks, report))
        incoming.rename(jobs / job.job_id)
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise
    return report


def _write_files(root: Path, files: Mapping[Path, FileContent]) -> None:
    """Write files and create their folders below `root`."""
    existing = {root.parent}

    def make_folder(folder: Path) -> None:
        if folder not in existing:
            make_folder(folder.parent)
            folder.mkdir()
            existing.add(folder)

    for path, content in files.items():
        make_folder(path.parent)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)


def _job_files(
    folder: JobFolder,
    job: LegacyJob,
    translation: JobTranslation,
    tasks: Sequence[EndedTask],
    report: ImportReport,
) -> dict[Path, FileContent]:
    """All files of the folder."""
    created, state = created_utc(job), _end_state(tasks)
    ended_at = ended_utc(job, created)
    document = {"name": job.job_id, "data": data_section(job, translation.columns), **translation.sections}
    imported = _provenance(job, translation, tasks, report)
    draft = {"draft": document, "imported": imported} if state is JobState.DRAFT else {"draft": None, "imported": None}
    files: dict[Path, FileContent] = {
        folder.state_json: json_bytes({**_state_record(job, state, created, ended_at), **draft})
    }
    if state is JobState.DRAFT:
        return files
    job_record = {
        "schema_version": SCHEMA_VERSION,
        "job_id": job.job_id,
        "name": job.job_id,
        "spec": document,
        "provenance": {"vestim": vestim_core.__version__, "created_utc": created, "imported": imported},
    }
    files[folder.job_json] = json_bytes(job_record)
    for task in tasks:
        files |= _task_files(folder, task, created)
    return files


def _state_record(job: LegacyJob, state: JobState, created: str, ended_at: str) -> dict[str, Any]:
    """Content of `state.json`."""
    is_draft = state is JobState.DRAFT
    return {
        "schema_version": SCHEMA_VERSION,
        "job_id": job.job_id,
        "name": job.job_id,
        "state": state.value,
        "intent": (Intent.STOP if state is JobState.STOPPED else Intent.RUN).value,
        "archived": False,
        "tags": [TAG],
        "note": "",
        "position": 0,
        "test_after_stop": True,
        "created_utc": created,
        "started_utc": "" if is_draft else created,
        "ended_utc": "" if is_draft else ended_at,
    }


def _end_state(tasks: Sequence[EndedTask]) -> JobState:
    """State that the reconciler gives a job with these ended tasks; DRAFT without tasks."""
    if not tasks:
        return JobState.DRAFT
    end_states = {task.end for task in tasks}
    if AttemptState.STOPPED in end_states:
        return JobState.STOPPED
    has_succeeded = any(task.spec.kind is TaskKind.TEST for task in tasks) or end_states == {AttemptState.FINISHED}
    return JobState.DONE if has_succeeded else JobState.FAILED


def _provenance(
    job: LegacyJob, translation: JobTranslation, tasks: Sequence[EndedTask], report: ImportReport
) -> dict[str, Any]:
    """Origin of the job, and what was not imported."""
    return {
        "source": str(job.root),
        "tasks": [{"task_id": task.spec.task_id, "end": task.end.value} for task in tasks],
        "notes": report.notes[:MAX_NOTES],
        "settings_notes": translation.settings_notes,
        "job_metadata": job.metadata,
        "registry": {name: job.registry_entry[name] for name in _REGISTRY_KEYS if name in job.registry_entry},
    }


def _task_files(folder: JobFolder, task: EndedTask, started: str) -> dict[Path, FileContent]:
    """Files of one task; its journal lies in the task's folder, since no Vestim process ran it."""
    task_folder = folder.task(task.spec.task_id)
    return {
        task_folder / "task.json": json_bytes(task.spec.model_dump(mode="json")),
        task_folder / "events.jsonl": b"".join(write_line(started, kind, data) for kind, data in task.lines),
        **{task_folder / name: content for name, content in task.files.items()},
    }
