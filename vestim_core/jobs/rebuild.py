"""The registry from the job folders: what a lost or damaged database held, told again by the files that remain.

Jobs, specs, names, tags, states, tasks, attempts, results and the workers' events come back; event numbers are new,
and so is the lineage, so that every client starts over. A folder that cannot be understood is left alone and named.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.folders import JobFolder
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.managers.setup import TrainingSetupManager
from vestim_core.jobs.reconciler import SetJob, SetTask, reconcile
from vestim_core.jobs.tasks import Task
from vestim_core.protocol.journal import read_lines
from vestim_core.protocol.launch import ExitFile, Launch
from vestim_core.spec.errors import ErrorCode, VestimError, wrong_input
from vestim_core.spec.ids import is_safe_id
from vestim_core.spec.job import validate_job
from vestim_core.spec.states import JOB_ENDS, AttemptState, Intent, JobState, Phase, TaskKind, TaskState
from vestim_core.spec.task import TaskSpec
from vestim_core.system import read_json
from vestim_core.system.failpoints import failpoint

log = logging.getLogger(__name__)
_AFTER = {
    AttemptState.FINISHED: TaskState.DONE,
    AttemptState.STOPPED: TaskState.STOPPED,
    AttemptState.PAUSED: TaskState.PAUSED,
}


def take_in(manager: JobManager, job_id: str) -> JobContainer | None:
    """Make a job whose folder was put into the workspace one of the registry's; None for one that it knows, which is
    not touched, and where there is no such folder. `VestimError` for a folder that cannot be understood."""
    folder = manager.folder(job_id)
    if manager.registry.has(job_id) or not folder.state_json.is_file():
        return None
    try:
        container = _job_from(folder)
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise wrong_input(
            f"'{folder.root}' cannot be opened as a job ({error}): copy the whole folder anew", place="job_id"
        ) from None
    if container.state is JobState.DRAFT:
        manager.job_containers[job_id] = container
    manager.persist_job_container(container)
    return container


def rebuild(manager: JobManager) -> list[str]:
    """Bring back every data set and job of the workspace into an empty registry; a sentence for each that could not
    be."""
    problems = manager.data_sets.rebuild()
    for root in sorted(manager.home.jobs.iterdir()) if manager.home.jobs.is_dir() else []:
        if not root.is_dir() or root.is_symlink() or not is_safe_id(root.name):
            continue
        try:
            container = _job_from(JobFolder(root))
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
    """One attempt as its folder tells it."""

    launch: Launch
    folder: Path
    exit: ExitFile | None


def _job_from(folder: JobFolder) -> JobContainer:
    state: dict[str, Any] = read_json(folder.state_json)
    if state["job_id"] != folder.root.name:
        raise ValueError(f"its state.json belongs to job {state['job_id']}")
    draft = JobState(state["state"]) is JobState.DRAFT
    job: dict[str, Any] = {} if draft else read_json(folder.job_json)
    container = JobContainer(state["job_id"], state["name"], {}, state["created_utc"], state.get("position", 0))
    container.save_document(state["draft"] if draft else job["spec"])
    if draft and state.get("imported"):
        container.provenance = {"imported": state["imported"]}
    if not draft:
        kept = ("prepare_", "data_set", "imported")
        known = {key: value for key, value in job["provenance"].items() if key.startswith(kept)}
        _bring_back_work(container, folder, _imported_runs(state, folder, known.get("imported") or {}))
        container.provenance = known or container.provenance
        container.set_intent(Intent(state["intent"]), test=state.get("test_after_stop", True))
        _settle(container, JobState(state["state"]))
    container.describe(name=state["name"], note=state.get("note", ""), tags=state.get("tags", []))
    container.archived = state["archived"]
    container.started_utc, container.ended_utc = state["started_utc"], state["ended_utc"]
    return container


def _imported_runs(state: dict[str, Any], folder: JobFolder, imported: dict[str, Any]) -> list[_Run]:
    """One run of each task that no process of ours ever ran; its journal lies in the task's folder."""
    runs = []
    for task in imported.get("tasks") or []:
        task_id, end = task["task_id"], AttemptState(task["end"])
        launch = Launch(
            job_id=state["job_id"], task_id=task_id, attempt=1, home="", threads=1, started_utc=state["started_utc"]
        )
        failed = VestimError(ErrorCode.FAILED, f"{task_id} had failed before it was imported", place=task_id)
        error = dict(failed.to_record()) if end is AttemptState.FAILED else None
        last_word = ExitFile(state=end, error=error, ended_utc=state["ended_utc"])
        runs.append(_Run(launch, folder.task(task_id), last_word))
    return runs


