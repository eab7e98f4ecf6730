"""From journals to events: each complete line of an attempt's journal becomes exactly one event.

Reading, numbering and moving the offset are one transaction, so that no death of the daemon loses or doubles a line.
"""

from __future__ import annotations

import logging
from pathlib import Path

from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.speeds import record_threads
from vestim_core.jobs.tasks import Task
from vestim_core.protocol.journal import read_lines
from vestim_core.protocol.limits import MAX_JOURNAL_READ
from vestim_core.spec.ids import attempt_key
from vestim_core.system.failpoints import failpoint

log = logging.getLogger(__name__)


def ingest(manager: JobManager, container: JobContainer, task_id: str) -> bool:
    """Take in what the newest attempt of a task has written since; True when there may be more to read at once."""
    attempt = container.tasks[task_id].attempt
    if attempt is None:
        return False
    path = manager.folder(container.job_id).attempt(task_id, attempt.number) / "events.jsonl"
    chunk, inside = _read(path, attempt.offset)
    lines, offset = read_lines(chunk, attempt.offset, inside=inside)
    if offset == attempt.offset:
        return False
    failpoint("ingest.read")
    task = container.tasks[task_id]
    undecided = not task.threads
    with manager.unit():
        container.ingest(task_id, lines, offset)
        if undecided and task.threads:  # what it measured and does not use is free again
            manager.registry.lease(attempt_key(container.job_id, task_id, attempt.number), task.threads, None)
        manager.persist_job_container(container)
    failpoint("ingest.committed")
    if undecided and task.threads:
        _keep_threads(manager, task)
    return len(chunk) == MAX_JOURNAL_READ


def _keep_threads(manager: JobManager, task: Task) -> None:
    try:
        record_threads(manager.home.speeds, task)
    except OSError as problem:  # the next training of the kind measures it again
        log.warning("%s cannot be written: %s", manager.home.speeds, problem)


def _read(path: Path, offset: int) -> tuple[bytes, bool]:
    """The next bytes from `offset`, and whether they start within a line."""
    before = min(offset, 1)
    try:
        with path.open("rb") as file:
            file.seek(offset - before)
            chunk = file.read(MAX_JOURNAL_READ + before)
    except OSError:
        return b"", False
    return chunk[before:], bool(before) and chunk[:1] not in {b"", b"\n"}
