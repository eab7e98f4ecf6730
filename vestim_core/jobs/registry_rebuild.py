"""Reconstruction of the registry from the job folders, after the database was lost or damaged.

Jobs, specs, names, tags, states, tasks, attempts, results and the workers' events come back; event numbers and lineage
are new, so that every client starts over. A folder that cannot be read is left alone and reported.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_folder import JobFolder
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.managers.training_setup import TrainingSetupManager
from vestim_core.jobs.reconciler import SetJob, SetTask, reconcile
from vestim_core.jobs.tasks import Task
from vestim_core.protocol.attempt_files import ExitFile, LaunchFile
from vestim_core.protocol.journal_lines import read_lines
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.spec.ids import is_safe_id
from vestim_core.spec.job import validate_job
from vestim_core.spec.schema_upgrade import SCHEMA_VERSION, upgrade_job_record, upgrade_record
from vestim_core.spec.states import TERMINAL_JOB_STATES, AttemptState, Intent, JobState, Phase, TaskKind, TaskState
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json
from vestim_core.system.failpoints import failpoint

EARLIER_EVALUATION_IDS = ("retest",)  # prefixes of the ids of evaluation tasks before schema 3

log = logging.getLogger(__name__)
_STATE_AFTER = {
    AttemptState.FINISHED: TaskState.DONE,
    AttemptState.STOPPED: TaskState.STOPPED,
    AttemptState.PAUSED: TaskState.PAUSED,
    AttemptState.FAILED: TaskState.FAILED,
}
_VIOLENT_ENDS = (AttemptState.KILLED, AttemptState.LOST)
_STATE_AFTER_VIOLENT_END = {
    Intent.STOP: TaskState.STOPPED,
    Intent.PAUSE: TaskState.PAUSED,
    Intent.RUN: TaskState.FAILED,
}
"""By the job's intent, as the reconciler decides when no retry is left."""


def register_job_folder(manager: JobManager, job_id: str) -> JobContainer | None:
    """Register a job whose folder was copied into the workspace.

    None for a job that the registry knows, which is not changed, and for a missing folder. `VestimError` for a folder
    that cannot be read.
    """
    folder = manager.folder(job_id)
    if manager.registry.has_job(job_id) or not folder.state_json.is_file():
        return None
    try:
        container = _read_job(folder)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise wrong_input(
            f"'{folder.root}' cannot be opened as a job ({error}): copy the whole folder anew", location="job_id"
        ) from None
    if container.state is JobState.DRAFT:
        manager.job_containers[job_id] = container
    manager.persist_job_container(container)
    return container


def rebuild(manager: JobManager) -> list[str]:
    """Load every data set and job of the workspace into an empty registry; one message for each that could not be
    loaded."""
    problems = manager.data_sets.rebuild()
    for root in sorted(manager.home.jobs.iterdir()) if manager.home.jobs.is_dir() else []:
        if not root.is_dir() or root.is_symlink() or not is_safe_id(root.name):
            continue
        try:
            container = _read_job(JobFolder(root))
        except (OSError, ValueError, KeyError, TypeError, ValidationError, VestimError) as error:
            problems.append(f"'{root}' could not be brought back ({error}): it is left as it is")
            log.warning(problems[-1])
            continue
        manager.job_containers[container.job_id] = container
        manager.persist_job_container(container)
        failpoint("rebuild.job")
    return problems


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt, read from its folder."""

    launch: LaunchFile
    folder: Path
    exit: ExitFile | None


def _read_job(folder: JobFolder) -> JobContainer:
    state = upgrade_job_record(read_json(folder.state_json), "draft")
    if state.get("schema_version", 1) > SCHEMA_VERSION:
        raise ValueError(f"it is of schema {state['schema_version']}, this version reads up to {SCHEMA_VERSION}")
    if state["job_id"] != folder.root.name:
        raise ValueError(f"its state.json belongs to job {state['job_id']}")
    is_draft = JobState(state["state"]) is JobState.DRAFT
    job = {} if is_draft else upgrade_job_record(read_json(folder.job_json))
    container = JobContainer(state["job_id"], state["name"], {}, state["created_utc"], state.get("position", 0))
    container.save_document(state["draft"] if is_draft else job["spec"])
    if is_draft and state.get("imported"):
        container.provenance = {"imported": state["imported"]}
    if not is_draft:
        kept_prefixes = ("prepare_", "data_set", "imported")
        provenance = {key: value for key, value in job["provenance"].items() if key.startswith(kept_prefixes)}
        intent = Intent(state["intent"])
        _restore_tasks(container, folder, _imported_runs(state, folder, provenance.get("imported") or {}), intent)
        container.provenance = provenance or container.provenance
        container.set_intent(intent, test=state.get("test_after_stop", True))
        _restore_job_state(container, JobState(state["state"]))
    container.update_labels(name=state["name"], note=state.get("note", ""), tags=state.get("tags", []))
    container.archived = state["archived"]
    container.started_utc, container.ended_utc = state["started_utc"], state["ended_utc"]
    return container


def _imported_runs(state: dict[str, Any], folder: JobFolder, imported: dict[str, Any]) -> list[_Run]:
    """One run of each imported task, which no Vestim process ran; its journal lies in the task's folder."""
    runs = []
    for task in imported.get("tasks") or []:
        task_id, end_state = task["task_id"], AttemptState(task["end"])
        launch = LaunchFile(
            job_id=state["job_id"], task_id=task_id, attempt=1, home="", threads=1, started_utc=state["started_utc"]
        )
        failure = VestimError(ErrorCode.FAILED, f"{task_id} had failed before it was imported", location=task_id)
        error = dict(failure.to_record()) if end_state is AttemptState.FAILED else None
        exit_file = ExitFile(state=end_state, error=error, ended_utc=state["ended_utc"])
        runs.append(_Run(launch, folder.task(task_id), exit_file))
    return runs