def _bring_back_work(container: JobContainer, folder: JobFolder, imported: list[_Run]) -> None:
    """The tasks and what their attempts left. imported: runs of tasks that no spec gives, but their files."""
    setup = container.managers[Phase.TRAINING_SETUP]
    assert isinstance(setup, TrainingSetupManager)
    if imported:
        paths = [run.folder / "task.json" for run in imported]
        container.replace_tasks(setup.take([TaskSpec.model_validate(read_json(path)) for path in paths]))
    else:
        container.replace_tasks(setup.expand(validate_job(container.document)))
    container.set_state(JobState.QUEUED)
    for written in sorted(folder.root.glob(f"tasks/{TaskKind.RETEST}_*/task.json"), key=_number):
        spec = TaskSpec.model_validate(read_json(written))
        container.tasks[spec.task_id] = Task.from_spec(spec)
    for task_id, task in container.tasks.items():
        written = folder.task(task_id) / "task.json"
        if not imported and written.is_file():
            task.document = read_json(written)
            task.threads = int(task.document.get("threads", task.threads))
        task.has_model = (folder.result(task_id) / "model.json").is_file()
    runs = [*imported, *_runs(container, folder)]
    for run in sorted(runs, key=lambda run: (run.launch.started_utc, run.launch.attempt)):
        _bring_back_run(container, run)


def _number(task_json: Path) -> int:
    """The number at the end of a task's id."""
    return int(task_json.parent.name.rpartition("_")[2])


def _runs(container: JobContainer, folder: JobFolder) -> list[_Run]:
    runs: list[_Run] = []
    for task_id in container.tasks:
        for attempt in (folder.task(task_id) / "attempts").glob("*"):
            if (attempt / "launch.json").is_file():
                launch = Launch.model_validate(read_json(attempt / "launch.json"))
                last_word = attempt / "exit.json"
                ended = ExitFile.model_validate(read_json(last_word)) if last_word.is_file() else None
                runs.append(_Run(launch, attempt, ended))
    return runs


def _bring_back_run(container: JobContainer, run: _Run) -> None:
    task_id = run.launch.task_id
    task = container.tasks[task_id]
    container.set_task_state(task_id, TaskState.READY)
    if task.attempt is not None:
        task.attempt.number = run.launch.attempt - 1
    attempt = container.new_attempt(task_id)
    attempt.number, attempt.started_utc = run.launch.attempt, run.launch.started_utc
    born = run.folder / "worker.json"
    if born.is_file():
        who = read_json(born)
        container.attempt_started(task_id, int(who["pid"]), float(who["create_time"]))
    journal = run.folder / "events.jsonl"
    if journal.is_file():
        container.ingest(task_id, *read_lines(journal.read_bytes(), 0))
    if run.exit is None:
        return  # it runs still, or the daemon finds out that it does not
    error = VestimError.from_record(dict(run.exit.error)) if run.exit.error else None
    container.attempt_ended(task_id, run.exit.state, error)
    attempt.ended_utc = run.exit.ended_utc
    container.set_task_state(task_id, _AFTER.get(run.exit.state, TaskState.FAILED))


def _settle(container: JobContainer, state: JobState) -> None:
    """Let what follows from the attempts follow, up to the state that the job was in."""
    if state is JobState.HELD:
        container.set_state(JobState.HELD)
        return
    if state not in JOB_ENDS and state is not JobState.PAUSED:
        return
    for task in container.tasks.values():
        if state in JOB_ENDS and task.kind is TaskKind.ENSEMBLE and task.attempt is None:
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
