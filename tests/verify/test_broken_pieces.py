"""The verification fails when something is broken: each piece in turn, really, and the checks that must notice it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vestim_core.jobs import container as containers
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.legacy import importing
from vestim_core.jobs.legacy.candidates import candidates
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.managers.hyperparameters import HyperparametersManager
from vestim_core.jobs.managers.importing import DataImportManager
from vestim_core.jobs.managers.training import TrainingManager
from vestim_core.jobs.registry import Registry
from vestim_core.verify import container, manager
from vestim_core.verify.check_groups import Group
from vestim_core.verify.container_checks import CONTAINER
from vestim_core.verify.former_job import JOB_ID
from vestim_core.verify.manager_checks import MANAGER
from vestim_core.verify.sandbox import Place

Patch = pytest.MonkeyPatch


def around(patch: Patch, owner: Any, name: str, after: Callable[..., Any]) -> None:
    """Call `after(*arguments)` whenever a method has done its work."""
    really = getattr(owner, name)

    def wrapped(*given: Any, **named: Any) -> Any:
        answer = really(*given, **named)
        after(*given)
        return answer

    patch.setattr(owner, name, wrapped)


class NoLock:
    """Lets everybody in."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


# --- what can break in a container


def managers_are_shared(patch: Patch) -> None:
    one = containers.new_managers()
    patch.setattr(containers, "new_managers", lambda: dict(one))


def hyperparameters_are_not_looked_at(patch: Patch) -> None:
    patch.setattr(HyperparametersManager, "save", lambda self, document: False)


def any_state_may_follow(patch: Patch) -> None:
    patch.setattr(containers, "check_transition", lambda old, new: None)


def the_flag_is_forgotten(patch: Patch) -> None:
    around(patch, JobContainer, "set_intent", lambda job, *rest: job.stop_flag.clear())


def processes_are_held_for_ever(patch: Patch) -> None:
    around(patch, JobContainer, "attempt_ended", lambda job, task_id, *rest: job.handles.update({task_id: (1, 1.0)}))


def tasks_are_not_counted(patch: Patch) -> None:
    patch.setattr(TrainingManager, "observe", lambda self, tasks: False)


def settings_change_after_the_start(patch: Patch) -> None:
    patch.setattr(JobContainer, "save_document", lambda self, document: vars(self).update(document=dict(document)))


def notes_are_not_stored(patch: Patch) -> None:
    really = JobContainer.job_record
    patch.setattr(JobContainer, "job_record", lambda self: {**really(self), "note": ""})
    patch.setattr(JobContainer, "from_record", _with_note(JobContainer.from_record))


def _with_note(really: Callable[..., JobContainer]) -> Any:
    def read(record: dict[str, Any]) -> JobContainer:
        made = really(record)
        made.provenance = {**made.provenance, "read": True}
        return made

    return read


def nobody_waits(patch: Patch) -> None:
    patch.setattr(containers, "threading", SimpleNamespace(Event=threading.Event, RLock=NoLock))


def an_event_is_lost_now_and_then(patch: Patch) -> None:
    really = JobContainer._record

    def record(self: JobContainer, *given: Any, **named: Any) -> None:
        really(self, *given, **named)
        if self.last_seq == 300:
            self.pending.pop()

    patch.setattr(JobContainer, "_record", record)


def documents_are_shared(patch: Patch) -> None:
    patch.setattr(containers, "_own_copy", lambda document: document)


def views_hold_what_changes(patch: Patch) -> None:
    def accept(self: DataImportManager, finding: dict[str, Any]) -> None:
        self.details.setdefault("findings", []).append(finding)

    patch.setattr(DataImportManager, "accept", accept)


# --- what can break in the manager


def jobs_are_held_elsewhere_too(patch: Patch) -> None:
    around(patch, JobManager, "persist_job_container", lambda self, job: vars(self).setdefault("cache", []).append(job))


def ids_are_given_twice(patch: Patch) -> None:
    really, last = JobManager.create_job, list[JobContainer]()

    def create(self: JobManager, name: str, document: dict[str, Any]) -> JobContainer:
        made = last.pop() if name.endswith("9") else really(self, name, document)
        last[:] = [made]
        return made

    patch.setattr(JobManager, "create_job", create)


def tags_are_not_stored(patch: Patch) -> None:
    really = JobContainer.job_record
    patch.setattr(JobContainer, "job_record", lambda self: {**really(self), "tags": []})


def remarks_are_not_stored(patch: Patch) -> None:
    really = Registry.save

    def save(self: Registry, job: JobContainer) -> None:
        job.pending[:] = [event for event in job.pending if "remark 5" not in str(event.data)]
        really(self, job)

    patch.setattr(Registry, "save", save)


def ended_jobs_stay(patch: Patch) -> None:
    around(
        patch,
        JobManager,
        "persist_job_container",
        lambda self, job: self.job_containers.update({job.job_id: job}),
    )


