"""JobService: the verbs that clients call, one method each, the same for ZeroMQ, REST and the command line.

A verb checks, changes a container and persists it; what follows from that (starting, asking, ending processes) is the
daemon's. Method names and parameters are those of the protocol's table.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vestim_core.jobs.artifacts import list_files, read_piece
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.managers.hyperparameters import SECTIONS
from vestim_core.jobs.managers.setup import TrainingSetupManager
from vestim_core.protocol.limits import MAX_PIECE_BYTES
from vestim_core.spec.errors import not_found, refused, wrong_input
from vestim_core.spec.job import JobSpec, validate_job
from vestim_core.spec.states import JOB_ENDS, Intent, JobState, Phase


class JobService:
    """The verbs over one `JobManager`."""

    def __init__(self, manager: JobManager) -> None:
        self.manager = manager

    # --- from a draft to a running job

    def create_job(self, name: str = "", spec: dict[str, Any] | None = None) -> dict[str, Any]:
        """A draft with a whole spec, part of one, or none."""
        return _state(self.manager.create_job(name, spec or {}))

    def save_data(self, job_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """Replace a draft's data section."""
        container = self.manager.get(job_id)
        container.save_document({**container.document, "data": data})
        self.manager.persist_job_container(container)
        return _state(container)

    def save_hyperparameters(self, job_id: str, sections: dict[str, Any]) -> dict[str, Any]:
        """Replace sections of a draft other than its data."""
        unknown = sorted(set(sections) - set(SECTIONS))
        if unknown:
            raise wrong_input(f"'{unknown[0]}' is no section: use {', '.join(SECTIONS)}", place=unknown[0])
        container = self.manager.get(job_id)
        container.save_document({**container.document, **sections})
        self.manager.persist_job_container(container)
        return _state(container)

    def setup_training_tasks(self, job_id: str) -> dict[str, Any]:
        """Expand the draft's grids and repetitions into tasks and return their number."""
        container = self.manager.get(job_id)
        self._set_up(container)
        self.manager.persist_job_container(container)
        details = container.managers[Phase.TRAINING_SETUP].details
        return {"job_id": job_id, "task_count": details["task_count"], "trial_count": details["trial_count"]}

    def start(self, job_id: str) -> dict[str, Any]:
        """Fix the spec and put the job in the queue; its tasks are set up if they are not yet."""
        container = self.manager.get(job_id)
        if container.state is not JobState.DRAFT:
            raise refused(f"job {job_id} is {container.state} and was started before", place="job_id")
        if not container.tasks:
            self._set_up(container)
        container.set_state(JobState.QUEUED)
        self.manager.write_job_json(container)
        self.manager.persist_job_container(container)
        return _state(container)

    def submit(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Create, set up and start in one command; nothing is made of a spec that is not valid."""
        check_against_machine(validate_job(spec))
        job_id = self.create_job(spec=spec)["job_id"]
        counts = self.setup_training_tasks(job_id)
        return {**counts, **self.start(job_id)}

    def stop(self, job_id: str, test: bool = True) -> dict[str, Any]:
        """End training after the running batch, keep the best weights, and test what has a model unless told not to."""
        container = self.manager.get(job_id)
        if container.state is JobState.DRAFT:
            raise refused(f"job {job_id} was never started", place="job_id")
        if container.state not in JOB_ENDS:
            container.set_intent(Intent.STOP, test=test)
            self.manager.persist_job_container(container)
        return _state(container)

    # --- reading

    def list_jobs(self, state: str = "") -> dict[str, Any]:
        """One summary per job, newest first."""
        if state and state not in set(JobState):
            raise wrong_input(f"'{state}' is no state of a job: use {', '.join(JobState)}", place="state")
        return {"jobs": self.manager.registry.summaries(state)}

    def show_job(self, job_id: str) -> dict[str, Any]:
        """The job at its three levels."""
        return self.manager.get(job_id).status()

    def list_artifacts(self, job_id: str) -> dict[str, Any]:
        """Every file in the job's folder."""
        self.manager.get(job_id)
        return {"artifacts": list_files(self.manager.folder(job_id).root)}

    def read_artifact(self, job_id: str, path: str, offset: int = 0, length: int = MAX_PIECE_BYTES) -> dict[str, Any]:
        """A piece of one file in the job's folder."""
        self.manager.get(job_id)
        return read_piece(self.manager.folder(job_id).root, path, offset, length)

    def read_log(self, job_id: str, task_id: str, attempt: int, which: str, offset: int, length: int) -> bytes:
        """A piece of what an attempt wrote to its standard output (`out`) or error (`err`)."""
        container = self.manager.get(job_id)
        if task_id not in container.tasks:
            raise not_found(f"job {job_id} has no task '{task_id}'", place="cursors")
        path = self.manager.folder(job_id).attempt(task_id, attempt) / f"std{which}.log"
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def _set_up(self, container: JobContainer) -> None:
        spec = validate_job(container.document)
        check_against_machine(spec)
        setup = container.managers[Phase.TRAINING_SETUP]
        if isinstance(setup, TrainingSetupManager):
            container.replace_tasks(setup.expand(spec))


def check_against_machine(spec: JobSpec) -> None:
    """Refuse what this machine cannot do: files that are not there, more threads than cores. `VestimError`."""
    for role, paths in (("train", spec.data.train), ("validation", spec.data.validation), ("test", spec.data.test)):
        for number, path in enumerate(paths, 1):
            if not Path(path).exists():
                raise wrong_input(
                    f"there is no file or folder '{path}': check data.{role}", place=f"data.{role}[{number}]"
                )
    cores = os.cpu_count() or 1
    threads = max(training.threads for grid in spec.training for training in grid.choices)
    if threads > cores:
        raise wrong_input(
            f"training.threads is {threads}, but this machine has {cores} cores", place="training.threads"
        )


def _state(container: JobContainer) -> dict[str, Any]:
    return {"job_id": container.job_id, "state": container.state.value}
