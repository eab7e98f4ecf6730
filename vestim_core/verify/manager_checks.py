"""Checks of JobManager: containers are its only store of jobs, jobs are persistent, legacy jobs are imported."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from vestim_core.client import import_legacy_jobs
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.job_service import JobService
from vestim_core.jobs.registry_rebuild import rebuild
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import Intent, JobState, TaskState
from vestim_core.system import Home, read_json
from vestim_core.verify.check_groups import CheckGroup, expect
from vestim_core.verify.sample_drives import sample_settings, write_drives
from vestim_core.verify.sample_legacy_job import JOB_ID, write_legacy_job, write_legacy_registry
from vestim_core.verify.sandbox import Sandbox

JOB_COUNT = 50  # created within about a second, the resolution of the time in an id; arbitrary


@dataclass(slots=True)
class ManagerFixture:
    """A home without a daemon, its manager, and the data section of jobs on existing files."""

    home: Home
    data: dict[str, list[str]]
    manager: JobManager

    @property
    def service(self) -> JobService:
        """The verbs of the manager."""
        return JobService(self.manager)

    def create_draft(self, name: str = "a job") -> JobContainer:
        """Create a draft that can be started."""
        return self.manager.get(self.service.create_job(name, {**sample_settings(), "data": self.data})["job_id"])

    def reopen(self) -> JobManager:
        """Open a new manager of the same home, as the next daemon does."""
        self.manager.registry.close()
        self.manager = _open_manager(self.home)
        return self.manager


def _open_manager(home: Home) -> JobManager:
    manager = JobManager(home, Registry(home.registry))
    manager.load_jobs_from_registry()
    return manager


@contextmanager
def _open_fixture(sandbox: Sandbox) -> Iterator[ManagerFixture]:
    home = Home(sandbox.root / "managed")
    home.ensure()
    fixture = ManagerFixture(home, write_drives(sandbox.root / "managed_data"), _open_manager(home))
    try:
        yield fixture
    finally:
        fixture.manager.registry.close()


MANAGER_GROUP = CheckGroup("JobManager: what holds and keeps the jobs", _open_fixture)


@MANAGER_GROUP.check("job_containers is the only structure that holds jobs")
def job_containers_is_the_only_store(fixture: ManagerFixture) -> None:
    containers = [fixture.create_draft() for _ in range(3)]
    job_containers = fixture.manager.job_containers
    expect(
        all(job_containers.get(container.job_id) is container for container in containers),
        "a job that was created is not in it",
    )
    for container in containers:
        expect(fixture.manager.get(container.job_id) is container, "who asks for a job gets another container")
    other_stores = [
        name
        for name, value in vars(fixture.manager).items()
        if value is not job_containers and _holds_containers(value)
    ]
    expect(not other_stores, f"{', '.join(other_stores)} of the manager holds jobs too")


def _holds_containers(value: Any) -> bool:
    values = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | set | tuple) else ()
    return any(isinstance(item, JobContainer) for item in values)


@MANAGER_GROUP.check(f"{JOB_COUNT} jobs that are made in one moment have ids of their own")
def ids_do_not_collide(fixture: ManagerFixture) -> None:
    with fixture.manager.unit_of_work():
        containers = [fixture.create_draft(f"job {index}") for index in range(JOB_COUNT)]
    ids = {container.job_id for container in containers}
    expect(len(ids) == JOB_COUNT, f"{JOB_COUNT} jobs got {len(ids)} ids")
    folders = {path.parent.name for path in fixture.home.jobs.glob("*/state.json")}
    expect(ids <= folders, f"{len(ids - folders)} of them have no folder")


@MANAGER_GROUP.check("Every change is stored, and the next manager reads the same jobs")
def jobs_are_persistent(fixture: ManagerFixture) -> None:
    container = fixture.create_draft("it lasts")
    service, job_id = fixture.service, container.job_id
    service.tag(job_id, ["kept"], [])
    service.note(job_id, "a note")
    service.setup_training_tasks(job_id)
    service.start(job_id)
    service.stop(job_id, test=False)
    status_before = {
        job_key: container_item.status() for job_key, container_item in fixture.manager.job_containers.items()
    }
    status_after = {
        job_key: container_item.status() for job_key, container_item in fixture.reopen().job_containers.items()
    }
    expect(
        status_before.keys() == status_after.keys(), f"{len(status_before)} jobs were kept and {len(status_after)} read"
    )
    changed_ids = [job_key for job_key in status_before if status_before[job_key] != status_after[job_key]]
    expect(not changed_ids, f"{', '.join(changed_ids[:3])} came back as another job")
    restored = fixture.manager.get(job_id)
    expect(restored is not container, "it was not read at all")
    expect((restored.intent, restored.stop_flag.is_set()) == (Intent.STOP, True), "what the user wanted of it is lost")


@MANAGER_GROUP.check("Every event is stored once, in order")
def events_are_stored_once_in_order(fixture: ManagerFixture) -> None:
    container = fixture.create_draft()
    for index in range(10):
        fixture.service.add_message(container.job_id, f"remark {index}")
    events, _ = fixture.manager.registry.read_events(container.job_id, 0, 1000, 1 << 20)
    numbers = [event["seq"] for event in events]
    expect(numbers == list(range(1, container.last_seq + 1)), f"of {container.last_seq} events it has {numbers}")
    texts = [event["data"]["message"] for event in events if event["kind"] == "message"]
    expect(texts == [f"remark {index}" for index in range(10)], f"what was said reads {texts}")


@MANAGER_GROUP.check("A job that has ended leaves the memory, and is loaded when it is asked for")
def ended_jobs_are_unloaded(fixture: ManagerFixture) -> None:
    container = fixture.create_draft()
    job_id, container_ref = container.job_id, weakref.ref(container)
    fixture.service.start(job_id)
    with container.batch_changes():
        for task_id in container.tasks:
            container.set_task_state(task_id, TaskState.STOPPED)
        container.set_state(JobState.STOPPED)
    fixture.manager.persist_job_container(container)
    expect(job_id not in fixture.manager.job_containers, "it is still among those that run")
    del container
    gc.collect()
    expect(container_ref() is None, "somebody still holds it, with its managers")
    expect(fixture.manager.get(job_id).state is JobState.STOPPED, "it is not what it was when it is asked for")
    expect(job_id in {row["job_id"] for row in fixture.service.list_jobs()["jobs"]}, "it is not listed any more")


@MANAGER_GROUP.check("What is done together is stored together, or not at all")
def units_are_atomic(fixture: ManagerFixture) -> None:
    container = fixture.create_draft("before")
    jobs = set(fixture.manager.job_containers)
    try:
        with fixture.manager.unit_of_work():
            fixture.service.rename(container.job_id, "after")
            fixture.create_draft("never")
            raise InterruptedError
    except InterruptedError:
        pass
    expect(fixture.manager.get(container.job_id).name == "before", "half of it is still there")
    expect(set(fixture.manager.job_containers) == jobs, "a job that was never stored is still held")
    expect(fixture.reopen().get(container.job_id).name == "before", "half of it was stored")


@MANAGER_GROUP.check("A deleted job is gone with its folder, and its id is not given again")
def deleted_jobs_are_gone(fixture: ManagerFixture) -> None:
    container = fixture.create_draft()
    folder = fixture.manager.folder(container.job_id).root
    expect(read_json(folder / "state.json")["name"] == "a job", "it had no folder that tells of it")
    fixture.service.delete(container.job_id)
    expect(not folder.exists(), "its folder is still there")
    try:
        fixture.manager.get(container.job_id)
    except VestimError as error:
        expect(error.code is ErrorCode.NOT_FOUND, f"who asks for it is told: {error.message}")
    else:
        expect(False, "it can still be asked for")
    expect(fixture.manager.registry.was_job_id_used(container.job_id), "nothing remembers that its id was used")


@MANAGER_GROUP.check("A registry that is lost is made anew from the job folders")
def registry_is_rebuilt_from_folders(fixture: ManagerFixture) -> None:
    container = fixture.create_draft("found again")
    fixture.service.tag(container.job_id, ["tagged"], [])
    ids_before = {row["job_id"] for row in fixture.service.list_jobs()["jobs"]}
    fixture.manager.registry.close()
    for path in fixture.home.root.glob("registry.sqlite*"):
        path.unlink()
    fixture.manager = JobManager(fixture.home, Registry(fixture.home.registry))
    problems = rebuild(fixture.manager)
    ids_after = {row["job_id"] for row in fixture.service.list_jobs()["jobs"]}
    expect(not problems, "; ".join(problems[:2]))
    expect(ids_after == ids_before, f"of {len(ids_before)} jobs {len(ids_after & ids_before)} came back")
    restored = fixture.manager.get(container.job_id)
    expect((restored.name, restored.tags) == ("found again", ["tagged"]), "its name and tags did not come back")


@MANAGER_GROUP.check("Jobs of PyBattML are brought in once, and what cannot be is named")
def legacy_jobs_are_imported_once(fixture: ManagerFixture) -> None:
    folder = fixture.home.root.parent / "former_jobs"
    write_legacy_job(folder, with_weights=False)
    paths = [str(write_legacy_registry(folder))]
    hashes_before = _file_hashes(folder)
    report = _import_legacy(fixture, paths)
    expect([job["job_id"] for job in report["imported"]] == [JOB_ID], f"these came in: {report['imported']}")
    reasons = [skipped["message"] for skipped in report["skipped"]]
    expect(len(reasons) == 2 and all(map(str.strip, reasons)), f"of two that cannot come in it says {reasons}")
    status = fixture.reopen().get(JOB_ID).status()
    (task,) = status["tasks"]
    summary = status["state"], status["spec"]["model"][0]["sizes"], task["progress"].get("epoch")
    expect(summary == (JobState.DONE, [2], 3), f"its state, sizes and epochs became {summary}")
    second_report = _import_legacy(fixture, paths)
    expect(
        not second_report["imported"] and [job["job_id"] for job in second_report["known"]] == [JOB_ID],
        "it came in twice",
    )
    expect(fixture.manager.get(JOB_ID).status() == status, "the second import changed it")
    expect(_file_hashes(folder) == hashes_before, "a file of PyBattML was changed")


def _import_legacy(fixture: ManagerFixture, paths: list[str]) -> dict[str, list[dict[str, Any]]]:
    report: dict[str, list[dict[str, Any]]] = {"imported": [], "known": [], "skipped": []}
    for page in import_legacy_jobs(lambda method, **params: getattr(fixture.service, method)(**params), paths):
        for kind, rows in report.items():
            rows += page[kind]
    return report


def _file_hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in files}