def ended_jobs_are_kept_alive(patch: Patch) -> None:
    kept: list[JobContainer] = []
    around(patch, JobManager, "persist_job_container", lambda self, job: kept.append(job))


def units_end_half_done(patch: Patch) -> None:
    patch.setattr(JobManager, "_restore", lambda self, job_id: None)


def a_used_id_is_forgotten(patch: Patch) -> None:
    patch.setattr(Registry, "delete", Registry.forget)


def folders_stay(patch: Patch) -> None:
    patch.setattr(
        JobManager, "_settle_trash", lambda self, job_id: (self._trash(job_id)).rename(self.folder(job_id).root)
    )


def folders_do_not_tell(patch: Patch) -> None:
    patch.setattr(manager, "rebuild", lambda managing: [])


def imports_come_twice(patch: Patch) -> None:
    really = Registry.has
    patch.setattr(Registry, "has", lambda self, job_id: really(self, job_id) and job_id != JOB_ID)


def imports_write_to_their_source(patch: Patch) -> None:
    around(patch, importing, "read_former_job", lambda root, entry: (root / "seen").touch())


def a_bad_import_stops_the_others(patch: Patch) -> None:
    patch.setattr(importing, "candidates", lambda paths: [one for one in candidates(paths) if one.folder is None])


@dataclass(frozen=True)
class Broken:
    """A piece, how it is broken, the beginnings of the checks that must notice, and of those that may."""

    group: Group[Any]
    by: Callable[[Patch], None]
    noticed: tuple[str, ...]
    also: tuple[str, ...] = ()


STORED, THREADS = "A container that is stored", "10,000 updates"
ALL = [
    Broken(CONTAINER, managers_are_shared, ("A new container", "Two jobs")),
    Broken(CONTAINER, hyperparameters_are_not_looked_at, ("Managers look",)),
    Broken(CONTAINER, any_state_may_follow, ("States change", THREADS), (STORED,)),
    Broken(CONTAINER, the_flag_is_forgotten, ("The stop flag", THREADS), (STORED,)),
    Broken(CONTAINER, processes_are_held_for_ever, ("Managers follow", THREADS), (STORED,)),
    Broken(CONTAINER, tasks_are_not_counted, ("Managers follow",)),
    Broken(CONTAINER, settings_change_after_the_start, ("A started job", "Managers look", "Two jobs")),
    Broken(CONTAINER, notes_are_not_stored, (STORED, THREADS)),
    Broken(CONTAINER, nobody_waits, ("A change is whole", THREADS)),
    Broken(CONTAINER, an_event_is_lost_now_and_then, (THREADS,)),
    Broken(CONTAINER, documents_are_shared, ("Two jobs",)),
    Broken(CONTAINER, views_hold_what_changes, ("What a reader",)),
    Broken(MANAGER, jobs_are_held_elsewhere_too, ("job_containers is",), ("A job that has ended",)),
    Broken(MANAGER, ids_are_given_twice, ("50 jobs",), ("A job that has ended",)),
    Broken(MANAGER, tags_are_not_stored, ("Every change",)),
    Broken(MANAGER, remarks_are_not_stored, ("Every event",)),
    Broken(MANAGER, ended_jobs_stay, ("A job that has ended",)),
    Broken(MANAGER, ended_jobs_are_kept_alive, ("A job that has ended",)),
    Broken(MANAGER, units_end_half_done, ("What is done together",)),
    Broken(MANAGER, a_used_id_is_forgotten, ("A deleted job",)),
    Broken(MANAGER, folders_stay, ("A deleted job", "What is done together", "A registry")),
    Broken(MANAGER, folders_do_not_tell, ("A registry",)),
    Broken(MANAGER, imports_come_twice, ("Jobs of PyBattML",)),
    Broken(MANAGER, imports_write_to_their_source, ("Jobs of PyBattML",)),
    Broken(MANAGER, a_bad_import_stops_the_others, ("Jobs of PyBattML",)),
]


@pytest.mark.parametrize("broken", [pytest.param(one, id=one.by.__name__) for one in ALL])
def test_a_broken_piece_is_noticed(broken: Broken, tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(container, "OTHERS_WAIT_S", 0.05)
    if THREADS not in broken.noticed:
        monkeypatch.setattr(container, "UPDATES", 400)
    broken.by(monkeypatch)
    red = [row for row in broken.group.run(Place(tmp_path)) if not row.passed]
    for row in red:
        assert row.reason and "\n" not in row.reason and row.check.startswith((*broken.noticed, *broken.also)), row
    for beginning in broken.noticed:
        assert any(row.check.startswith(beginning) for row in red), beginning


def test_whole_pieces_pass(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(container, "UPDATES", 400)
    assert not [row for group in (CONTAINER, MANAGER) for row in group.run(Place(tmp_path)) if not row.passed]
