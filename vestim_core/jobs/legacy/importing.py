"""Jobs of the predecessor into the workspace: each at most once, one bad one stops nothing, the source stays as it is.

A call ends with the job at which a moment is over and says where the next goes on. What is read of one job is bounded,
its predictions in all, so that a daemon never stands still for long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vestim_core.jobs.legacy.candidates import Candidate, candidates
from vestim_core.jobs.legacy.files import Unreadable
from vestim_core.jobs.legacy.former_job import id_of, read_former_job
from vestim_core.jobs.legacy.writing import write_former_job
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.rebuild import take_in
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.ids import is_data_set_id, is_inspection_id, is_safe_id

CALL_S = 0.2
MAX_PAGE = 1_000
log = logging.getLogger(__name__)


class LegacyImporter:
    """Imports page by page. What was found for the first page serves for the next ones of the same paths."""

    def __init__(self, manager: JobManager) -> None:
        self._manager = manager
        self._paths: list[str] = []
        self._found: list[Candidate] = []

    def page(self, paths: Sequence[str], after: str = "") -> dict[str, Any]:
        """What `import_legacy` answers, see the protocol's table. after: `next` of the page before."""
        until_s = time.monotonic() + CALL_S
        if after and not after.isdecimal():
            raise wrong_input(f"'{after}' is not what an earlier answer named as next", place="after")
        if not after or self._paths != list(paths):
            self._paths, self._found = list(paths), candidates(paths)
        count = len(self._found)
        place = first = min(int(after or 0), count)
        answer: dict[str, Any] = {"imported": [], "known": [], "skipped": []}
        while place < count:
            kind, told = self._one(self._found[place])
            answer[kind].append(told)
            place += 1
            if time.monotonic() > until_s or place - first == MAX_PAGE:
                break
        if place == count:
            self._paths, self._found = [], []
        return {**answer, "done": place, "count": count, "next": str(place) if place < count else ""}

    def _one(self, one: Candidate) -> tuple[str, dict[str, Any]]:
        """What became of one candidate: the list that it belongs to, and what to say of it there."""
        try:
            return _import(self._manager, one)
        except Exception as error:  # whatever is in a stranger's folder, the other jobs come in
            if not isinstance(error, Unreadable | VestimError | OSError):
                log.exception("importing %s failed", one.source)
            return "skipped", {"source": one.source, "sentence": _sentence(one, error)}


def _import(manager: JobManager, one: Candidate) -> tuple[str, dict[str, Any]]:
    if one.folder is None:
        return "skipped", {"source": one.source, "sentence": one.sentence}
    job_id = id_of(one.folder)
    if not is_safe_id(job_id) or is_inspection_id(job_id) or is_data_set_id(job_id):
        raise Unreadable(f"'{job_id[:60]}' cannot be the id of a job: rename it in job_metadata.json of '{one.folder}'")
    if manager.registry.has(job_id):
        return _there_already(manager, job_id, one.folder)
    models, notes = 0, list[str]()
    if not manager.folder(job_id).root.exists():  # one that an interrupted import left is whole
        job = read_former_job(one.folder, one.entry)
        written = write_former_job(job, manager.home.jobs)
        models, notes = written.models, written.notes
    container = take_in(manager, job_id)
    if container is None:
        raise Unreadable(f"'{manager.folder(job_id).root}' is in the way and is no job: remove that folder")
    models = models or sum(task.has_model for task in container.tasks.values())
    told = {"job_id": job_id, "name": container.name, "state": container.state.value, "models": models, "notes": notes}
    return "imported", {**told, "source": str(one.folder)}


def _there_already(manager: JobManager, job_id: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Known is what came from this very folder; Unreadable for another job of the same id, which would go unseen."""
    imported = manager.get(job_id).provenance.get("imported")
    source = imported.get("source") if isinstance(imported, dict) else None
    if source and Path(source).resolve() == folder.resolve():
        return "known", {"job_id": job_id, "source": source}
    origin = f"from '{source}'" if source else "which was not imported"
    raise Unreadable(
        f"job {job_id} is there already, {origin}: give the other one another job_id in job_metadata.json of "
        f"'{folder}' to bring it too"
    )


def _sentence(one: Candidate, error: Exception) -> str:
    match error:
        case VestimError():
            return error.sentence
        case Unreadable():
            return str(error)
        case OSError():
            return f"'{error.filename or one.folder}' cannot be used ({error.strerror or error})"
    return f"'{one.folder}' holds something that was not expected ({type(error).__name__}: {error})"
