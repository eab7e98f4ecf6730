"""JobManager: containers as the only structure that holds jobs, what of them lasts, and what is brought in."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from vestim_core.client import import_legacy
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.rebuild import rebuild
from vestim_core.jobs.registry import Registry
from vestim_core.jobs.service import JobService
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.spec.states import Intent, JobState, TaskState
from vestim_core.system import Home, read_json
from vestim_core.verify.check_groups import Group, expect
from vestim_core.verify.former_job import JOB_ID, write_former_job, write_registry
from vestim_core.verify.sandbox import Place
from vestim_core.verify.sample_drives import settings, write_drives

MANY = 50


@dataclass(slots=True)
class Managed:
    """A home without a daemon, its manager, and the data section of jobs on files that are there."""

    home: Home
    data: dict[str, list[str]]
    manager: JobManager

    @property
    def service(self) -> JobService:
        """The verbs over the manager."""
        return JobService(self.manager)

    def created(self, name: str = "a job") -> JobContainer:
        """A draft that could be started."""
        return self.manager.get(self.service.create_job(name, {**settings(), "data": self.data})["job_id"])

    def opened_again(self) -> JobManager:
        """What the next daemon has: a manager of the same home that knows nothing but what was stored."""
        self.manager.registry.close()
        self.manager = _opened(self.home)
        return self.manager


def _opened(home: Home) -> JobManager:
    manager = JobManager(home, Registry(home.registry))
    manager.load_jobs_from_registry()
    return manager


@contextmanager
def _managed(place: Place) -> Iterator[Managed]:
    home = Home(place.root / "managed")
    home.ensure()
    managed = Managed(home, write_drives(place.root / "managed_data"), _opened(home))
    try:
        yield managed
    finally:
        managed.manager.registry.close()


MANAGER = Group("JobManager: what holds and keeps the jobs", _managed)


@MANAGER.check("job_containers is the only structure that holds jobs")
def containers_alone(managed: Managed) -> None:
    made = [managed.created() for _ in range(3)]
    held = managed.manager.job_containers
    expect(all(held.get(container.job_id) is container for container in made), "a job that was created is not in it")
    for container in made:
        expect(managed.manager.get(container.job_id) is container, "who asks for a job gets another container")
    elsewhere = [name for name, value in vars(managed.manager).items() if value is not held and _holds(value)]
    expect(not elsewhere, f"{', '.join(elsewhere)} of the manager holds jobs too")


def _holds(value: Any) -> bool:
    values = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | set | tuple) else ()
    return any(isinstance(one, JobContainer) for one in values)


@MANAGER.check(f"{MANY} jobs that are made in one moment have ids of their own")
def ids_do_not_collide(managed: Managed) -> None:
    with managed.manager.unit():
        made = [managed.created(f"job {number}") for number in range(MANY)]
    ids = {container.job_id for container in made}
    expect(len(ids) == MANY, f"{MANY} jobs got {len(ids)} ids")
    folders = {path.parent.name for path in managed.home.jobs.glob("*/state.json")}
    expect(ids <= folders, f"{len(ids - folders)} of them have no folder")


@MANAGER.check("Every change is stored, and the next manager reads the same jobs")
def jobs_last(managed: Managed) -> None:
    container = managed.created("it lasts")
    service, job_id = managed.service, container.job_id
    service.tag(job_id, ["kept"], [])
    service.note(job_id, "a note")
    service.setup_training_tasks(job_id)
    service.start(job_id)
    service.stop(job_id, test=False)
    before = {name: one.status() for name, one in managed.manager.job_containers.items()}
    after = {name: one.status() for name, one in managed.opened_again().job_containers.items()}
    expect(before.keys() == after.keys(), f"{len(before)} jobs were kept and {len(after)} read")
    changed = [name for name in before if before[name] != after[name]]
    expect(not changed, f"{', '.join(changed[:3])} came back as another job")
    again = managed.manager.get(job_id)
    expect(again is not container, "it was not read at all")
    expect((again.intent, again.stop_flag.is_set()) == (Intent.STOP, True), "what the user wanted of it is lost")


@MANAGER.check("Every event is stored once, in order")
def events_last(managed: Managed) -> None:
    container = managed.created()
    for number in range(10):
        managed.service.remark(container.job_id, f"remark {number}")
    events, _ = managed.manager.registry.read_events(container.job_id, 0, 1000, 1 << 20)
    numbers = [event["seq"] for event in events]
    expect(numbers == list(range(1, container.last_seq + 1)), f"of {container.last_seq} events it has {numbers}")
    said = [event["data"]["text"] for event in events if event["kind"] == "message"]
    expect(said == [f"remark {number}" for number in range(10)], f"what was said reads {said}")


@MANAGER.check("A job that has ended leaves the memory, and is loaded when it is asked for")
def ended_jobs_leave(managed: Managed) -> None:
    container = managed.created()
    job_id, gone = container.job_id, weakref.ref(container)
    managed.service.start(job_id)
    with container.changes():
        for task_id in container.tasks:
            container.set_task_state(task_id, TaskState.STOPPED)
        container.set_state(JobState.STOPPED)
    managed.manager.persist_job_container(container)
    expect(job_id not in managed.manager.job_containers, "it is still among those that run")
    del container
    gc.collect()
    expect(gone() is None, "somebody still holds it, with its managers")
    expect(managed.manager.get(job_id).state is JobState.STOPPED, "it is not what it was when it is asked for")
    expect(job_id in {row["job_id"] for row in managed.service.list_jobs()["jobs"]}, "it is not listed any more")


@MANAGER.check("What is done together is stored together, or not at all")
def units_are_whole(managed: Managed) -> None:
    container = managed.created("before")
    jobs = set(managed.manager.job_containers)
    try:
        with managed.manager.unit():
            managed.service.rename(container.job_id, "after")
            managed.created("never")
            raise InterruptedError
    except InterruptedError:
        pass
    expect(managed.manager.get(container.job_id).name == "before", "half of it is still there")
    expect(set(managed.manager.job_containers) == jobs, "a job that was never stored is still held")
    expect(managed.opened_again().get(container.job_id).name == "before", "half of it was stored")


@MANAGER.check("A deleted job is gone with its folder, and its id is not given again")
def deleted_jobs_are_gone(managed: Managed) -> None:
    container = managed.created()
    folder = managed.manager.folder(container.job_id).root
    expect(read_json(folder / "state.json")["name"] == "a job", "it had no folder that tells of it")
    managed.service.delete(container.job_id)
    expect(not folder.exists(), "its folder is still there")
    try:
        managed.manager.get(container.job_id)
    except VestimError as error:
        expect(error.code is ErrorCode.NOT_FOUND, f"who asks for it is told: {error.sentence}")
    else:
        expect(False, "it can still be asked for")
    expect(managed.manager.registry.exists(container.job_id), "nothing remembers that its id was used")


@MANAGER.check("A registry that is lost is made anew from the job folders")
def the_registry_can_be_lost(managed: Managed) -> None:
    named = managed.created("found again")
    managed.service.tag(named.job_id, ["tagged"], [])
    before = {row["job_id"] for row in managed.service.list_jobs()["jobs"]}
    managed.manager.registry.close()
    for path in managed.home.root.glob("registry.sqlite*"):
        path.unlink()
    managed.manager = JobManager(managed.home, Registry(managed.home.registry))
    problems = rebuild(managed.manager)
    after = {row["job_id"] for row in managed.service.list_jobs()["jobs"]}
    expect(not problems, "; ".join(problems[:2]))
    expect(after == before, f"of {len(before)} jobs {len(after & before)} came back")
    found = managed.manager.get(named.job_id)
    expect((found.name, found.tags) == ("found again", ["tagged"]), "its name and tags did not come back")


@MANAGER.check("Jobs of PyBattML are brought in once, and what cannot be is named")
def former_jobs_come_in(managed: Managed) -> None:
    folder = managed.home.root.parent / "former_jobs"
    write_former_job(folder, with_weights=False)
    paths = [str(write_registry(folder))]
    before = _contents(folder)
    brought = _import(managed, paths)
    expect([job["job_id"] for job in brought["imported"]] == [JOB_ID], f"these came in: {brought['imported']}")
    reasons = [skipped["sentence"] for skipped in brought["skipped"]]
    expect(len(reasons) == 2 and all(map(str.strip, reasons)), f"of two that cannot come in it says {reasons}")
    known = managed.opened_again().get(JOB_ID).status()
    (task,) = known["tasks"]
    found = known["state"], known["spec"]["model"][0]["sizes"], task["progress"].get("epoch")
    expect(found == (JobState.DONE, [2], 3), f"its state, sizes and epochs became {found}")
    again = _import(managed, paths)
    expect(not again["imported"] and [job["job_id"] for job in again["known"]] == [JOB_ID], "it came in twice")
    expect(managed.manager.get(JOB_ID).status() == known, "the second import changed it")
    expect(_contents(folder) == before, "a file of PyBattML was changed")


def _import(managed: Managed, paths: list[str]) -> dict[str, list[dict[str, Any]]]:
    brought: dict[str, list[dict[str, Any]]] = {"imported": [], "known": [], "skipped": []}
    for page in import_legacy(lambda method, **params: getattr(managed.service, method)(**params), paths):
        for kind, found in brought.items():
            found += page[kind]
    return brought


def _contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in files}
