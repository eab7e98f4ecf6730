"""JobService: the verbs that clients call, one method each, the same for ZeroMQ, REST and the command line.

A verb checks, changes a container and persists it; what follows (starting, stopping, ending processes) is the daemon's
task. Method names and parameters are those of the protocol's method table.
"""

from __future__ import annotations

import os
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vestim_core.jobs.artifacts import list_files, read_piece
from vestim_core.jobs.column_mappings import remember_mapping
from vestim_core.jobs.disk_space import require_disk_space
from vestim_core.jobs.evaluation_tasks import evaluation_task
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_views import is_imported
from vestim_core.jobs.legacy.legacy_importer import LegacyImporter
from vestim_core.jobs.legacy.settings_files import read_settings
from vestim_core.jobs.managers.hyperparameters import SECTIONS
from vestim_core.jobs.managers.training_setup import TrainingSetupManager
from vestim_core.jobs.readiness import resolve_data_set, start_problems, startable_spec, strip_data_set_content
from vestim_core.jobs.registry_rebuild import register_job_folder
from vestim_core.jobs.training_speeds import read_speeds
from vestim_core.protocol.message_limits import MAX_CHUNK_BYTES, MAX_JOBS_PER_REPLY, MAX_TASKS_PER_REPLY
from vestim_core.spec.data import FileRepair
from vestim_core.spec.data_set import DataSet, DataSetSpec
from vestim_core.spec.errors import not_found, refused, wrong_input
from vestim_core.spec.estimates import EstimateContext, estimate_job
from vestim_core.spec.ids import is_inspection_id
from vestim_core.spec.inspection import Inspection
from vestim_core.spec.job import to_vestim_error
from vestim_core.spec.job_presets import installed_presets
from vestim_core.spec.schema_upgrade import upgrade_draft
from vestim_core.spec.states import TERMINAL_JOB_STATES, Intent, JobState, Phase
from vestim_core.system import gpu_count

MAX_COPIED_NAME = 190  # characters; leaves room for " (copy)" below the 200 of a job's name


