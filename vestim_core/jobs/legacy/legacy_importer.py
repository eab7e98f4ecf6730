"""Import of legacy jobs into the workspace: each at most once; one damaged job stops no other; the source stays
unchanged.

A call ends with the job at which its time is over and returns where the next one continues. The data read of one job is
bounded, its predictions in total, so that the daemon never blocks for long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.legacy.import_candidates import Candidate, find_candidates
from vestim_core.jobs.legacy.job_reader import legacy_job_id, read_legacy_job
from vestim_core.jobs.legacy.job_writer import write_legacy_job
from vestim_core.jobs.legacy.legacy_folder import UnreadableFile
from vestim_core.jobs.registry_rebuild import register_job_folder
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.ids import is_data_set_id, is_inspection_id, is_safe_id

CALL_S = 0.2  # the daemon answers nobody else meanwhile: short enough not to be noticed
MAX_PAGE = 1_000  # arbitrary: bounds the reply, which must fit into one message
log = logging.getLogger(__name__)


class LegacyImporter:
    """Imports page by page, on the daemon's main thread. The candidates of the first page are reused for later pages of
    the same paths."""

    def __init__(self, manager: JobManager) -> None:
        self._manager = manager
        self._paths: list[str] = []
        self._candidates: list[Candidate] = []

    def import_page(self, paths: Sequence[str], cursor: str = "") -> dict[str, Any]:
        """Import one page and return the reply of `import_legacy_jobs`. cursor: `next` of the page before, empty for
        the first."""
        until_s = time.monotonic() + CALL_S
        if cursor and not cursor.isdecimal():
            raise wrong_input(f"'{cursor}' is not what an earlier answer named as next", location="after")
        if not cursor or self._paths != list(paths):
            self._paths, self._candidates = list(paths), find_candidates(paths)
        count = len(self._candidates)
        index = first_index = min(int(cursor or 0), count)
        answer: dict[str, Any] = {"imported": [], "known": [], "skipped": []}
        while index < count:
            kind, entry = self._import_one(self._candidates[index])
            answer[kind].append(entry)
            index += 1
            if time.monotonic() > until_s or index - first_index == MAX_PAGE:
                break
        if index == count:
            self._paths, self._candidates = [], []
        return {**answer, "done": index, "count": count, "next": str(index) if index < count else ""}

    def _import_one(self, candidate: Candidate) -> tuple[str, dict[str, Any]]:
        """Import one candidate: name of the reply's list, and its entry there."""
        try:
            return _import(self._manager, candidate)
        except Exception as error:  # one folder with unexpected content must not stop the others
            if not isinstance(error, UnreadableFile | VestimError | OSError):
                log.exception("importing %s failed", candidate.source)
            return "skipped", {"source": candidate.source, "message": _error_message(candidate, error)}


def _import(manager: JobManager, candidate: Candidate) -> tuple[str, dict[str, Any]]:
    if candidate.folder is None:
        return "skipped", {"source": candidate.source, "message": candidate.message}
    job_id = legacy_job_id(candidate.folder)
    if not is_safe_id(job_id) or is_inspection_id(job_id) or is_data_set_id(job_id):
        raise UnreadableFile(
            f"'{job_id[:60]}' cannot be the id of a job: rename it in job_metadata.json of '{candidate.folder}'"
        )
    if manager.registry.has_job(job_id):
        return _already_imported(manager, job_id, candidate.folder)
    models, notes = 0, list[str]()
    if not manager.folder(job_id).root.exists():  # a folder left by an interrupted import is complete
        job = read_legacy_job(candidate.folder, candidate.registry_entry)
        report = write_legacy_job(job, manager.home.jobs)
        models, notes = report.models, report.notes
    container = register_job_folder(manager, job_id)
    if container is None:
        raise UnreadableFile(f"'{manager.folder(job_id).root}' is in the way and is no job: remove that folder")
    models = models or sum(task.has_model for task in container.tasks.values())
    entry = {"job_id": job_id, "name": container.name, "state": container.state.value, "models": models, "notes": notes}
    return "imported", {**entry, "source": str(candidate.folder)}


def _already_imported(manager: JobManager, job_id: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """Entry for a job already imported from this folder; UnreadableFile for another job with the same id, which would
    stay hidden."""
    imported = manager.get(job_id).provenance.get("imported")
    source = imported.get("source") if isinstance(imported, dict) else None
    if source and Path(source).resolve() == folder.resolve():
        return "known", {"job_id": job_id, "source": source}
    origin = f"from '{source}'" if source else "which was not imported"
    raise UnreadableFile(
        f"job {job_id} is there already, {origin}: give the other one another job_id in job_metadata.json of "
        f"'{folder}' to bring it too"
    )


def _error_message(candidate: Candidate, error: Exception) -> str:
    match error:
        case VestimError():
            return error.message
        case UnreadableFile():
            return str(error)
        case OSError():
            return f"'{error.filename or candidate.folder}' cannot be used ({error.strerror or error})"
    return f"'{candidate.folder}' holds something that was not expected ({type(error).__name__}: {error})"
