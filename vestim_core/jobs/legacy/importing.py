"""Jobs of the predecessor into the workspace: each at most once, one bad one stops nothing, the source stays as it is.

A call does what fits into a moment and says where the next goes on, so that a daemon never stands still for long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from vestim_core.jobs.legacy.candidates import Candidate, candidates
from vestim_core.jobs.legacy.files import Unreadable
from vestim_core.jobs.legacy.former_job import read_former_job
from vestim_core.jobs.legacy.writing import write_former_job
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.rebuild import take_in
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.ids import is_data_set_id, is_inspection_id, is_safe_id

CALL_S = 0.2
log = logging.getLogger(__name__)


def import_legacy(manager: JobManager, paths: Sequence[str], after: str = "") -> dict[str, Any]:
    """imported, known, skipped, done, count and next; see the protocol's table. after: `next` of the call before."""
    until_s = time.monotonic() + CALL_S
    found = candidates(paths)
    if after and not after.isdecimal():
        raise wrong_input(f"'{after}' is not what an earlier answer named as next", place="after")
    place = min(int(after or 0), len(found))
    answer: dict[str, Any] = {"imported": [], "known": [], "skipped": []}
    while place < len(found):
        one = found[place]
        place += 1
        try:
            kind, told = _import(manager, one)
        except Exception as error:  # whatever is in a stranger's folder, the other jobs come in
            if not isinstance(error, Unreadable | VestimError | OSError):
                log.exception("importing %s failed", one.source)
            kind, told = "skipped", {"source": one.source, "sentence": _sentence(one, error)}
        answer[kind].append(told)
        if time.monotonic() > until_s:
            break
    return {**answer, "done": place, "count": len(found), "next": str(place) if place < len(found) else ""}


def _import(manager: JobManager, one: Candidate) -> tuple[str, dict[str, Any]]:
    """What became of one candidate: the list that it belongs to, and what to say of it there."""
    if one.folder is None:
        return "skipped", {"source": one.source, "sentence": one.sentence}
    job = read_former_job(one.folder, one.entry)
    job_id = job.job_id
    if not is_safe_id(job_id) or is_inspection_id(job_id) or is_data_set_id(job_id):
        raise Unreadable(f"'{job_id[:60]}' cannot be the id of a job: rename it in job_metadata.json of '{one.folder}'")
    if manager.registry.has(job_id):
        return "known", {"job_id": job_id, "source": str(one.folder)}
    home = manager.folder(job_id).root
    models, notes = 0, list[str]()
    if not home.exists():  # one that an interrupted import left is whole
        written = write_former_job(job, manager.home.jobs, manager.home.root)
        models, notes = written.models, written.notes
    take_in(manager, job_id)
    container = manager.get(job_id)
    told = {"job_id": job_id, "name": container.name, "state": container.state.value, "models": models, "notes": notes}
    return "imported", {**told, "source": str(one.folder)}


def _sentence(one: Candidate, error: Exception) -> str:
    match error:
        case VestimError():
            return error.sentence
        case Unreadable():
            return str(error)
        case OSError():
            return f"'{error.filename or one.folder}' cannot be used ({error.strerror or error})"
    return f"'{one.folder}' holds something that was not expected ({type(error).__name__}: {error})"