class JobService:
    """The verbs over one `JobManager`; called by the daemon's main thread."""

    def __init__(self, manager: JobManager) -> None:
        self.manager = manager
        self._legacy = LegacyImporter(manager)

    # --- from a draft to a running job

    def create_job(self, name: str = "", spec: dict[str, Any] | None = None) -> dict[str, Any]:
        """Create a draft with a complete spec, part of one, or none; keys of earlier versions get today's names."""
        upgraded = upgrade_draft(spec or {})
        return {**_state_reply(self.manager.create_job(name, upgraded.document)), "notes": list(upgraded.notes)}

    def save_draft(self, job_id: str, document: dict[str, Any]) -> dict[str, Any]:
        """Replace a draft's whole document, stored as given, valid or not, but for keys of earlier versions."""
        container = self.manager.get(job_id)
        upgraded = upgrade_draft(document)
        container.save_document(upgraded.document)
        self.manager.persist_job_container(container)
        problems = start_problems(upgraded.document, self.manager.data_sets)
        return {**_state_reply(container), "problems": problems, "notes": list(upgraded.notes)}

    def duplicate(self, job_id: str) -> dict[str, Any]:
        """Create a draft with the settings of another job."""
        container = self.manager.get(job_id)
        if is_inspection_id(job_id):
            raise refused(f"{job_id} is a question about files and no job", location="job_id")
        copy = self.manager.create_job(
            f"{container.name[:MAX_COPIED_NAME]} (copy)", strip_data_set_content(container.document)
        )
        return _state_reply(copy)

    def save_data(self, job_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """Replace a draft's data section."""
        container = self.manager.get(job_id)
        container.save_document({**container.document, "data": data})
        self.manager.persist_job_container(container)
        return _state_reply(container)

    def save_hyperparameters(self, job_id: str, sections: dict[str, Any]) -> dict[str, Any]:
        """Replace sections of a draft other than its data."""
        unknown = sorted(set(sections) - set(SECTIONS))
        if unknown:
            raise wrong_input(f"'{unknown[0]}' is no section: use {', '.join(SECTIONS)}", location=unknown[0])
        container = self.manager.get(job_id)
        upgraded = upgrade_draft({**container.document, **sections})
        container.save_document(upgraded.document)
        self.manager.persist_job_container(container)
        return {**_state_reply(container), "notes": list(upgraded.notes)}

    def setup_training_tasks(self, job_id: str) -> dict[str, Any]:
        """Expand the draft's grids and repetitions into tasks; returns their counts."""
        container = self.manager.get(job_id)
        self._expand_tasks(container)
        self.manager.persist_job_container(container)
        details = container.managers[Phase.TRAINING_SETUP].details
        return {"job_id": job_id, "task_count": details["task_count"], "trial_count": details["trial_count"]}

    def start(self, job_id: str) -> dict[str, Any]:
        """Fix the spec and queue the job; its tasks are set up if they are not yet."""
        container = self.manager.get(job_id)
        if container.state is not JobState.DRAFT:
            raise refused(f"job {job_id} is {container.state} and was started before", location="job_id")
        require_disk_space(self.manager.home)
        document, origin = resolve_data_set(container.document, self.manager.data_sets)
        if origin:
            container.save_document(document)
            container.add_provenance({"data_set": origin})
        if not container.tasks:
            self._expand_tasks(container)
        container.set_state(JobState.QUEUED)
        self.manager.write_job_json(container)
        self.manager.persist_job_container(container)
        return _state_reply(container)

    def submit(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Create, set up and start in one command; an invalid spec creates nothing."""
        startable_spec(spec, self.manager.data_sets)
        draft = self.create_job(spec=spec)
        counts = self.setup_training_tasks(draft["job_id"])
        return {**counts, **self.start(draft["job_id"]), "notes": draft["notes"]}

    def stop(self, job_id: str, test: bool = True) -> dict[str, Any]:
        """End training after the running batch, keep the best weights, and test the trained models unless `test` is
        False."""
        container = self.manager.get(job_id)
        if container.state is JobState.DRAFT:
            raise refused(f"job {job_id} was never started", location="job_id")
        if container.state not in TERMINAL_JOB_STATES:
            container.set_intent(Intent.STOP, test=test)
            self.manager.persist_job_container(container)
        return _state_reply(container)

    def pause(self, job_id: str) -> dict[str, Any]:
        """Save each training's state and release its resources; tasks of a few seconds are finished first."""
        container = self.manager.get(job_id)
        if container.state not in {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}:
            raise refused(f"job {job_id} is {container.state}: only a queued or running job can be paused")
        if container.intent is Intent.STOP:
            raise refused(f"job {job_id} is being stopped: wait until it has, then resume it")
        container.set_intent(Intent.PAUSE)
        self.manager.persist_job_container(container)
        return _state_reply(container)

    def resume(self, job_id: str) -> dict[str, Any]:
        """Continue: a paused or held job where it stopped, an ended one with every task that did not succeed."""
        container = self.manager.get(job_id)
        if container.state is JobState.DRAFT:
            raise refused(f"job {job_id} was never started: start it")
        if is_imported(container):
            raise refused(f"job {job_id} was trained in PyBattML and cannot go on here: duplicate it to train it anew")
        require_disk_space(self.manager.home)
        if container.state in TERMINAL_JOB_STATES:
            self.manager.reopen(container)
            return _state_reply(container)
        if container.intent is Intent.STOP:
            raise refused(f"job {job_id} is being stopped: wait until it has, then resume it")
        container.set_intent(Intent.RUN)
        if container.state is JobState.HELD:
            container.set_state(JobState.QUEUED)
        self.manager.persist_job_container(container)
        return _state_reply(container)

    def evaluate(
        self,
        job_id: str,
        files: list[str],
        tasks: list[str],
        all_models: bool,
        columns: dict[str, str],
        repairs: list[dict[str, Any]],
        robustness: bool = False,
    ) -> dict[str, Any]:
        """Evaluate models of an ended job on other files or disturbed ones: the best in validation, those of `tasks`,
        or every one."""
        if is_inspection_id(job_id):
            raise refused(f"{job_id} is a question about files and no job", location="job_id")
        register_job_folder(self.manager, job_id)
        container = self.manager.get(job_id)
        if container.state not in TERMINAL_JOB_STATES:
            raise refused(f"job {job_id} is {container.state}: its models can be tested when it has ended")
        require_disk_space(self.manager.home)
        try:
            file_repairs = TypeAdapter(list[FileRepair]).validate_python(repairs)
        except ValidationError as error:
            raise to_vestim_error(error) from None
        spec = evaluation_task(container, files, tasks, all_models, columns, file_repairs, robustness)
        self.manager.add_task(container, spec)
        training_task_ids = spec.evaluation.training_task_ids if spec.evaluation else []
        return {**_state_reply(container), "task_id": spec.task_id, "training_task_ids": training_task_ids}

    def import_legacy(self, paths: list[str], after: str = "") -> dict[str, Any]:
        """Import a page of legacy jobs, limited by time; their files stay unchanged."""
        require_disk_space(self.manager.home)
        return self._legacy.import_page(paths, after)

    # --- organizing

    def archive(self, job_id: str) -> dict[str, Any]:
        """Archive a job that has ended or never started; nothing of it is lost."""
        return self._set_archived(job_id, True)

    def restore(self, job_id: str) -> dict[str, Any]:
        """Restore an archived job."""
        return self._set_archived(job_id, False)

    def delete(self, job_id: str) -> dict[str, Any]:
        """Delete a job and its folder for good; refused while any of it may run."""
        container = self.manager.get(job_id)
        if container.state not in {*TERMINAL_JOB_STATES, JobState.DRAFT}:
            raise refused(f"job {job_id} is {container.state}: stop it before it is deleted")
        self.manager.delete_job(container)
        return {"job_id": job_id, "deleted": True}

    def rename(self, job_id: str, name: str) -> dict[str, Any]:
        """Rename a job."""
        if not name.strip():
            raise wrong_input("a job needs a name that is not empty", location="name")
        return self._update_description(job_id, name=name.strip())

    def tag(self, job_id: str, add: list[str], remove: list[str]) -> dict[str, Any]:
        """Add and remove tags."""
        remaining = [tag for tag in self.manager.get(job_id).tags if tag not in remove]
        added = [tag.strip() for tag in add if tag.strip()]
        return self._update_description(job_id, tags=list(dict.fromkeys([*remaining, *added])))

    def note(self, job_id: str, text: str) -> dict[str, Any]:
        """Replace a job's note."""
        return self._update_description(job_id, note=text)

    def add_message(self, job_id: str, message: str) -> dict[str, Any]:
        """Add a text from outside to a job's messages; no state changes."""
        container = self.manager.get(job_id)
        container.add_message(message)
        self.manager.persist_job_container(container)
        return {"job_id": job_id, "last_seq": container.last_seq}

    def reorder(self, job_id: str, position: int) -> dict[str, Any]:
        """Move a job to position `place` of the queue, counted from 1; running tasks continue."""
        container = self.manager.get(job_id)
        queued_states = {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.HELD}
        if container.state not in queued_states:
            raise refused(f"job {job_id} is {container.state} and not in the queue")
        queue = [queued for queued in self.manager.job_containers.values() if queued.state in queued_states]
        queue.sort(key=lambda queued: queued.position)
        positions = [queued.position for queued in queue]
        queue.remove(container)
        queue.insert(position - 1, container)
        for position, queued_job in zip(positions, queue, strict=True):
            if queued_job.position != position:
                queued_job.set_position(position)
                self.manager.persist_job_container(queued_job)
        return {"job_id": job_id, "position": queue.index(container) + 1, "queue": [queued.job_id for queued in queue]}

    # --- inspections of files, before a job exists

    def sniff(self, files: list[str], columns: dict[str, str]) -> dict[str, Any]:
        """Request the kind of these files; an inspecting worker answers."""
        return self._inspect({"action": "sniff", "files": files, "columns": columns})

    def check(self, files: list[dict[str, Any]], columns: dict[str, str]) -> dict[str, Any]:
        """Request findings about these files."""
        return self._inspect({"action": "check", "files": files, "columns": columns})

    def preview(
        self, file: str, columns: dict[str, str], signals: list[str], points: int, repairs: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Request the signals of a file, thinned out."""
        request = {"file": file, "columns": columns, "signals": signals, "points": points, "repairs": repairs}
        return self._inspect({"action": "preview", **request})

    def rewrite(
        self, files: list[str], folder: str, columns: dict[str, str], repairs: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Request repaired copies of these files."""
        request = {"files": files, "folder": folder, "columns": columns, "repairs": repairs}
        return self._inspect({"action": "rewrite", **request})

    def generate_demo(self) -> dict[str, Any]:
        """Request the demo's files, written unless they are complete already, and the job on them."""
        return self._inspect({"action": "generate_demo"})

    def map_columns(self, header: list[str], columns: dict[str, str]) -> dict[str, Any]:
        """Remember the columns of files with this header; an empty mapping forgets them."""
        remember_mapping(self.manager.home.mappings, header, columns)
        return {"header": header, "columns": columns}

    # --- data sets

    def save_data_set(self, name: str, spec: dict[str, Any], data_set: str = "") -> dict[str, Any]:
        """Create a data set, or change one, and have its files checked."""
        try:
            data_set_spec = DataSetSpec.model_validate(spec)
        except ValidationError as error:
            raise to_vestim_error(error) from None
        data_sets = self.manager.data_sets
        saved_data_set = (
            data_sets.change(data_sets.find(data_set), name, data_set_spec)
            if data_set
            else data_sets.add(name, data_set_spec)
        )
        return _data_set_reply(saved_data_set)

    def list_data_sets(self) -> dict[str, Any]:
        """One summary per data set."""
        return {"data_sets": self.manager.registry.data_set_summaries()}

    def show_data_set(self, data_set: str) -> dict[str, Any]:
        """A data set with its files and findings."""
        entry = self.manager.data_sets.find(data_set)
        return {**entry.to_record(), **entry.summary()}

    def check_data_set(self, data_set: str) -> dict[str, Any]:
        """Check the files again; jobs that start later use the new content."""
        return _data_set_reply(self.manager.data_sets.check(self.manager.data_sets.find(data_set)))

    def rename_data_set(self, data_set: str, name: str) -> dict[str, Any]:
        """Rename a data set."""
        return _data_set_reply(self.manager.data_sets.rename(self.manager.data_sets.find(data_set), name))

    def delete_data_set(self, data_set: str) -> dict[str, Any]:
        """Delete a data set; files and jobs stay unchanged."""
        entry = self.manager.data_sets.find(data_set)
        self.manager.data_sets.delete(entry)
        return {"data_set_id": entry.data_set_id, "name": entry.name, "deleted": True}

    # --- reading

    def estimate(self, spec: dict[str, Any], train_rows: int | None = None) -> dict[str, Any]:
        """Estimate a job's models, parameters, memory, and its time when trainings of its kind have ended here."""
        speeds = read_speeds(self.manager.home.speeds)
        upgraded = upgrade_draft(spec)
        context = EstimateContext(speeds, os.cpu_count() or 1, gpu_count(), train_rows)
        return {**estimate_job(upgraded.document, context), "notes": list(upgraded.notes)}

    def read_hyperparameters(self, document: dict[str, Any] | list[Any]) -> dict[str, Any]:
        """Convert legacy settings to sections of a job, with a note on each setting that has no counterpart."""
        return read_settings(document)

    def list_presets(self) -> dict[str, Any]:
        """Complete settings to start from, without data."""
        return {"presets": [preset.to_record() for preset in installed_presets()]}

    def list_jobs(self, state: str = "", after: str = "", limit: int = MAX_JOBS_PER_REPLY) -> dict[str, Any]:
        """One page of job summaries, newest first."""
        if state and state not in set(JobState):
            raise wrong_input(f"'{state}' is no state of a job: use {', '.join(JobState)}", location="state")
        jobs, next_page = self.manager.registry.summaries(state, after, limit)
        return {"jobs": jobs, "next": next_page}

    def show_job(self, job_id: str, tasks_from: int = 0, tasks_limit: int = MAX_TASKS_PER_REPLY) -> dict[str, Any]:
        """The job at its three levels, with one page of its tasks; for a draft also the problems that prevent a
        start."""
        container = self.manager.get(job_id)
        status = container.status(tasks_from, tasks_limit)
        if container.state is JobState.DRAFT:
            status["problems"] = start_problems(container.document, self.manager.data_sets)
        return status

    def list_artifacts(self, job_id: str) -> dict[str, Any]:
        """Every file in the job's folder."""
        self.manager.get(job_id)
        return {"artifacts": list_files(self.manager.folder(job_id).root)}

    def read_artifact(self, job_id: str, path: str, offset: int = 0, length: int = MAX_CHUNK_BYTES) -> dict[str, Any]:
        """A piece of one file in the job's folder."""
        self.manager.get(job_id)
        return read_piece(self.manager.folder(job_id).root, path, offset, length)

    def read_log(self, job_id: str, task_id: str, attempt: int, which: str, offset: int, length: int) -> bytes:
        """A piece of an attempt's standard output (`out`) or standard error (`err`)."""
        container = self.manager.get(job_id)
        if task_id not in container.tasks:
            raise not_found(f"job {job_id} has no task '{task_id}'", location="cursors")
        path = self.manager.folder(job_id).attempt(task_id, attempt) / f"std{which}.log"
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            file.seek(min(offset, file.seek(0, os.SEEK_END)))
            return file.read(length)

    def _inspect(self, document: dict[str, Any]) -> dict[str, Any]:
        try:
            inspection = TypeAdapter[Any](Inspection).validate_python(document)
        except ValidationError as error:
            raise to_vestim_error(error) from None
        container = self.manager.create_inspection(inspection.model_dump(mode="json"))
        return {"inspection_id": container.job_id}

    def _set_archived(self, job_id: str, archived: bool) -> dict[str, Any]:
        container = self.manager.get(job_id)
        container.set_archived(archived)
        self.manager.persist_job_container(container)
        return {**_state_reply(container), "archived": archived}

    def _update_description(self, job_id: str, **changes: Any) -> dict[str, Any]:
        container = self.manager.get(job_id)
        container.update_labels(**changes)
        self.manager.persist_job_container(container)
        return {"job_id": job_id, "name": container.name, "note": container.note, "tags": container.tags}

    def _expand_tasks(self, container: JobContainer) -> None:
        if container.state is not JobState.DRAFT:
            raise refused(f"job {container.job_id} was started: its tasks are fixed", location="job_id")
        spec = startable_spec(container.document, self.manager.data_sets)
        setup = container.managers[Phase.TRAINING_SETUP]
        if isinstance(setup, TrainingSetupManager):
            container.replace_tasks(setup.expand(spec))


def _data_set_reply(data_set: DataSet) -> dict[str, Any]:
    return {
        "data_set_id": data_set.data_set_id,
        "name": data_set.name,
        "state": data_set.state.value,
        "inspection_id": data_set.inspection_id,
    }


def _state_reply(container: JobContainer) -> dict[str, Any]:
    return {"job_id": container.job_id, "state": container.state.value}
