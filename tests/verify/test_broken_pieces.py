"""The verification notices broken code: each piece is broken in turn, and certain checks must fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vestim_core.jobs import job_container as containers
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.legacy import legacy_importer
from vestim_core.jobs.legacy.import_candidates import find_candidates
from vestim_core.jobs.managers.data_import import DataImportManager
from vestim_core.jobs.managers.hyperparameters import HyperparametersManager
from vestim_core.jobs.managers.training import TrainingManager
from vestim_core.verify import container_checks, manager_checks
from vestim_core.verify.check_groups import CheckGroup
from vestim_core.verify.container_checks import CONTAINER_GROUP
from vestim_core.verify.manager_checks import MANAGER_GROUP
from vestim_core.verify.sample_legacy_job import JOB_ID
from vestim_core.verify.sandbox import Sandbox

Patch = pytest.MonkeyPatch


def call_after(patch: Patch, owner: Any, name: str, action: Callable[..., Any]) -> None:
    """Call `action(*arguments)` after every call of a method."""
    original = getattr(owner, name)

    def call_both(*args: Any, **kwargs: Any) -> Any:
        answer = original(*args, **kwargs)
        action(*args)
        return answer

    patch.setattr(owner, name, call_both)


class NoLock:
    """A lock that locks nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


# --- what can break in a container


def managers_are_shared(patch: Patch) -> None:
    managers = containers.new_managers()
    patch.setattr(containers, "new_managers", lambda: dict(managers))


def hyperparameters_are_not_looked_at(patch: Patch) -> None:
    patch.setattr(HyperparametersManager, "review_draft", lambda self, document: False)


def any_state_may_follow(patch: Patch) -> None:
    patch.setattr(containers, "check_transition", lambda old, new: None)


def stop_flag_is_cleared(patch: Patch) -> None:
    call_after(patch, JobContainer, "set_intent", lambda job, *rest: job.stop_flag.clear())


def processes_are_held_for_ever(patch: Patch) -> None:
    call_after(
        patch, JobContainer, "record_attempt_end", lambda job, task_id, *rest: job.handles.update({task_id: (1, 1.0)})
    )


def tasks_are_not_counted(patch: Patch) -> None:
    patch.setattr(TrainingManager, "observe", lambda self, tasks: False)


def settings_change_after_the_start(patch: Patch) -> None:
    patch.setattr(JobContainer, "save_document", lambda self, document: vars(self).update(document=dict(document)))


def notes_are_not_stored(patch: Patch) -> None:
    original = JobContainer.job_record
    patch.setattr(JobContainer, "job_record", lambda self: {**original(self), "note": ""})
    patch.setattr(JobContainer, "from_record", _with_note(JobContainer.from_record))


def _with_note(original: Callable[..., JobContainer]) -> Any:
    def read(record: dict[str, Any]) -> JobContainer:
        container = original(record)
        container.provenance = {**container.provenance, "read": True}
        return container

    return read


def locks_are_missing(patch: Patch) -> None:
    patch.setattr(containers, "threading", SimpleNamespace(Event=threading.Event, RLock=NoLock))