def _restore_tasks(container: JobContainer, folder: JobFolder, imported: list[_Run], intent: Intent) -> None:
    """Restore the tasks and their attempts. imported: runs of tasks that are read from files, not from the spec.
    intent: what the user wants of the job."""
    setup = container.managers[Phase.TRAINING_SETUP]
    assert isinstance(setup, TrainingSetupManager)
    if imported:
        paths = [run.folder / "task.json" for run in imported]
        container.replace_tasks(setup.summarize([TaskSpec.model_validate(read_json(path)) for path in paths]))
    else:
        container.replace_tasks(setup.expand(validate_job(container.document)))
    container.set_state(JobState.QUEUED)
    names = (TaskKind.EVALUATION.value, *EARLIER_EVALUATION_IDS)
    evaluations = [path for name in names for path in folder.root.glob(f"tasks/{name}_*/task.json")]
    for task_json in sorted(evaluations, key=_task_index):
        spec = TaskSpec.model_validate(read_json(task_json))
        container.tasks[spec.task_id] = Task.from_spec(spec)
    for task_id, task in container.tasks.items():
        task_json = folder.task(task_id) / "task.json"
        if not imported and task_json.is_file():
            task.document = upgrade_record(read_json(task_json))
            task.threads = int(task.document.get("threads", task.threads))
        task.has_model = (folder.result(task_id) / "model.json").is_file()
    runs = [*imported, *_read_runs(container, folder)]
    for run in sorted(runs, key=lambda run: (run.launch.started_utc, run.launch.attempt)):
        _restore_run(container, run, intent)


def _task_index(task_json: Path) -> int:
    """Index at the end of a task's id."""
    return int(task_json.parent.name.rpartition("_")[2])


def _read_runs(container: JobContainer, folder: JobFolder) -> list[_Run]:
    runs: list[_Run] = []
    for task_id in container.tasks:
        for attempt in (folder.task(task_id) / "attempts").glob("*"):
            if (attempt / "launch.json").is_file():
                launch = LaunchFile.model_validate(read_json(attempt / "launch.json"))
                exit_json = attempt / "exit.json"
                exit_file = ExitFile.model_validate(read_json(exit_json)) if exit_json.is_file() else None
                runs.append(_Run(launch, attempt, exit_file))
    return runs


def _restore_run(container: JobContainer, run: _Run, intent: Intent) -> None:
    task_id = run.launch.task_id
    task = container.tasks[task_id]
    container.set_task_state(task_id, TaskState.READY)
    if task.attempt is not None:
        task.attempt.index = run.launch.attempt - 1
    attempt = container.create_attempt(task_id)
    attempt.index, attempt.started_utc = run.launch.attempt, run.launch.started_utc
    worker_json = run.folder / "worker.json"
    if worker_json.is_file():
        process = read_json(worker_json)
        container.record_attempt_start(task_id, int(process["pid"]), float(process["create_time"]))
    journal_path = run.folder / "events.jsonl"
    if journal_path.is_file():
        container.ingest(task_id, *read_lines(journal_path.read_bytes(), 0))
    if run.exit is None:
        return  # it still runs, or the daemon will find that it does not
    error = VestimError.from_record(dict(run.exit.error)) if run.exit.error else None
    container.record_attempt_end(task_id, run.exit.state, error)
    attempt.ended_utc = run.exit.ended_utc
    state_after = {**_STATE_AFTER, **dict.fromkeys(_VIOLENT_ENDS, _STATE_AFTER_VIOLENT_END[intent])}
    container.set_task_state(task_id, state_after[run.exit.state])


def _restore_job_state(container: JobContainer, state: JobState) -> None:
    """Apply what follows from the attempts, up to the state that the job was in."""
    if state is JobState.HELD:
        container.set_state(JobState.HELD)
        return
    if state not in TERMINAL_JOB_STATES and state is not JobState.PAUSED:
        return
    for task in container.tasks.values():
        if state in TERMINAL_JOB_STATES and task.kind is TaskKind.ENSEMBLE and task.attempt is None:
            container.set_task_state(task.task_id, TaskState.SKIPPED, "its job had ended without it")
    for _ in range(len(container.tasks) + 1):
        changes = [action for action in reconcile(container.facts(), 0.0) if isinstance(action, SetTask | SetJob)]
        for change in changes:
            if isinstance(change, SetTask):
                container.set_task_state(change.task_id, change.state)
            else:
                container.set_state(change.state)
        if not changes:
            return
