"""JobManager: the containers of all jobs that have not ended, their persistence, and the files that describe a job.

`job_containers` is the only structure that holds jobs; an ended job is loaded on request. A change becomes visible to
clients through `persist_job_container`, which commits it and then calls `on_change`.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import vestim_core
from vestim_core.jobs.data_sets import DataSets
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_folder import JobFolder
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.prepared_cache import PreparedCache
from vestim_core.jobs.utc_time import utc_now
from vestim_core.spec.errors import ErrorCode, VestimError, not_found
from vestim_core.spec.ids import is_inspection_id, new_inspection_id, new_job_id
from vestim_core.spec.schema_upgrade import SCHEMA_VERSION
from vestim_core.spec.states import TERMINAL_JOB_STATES, JobState, Phase, TaskKind
from vestim_core.spec.task import TaskSpec
from vestim_core.system import Home, read_json, write_json

TRASH_PREFIX = ".deleted-"
MAX_ENDED_INSPECTIONS = 20
"""Newest ended inspections that stay for clients that still read the answer; arbitrary: bounds the space on disk."""
log = logging.getLogger(__name__)


class JobManager:
    """All jobs of a home; its methods belong to the daemon's main thread, like the registry's."""

    def __init__(self, home: Home, registry: Registry, on_change: Callable[[str], None] = lambda job_id: None) -> None:
        self.home = home
        self.registry = registry
        self.on_change = on_change
        self.job_containers: dict[str, JobContainer] = {}
        self._state_texts: dict[str, str] = {}
        self._in_unit = False
        self._committed: dict[str, JobContainer] = {}
        self.data_sets = DataSets(self)
        self._prepared = PreparedCache(home.prepared_data, home.settings)

    def load_jobs_from_registry(self) -> None:
        """Load every job that has not ended."""
        for job_id in self.registry.active_jobs():
            container = self.registry.load(job_id)
            if container is not None:
                self.job_containers[job_id] = container

    def create_job(self, name: str, document: dict[str, Any]) -> JobContainer:
        """Create a draft with a new id."""
        job_id = new_job_id(datetime.now().astimezone())
        while self.registry.was_job_id_used(job_id):
            job_id = new_job_id(datetime.now().astimezone())
        container = JobContainer(job_id, job_id, {}, utc_now(), self._end_of_queue())
        container.save_document({**document, "name": name} if name else document)
        self.job_containers[job_id] = container
        self.persist_job_container(container)
        return container

    def create_inspection(self, document: dict[str, Any]) -> JobContainer:
        """Queue an inspection of files: a container that no list shows and that is forgotten when it is old."""
        for old_id in self.registry.ended_inspections()[:-MAX_ENDED_INSPECTIONS]:
            self.registry.delete_inspection(old_id)
            _remove_in_background(self.folder(old_id).root)
        inspection_id = new_inspection_id(datetime.now().astimezone())
        container = JobContainer(inspection_id, inspection_id, document, utc_now(), self._end_of_queue())
        task = TaskSpec.model_validate(
            {"task_id": "inspect_1", "kind": TaskKind.INSPECT, "title": document["action"], "inspection": document}
        )
        container.replace_tasks([task])
        container.set_state(JobState.QUEUED)
        self.job_containers[inspection_id] = container
        self.persist_job_container(container)
        return container

    def _end_of_queue(self) -> int:
        """Position behind every job that has not ended."""
        return max((container.position for container in self.job_containers.values()), default=0) + 1

    def get(self, job_id: str) -> JobContainer:
        """The container of a job; an ended one is loaded for this call alone."""
        container = self.job_containers.get(job_id) or self.registry.load(job_id)
        if container is None:
            raise not_found(f"there is no job '{job_id}': 'vestim jobs' lists what there is", location="job_id")
        return container

    def folder(self, job_id: str) -> JobFolder:
        """The folder of a job."""
        return JobFolder.of(self.home.inspections if is_inspection_id(job_id) else self.home.jobs, job_id)

    def persist_job_container(self, container: JobContainer) -> None:
        """Commit a container's changes, update its folder and notify clients; within a unit, at its end."""
        with container.lock:
            self.registry.save(container)
            container.pending_events.clear()
            container.dirty_task_ids.clear()
            container.has_replaced_tasks = False
            container.has_unsaved_changes = False
            if container.state in TERMINAL_JOB_STATES:
                self.job_containers.pop(container.job_id, None)
            self._committed[container.job_id] = container
        if container.state in TERMINAL_JOB_STATES and is_inspection_id(container.job_id):
            self.data_sets.accept_inspection(container)
        self.publish_unless_in_unit_of_work()

    def reopen(self, container: JobContainer) -> None:
        """Queue an ended job again, behind all that wait."""
        container.reopen()
        self._requeue(container)

    def add_task(self, container: JobContainer, spec: TaskSpec) -> None:
        """Queue an ended job again for one more task."""
        container.add_task(spec)
        self._requeue(container)

    def _requeue(self, container: JobContainer) -> None:
        container.set_position(self._end_of_queue())
        self.job_containers[container.job_id] = container
        self.persist_job_container(container)

    def delete_job(self, container: JobContainer) -> None:
        """Delete a job and its folder; a link in the folder's place is removed, never followed.

        The folder is renamed at once and removed when the deletion is committed; after a rollback it is renamed back.
        """
        folder = self.folder(container.job_id).root
        self.registry.delete(container.job_id)
        self._committed[container.job_id] = container
        self.job_containers.pop(container.job_id, None)
        self._state_texts.pop(container.job_id, None)
        if folder.is_symlink() or folder.exists():
            folder.rename(self._trash(container.job_id))
        self.publish_unless_in_unit_of_work()

    def finish_deletions(self) -> None:
        """Finish deletions that a killed daemon left: committed ones are completed, others undone."""
        for trash in self.home.jobs.glob(f"{TRASH_PREFIX}*"):
            self._settle_trash(trash.name.removeprefix(TRASH_PREFIX))

    def shrink_cache(self) -> None:
        """Keep the cache of prepared arrays under its limit; sets of jobs that have not ended stay."""
        tasks = (task for container in self.job_containers.values() for task in container.tasks.values())
        for folder in self._prepared.shrink({str(t.result.get("key")) for t in tasks if t.kind is TaskKind.PREPARE}):
            _remove_in_background(folder)

    def _settle_trash(self, job_id: str) -> None:
        trash = self._trash(job_id)
        if not os.path.lexists(trash):
            return
        if self.registry.has_job(job_id):
            trash.rename(self.folder(job_id).root)
        elif trash.is_symlink():
            trash.unlink()
        else:
            _remove_in_background(trash)

    def _trash(self, job_id: str) -> Path:
        return self.home.jobs / f"{TRASH_PREFIX}{job_id}"

    @contextmanager
    def unit_of_work(self) -> Iterator[None]:
        """Several changes as one transaction; on failure every container that it changed is restored as it was stored.

        Job folders and clients are updated after the commit. May be nested: the outermost one commits.
        """
        if self._in_unit:
            yield
            return
        self._in_unit = True
        try:
            with self.registry.transaction():
                yield
        except BaseException:
            changed_ids = {*self._committed, *(c.job_id for c in self.job_containers.values() if c.has_unsaved_changes)}
            self._committed.clear()
            self.data_sets.discard_changes()
            for job_id in changed_ids:
                self._restore(job_id)
            raise
        finally:
            self._in_unit = False
        self._publish_changes()

    def publish_unless_in_unit_of_work(self) -> None:
        """Update folders and clients after a commit; within a unit that happens at its end."""
        if not self._in_unit:
            self._publish_changes()

    def _restore(self, job_id: str) -> None:
        self._settle_trash(job_id)
        container = self.registry.load(job_id)
        if container is None or container.state in TERMINAL_JOB_STATES:
            self.job_containers.pop(job_id, None)
        else:
            self.job_containers[job_id] = container

    def _publish_changes(self) -> None:
        """Update the job folders to the committed state, and notify clients."""
        committed, self._committed = self._committed, {}
        for job_id, container in committed.items():
            try:
                if not self.registry.has_job(job_id):
                    self._settle_trash(job_id)
                elif not is_inspection_id(job_id):
                    self._write_state_json(container)
            except VestimError as error:  # the registry holds the truth; the next change tries again
                log.warning("%s", error)
            if container.state in TERMINAL_JOB_STATES or job_id not in self.job_containers:
                self._state_texts.pop(job_id, None)
            self.on_change(job_id)
        for data_set_id in self.data_sets.publish_changes():
            self.on_change(data_set_id)

    def write_job_json(self, container: JobContainer) -> None:
        """Write the started spec with its provenance: at the start, and again when the data's hashes are known."""
        folder = self.folder(container.job_id)
        training = container.managers[Phase.TRAINING_SETUP].details
        _write_file(
            folder.job_json,
            {
                "schema_version": SCHEMA_VERSION,
                "job_id": container.job_id,
                "name": container.name,
                "spec": container.document,
                "provenance": {
                    "vestim": vestim_core.__version__,
                    "python": platform.python_version(),
                    "platform": platform.platform(),
                    "machine": platform.machine(),
                    "system": sys.platform,
                    "created_utc": container.created_utc,
                    "started_utc": container.started_utc,
                    "threads": sorted({task.threads or "auto" for task in container.tasks.values()}, key=str),
                    "seeds": sorted(
                        {t.document["trial"]["seed"] for t in container.tasks.values() if t.document["trial"]}
                    ),
                    "tasks": dict(training),
                    **container.provenance,
                },
            },
        )

    def _write_state_json(self, container: JobContainer) -> None:
        """Rewrite state.json when its content changed; the registry can be rebuilt from it."""
        state = {
            "schema_version": SCHEMA_VERSION,
            "job_id": container.job_id,
            "name": container.name,
            "state": container.state.value,
            "intent": container.intent.value,
            "archived": container.archived,
            "tags": container.tags,
            "note": container.note,
            "position": container.position,
            "test_after_stop": container.test_after_stop,
            "created_utc": container.created_utc,
            "started_utc": container.started_utc,
            "ended_utc": container.ended_utc,
            "draft": container.document if container.state is JobState.DRAFT else None,
            "imported": container.provenance.get("imported") if container.state is JobState.DRAFT else None,
        }
        text = json.dumps(state, sort_keys=True)
        path = self.folder(container.job_id).state_json
        if (self._state_texts.get(container.job_id) or _stored_state_text(path)) != text:
            _write_file(path, state)
        self._state_texts[container.job_id] = text


def _remove_in_background(trash: Path) -> None:
    """Remove a folder that nothing refers to any more, on a thread of its own."""
    threading.Thread(target=shutil.rmtree, args=(trash,), kwargs={"ignore_errors": True}, daemon=True).start()


def _stored_state_text(path: Path) -> str:
    """Content of a state.json with sorted keys; empty when it cannot be read."""
    try:
        return json.dumps(read_json(path), sort_keys=True)
    except (OSError, ValueError):
        return ""


def _write_file(path: Path, value: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, value)
    except OSError as error:
        raise VestimError(
            ErrorCode.FAILED,
            f"'{path}' cannot be written ({error.strerror or error}): make room or give write access",
            location=str(path),
        ) from None