def an_event_is_lost_now_and_then(patch: Patch) -> None:
    original = JobContainer._record

    def record(self: JobContainer, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if self.last_seq == 300:
            self.pending_events.pop()

    patch.setattr(JobContainer, "_record", record)


def documents_are_shared(patch: Patch) -> None:
    patch.setattr(containers, "_own_copy", lambda document: document)


def views_hold_what_changes(patch: Patch) -> None:
    def accept(self: DataImportManager, finding: dict[str, Any]) -> None:
        self.details.setdefault("findings", []).append(finding)

    patch.setattr(DataImportManager, "add_finding", accept)


# --- what can break in the manager


def jobs_are_held_elsewhere_too(patch: Patch) -> None:
    call_after(
        patch, JobManager, "persist_job_container", lambda self, job: vars(self).setdefault("cache", []).append(job)
    )


def ids_are_given_twice(patch: Patch) -> None:
    original, last = JobManager.create_job, list[JobContainer]()

    def create(self: JobManager, name: str, document: dict[str, Any]) -> JobContainer:
        container = last.pop() if name.endswith("9") else original(self, name, document)
        last[:] = [container]
        return container

    patch.setattr(JobManager, "create_job", create)


def tags_are_not_stored(patch: Patch) -> None:
    original = JobContainer.job_record
    patch.setattr(JobContainer, "job_record", lambda self: {**original(self), "tags": []})


def remarks_are_not_stored(patch: Patch) -> None:
    original = Registry.save

    def save(self: Registry, job: JobContainer) -> None:
        job.pending_events[:] = [event for event in job.pending_events if "remark 5" not in str(event.data)]
        original(self, job)

    patch.setattr(Registry, "save", save)


def ended_jobs_stay(patch: Patch) -> None:
    call_after(
        patch,
        JobManager,
        "persist_job_container",
        lambda self, job: self.job_containers.update({job.job_id: job}),
    )


def ended_jobs_are_kept_alive(patch: Patch) -> None:
    references: list[JobContainer] = []
    call_after(patch, JobManager, "persist_job_container", lambda self, job: references.append(job))


def units_end_half_done(patch: Patch) -> None:
    patch.setattr(JobManager, "_restore", lambda self, job_id: None)


def a_used_id_is_forgotten(patch: Patch) -> None:
    patch.setattr(Registry, "delete", Registry.delete_inspection)


def folders_stay(patch: Patch) -> None:
    patch.setattr(
        JobManager, "_settle_trash", lambda self, job_id: (self._trash(job_id)).rename(self.folder(job_id).root)
    )


def folders_do_not_tell(patch: Patch) -> None:
    patch.setattr(manager_checks, "rebuild", lambda manager: [])


def imports_come_twice(patch: Patch) -> None:
    original = Registry.has_job
    patch.setattr(Registry, "has_job", lambda self, job_id: original(self, job_id) and job_id != JOB_ID)


def imports_write_to_their_source(patch: Patch) -> None:
    call_after(patch, legacy_importer, "read_legacy_job", lambda root, entry: (root / "seen").touch())


def a_bad_import_stops_the_others(patch: Patch) -> None:
    patch.setattr(
        legacy_importer,
        "find_candidates",
        lambda paths: [candidate for candidate in find_candidates(paths) if candidate.folder is None],
    )


@dataclass(frozen=True)
class Fault:
    """A way to break the code. noticed_by: prefixes of checks that must fail; may_fail: of those that may fail too."""

    group: CheckGroup[Any]
    apply: Callable[[Patch], None]
    noticed_by: tuple[str, ...]
    may_fail: tuple[str, ...] = ()


STORED, THREADS = "A container that is stored", "10,000 updates"
FAULTS = [
    Fault(CONTAINER_GROUP, managers_are_shared, ("A new container", "Two jobs")),
    Fault(CONTAINER_GROUP, hyperparameters_are_not_looked_at, ("Managers look",)),
    Fault(CONTAINER_GROUP, any_state_may_follow, ("States change", THREADS), (STORED,)),
    Fault(CONTAINER_GROUP, stop_flag_is_cleared, ("The stop flag", THREADS), (STORED,)),
    Fault(CONTAINER_GROUP, processes_are_held_for_ever, ("Managers follow", THREADS), (STORED,)),
    Fault(CONTAINER_GROUP, tasks_are_not_counted, ("Managers follow",)),
    Fault(CONTAINER_GROUP, settings_change_after_the_start, ("A started job", "Managers look", "Two jobs")),
    Fault(CONTAINER_GROUP, notes_are_not_stored, (STORED, THREADS)),
    Fault(CONTAINER_GROUP, locks_are_missing, ("A change is whole", THREADS)),
    Fault(CONTAINER_GROUP, an_event_is_lost_now_and_then, (THREADS,)),
    Fault(CONTAINER_GROUP, documents_are_shared, ("Two jobs",)),
    Fault(CONTAINER_GROUP, views_hold_what_changes, ("What a reader",)),
    Fault(MANAGER_GROUP, jobs_are_held_elsewhere_too, ("job_containers is",), ("A job that has ended",)),
    Fault(MANAGER_GROUP, ids_are_given_twice, ("50 jobs",), ("A job that has ended",)),
    Fault(MANAGER_GROUP, tags_are_not_stored, ("Every change",)),
    Fault(MANAGER_GROUP, remarks_are_not_stored, ("Every event",)),
    Fault(MANAGER_GROUP, ended_jobs_stay, ("A job that has ended",)),
    Fault(MANAGER_GROUP, ended_jobs_are_kept_alive, ("A job that has ended",)),
    Fault(MANAGER_GROUP, units_end_half_done, ("What is done together",)),
    Fault(MANAGER_GROUP, a_used_id_is_forgotten, ("A deleted job",)),
    Fault(MANAGER_GROUP, folders_stay, ("A deleted job", "What is done together", "A registry")),
    Fault(MANAGER_GROUP, folders_do_not_tell, ("A registry",)),
    Fault(MANAGER_GROUP, imports_come_twice, ("Jobs of PyBattML",)),
    Fault(MANAGER_GROUP, imports_write_to_their_source, ("Jobs of PyBattML",)),
    Fault(MANAGER_GROUP, a_bad_import_stops_the_others, ("Jobs of PyBattML",)),
]


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.apply.__name__) for fault in FAULTS])
def test_fault_is_noticed(fault: Fault, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(container_checks, "INTRUSION_WAIT_S", 0.05)
    if THREADS not in fault.noticed_by:
        monkeypatch.setattr(container_checks, "UPDATES", 400)
    fault.apply(monkeypatch)
    failed = [result for result in fault.group.run(Sandbox(tmp_path)) if not result.passed]
    for result in failed:
        assert (
            result.reason
            and "\n" not in result.reason
            and result.check.startswith((*fault.noticed_by, *fault.may_fail))
        ), result
    for prefix in fault.noticed_by:
        assert any(result.check.startswith(prefix) for result in failed), prefix


def test_intact_code_passes(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(container_checks, "UPDATES", 400)
    assert not [
        result
        for group in (CONTAINER_GROUP, MANAGER_GROUP)
        for result in group.run(Sandbox(tmp_path))
        if not result.passed
    ]
