"""A job manager and service over a registry of their own, without a daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.spec.documents import job_document_with_files
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.job_service import JobService
from vestim_core.spec.states import TaskKind
from vestim_core.system import Home


def open_service(home: Path) -> JobService:
    """Job service over a new or existing home."""
    paths = Home(home)
    paths.ensure()
    manager = JobManager(paths, Registry(paths.registry))
    manager.load_jobs_from_registry()
    return JobService(manager)


def submit_job(service: JobService, folder: Path, **sections: Any) -> JobContainer:
    """Submit a job and return its container."""
    with service.manager.unit_of_work():
        answer = service.submit(job_document_with_files(folder, **sections))
    return service.manager.get(answer["job_id"])


def task_ids(container: JobContainer, kind: TaskKind) -> list[str]:
    """Ids of the tasks of a kind."""
    return [task.task_id for task in container.tasks.values() if task.kind is kind]
