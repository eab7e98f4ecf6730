"""Journal ingest: each complete line of an attempt's journal becomes exactly one event.

Reading, numbering and advancing the offset are one transaction, so no death of the daemon loses or repeats a line.
"""

from __future__ import annotations

import logging
from pathlib import Path

from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.training_speeds import record_thread_count
from vestim_core.protocol.journal_lines import read_lines
from vestim_core.protocol.message_limits import MAX_JOURNAL_READ_BYTES
from vestim_core.spec.ids import attempt_key
from vestim_core.system.failpoints import failpoint

log = logging.getLogger(__name__)


def ingest_journal(manager: JobManager, container: JobContainer, task_id: str) -> bool:
    """Read what a task's newest attempt has written since the last call; True when more may be readable at once."""
    attempt = container.tasks[task_id].attempt
    if attempt is None:
        return False
    path = manager.folder(container.job_id).attempt(task_id, attempt.index) / "events.jsonl"
    chunk, starts_within_line = _read(path, attempt.offset)
    lines, offset = read_lines(chunk, attempt.offset, starts_inside_line=starts_within_line)
    if offset == attempt.offset:
        return False
    failpoint("ingest.read")
    task = container.tasks[task_id]
    needs_thread_count = not task.threads
    with manager.unit_of_work():
        container.ingest(task_id, lines, offset)
        if needs_thread_count and task.threads:  # threads that it measured but does not use become free
            manager.registry.lease(attempt_key(container.job_id, task_id, attempt.index), task.threads, None)
        manager.persist_job_container(container)
    failpoint("ingest.committed")
    if needs_thread_count and task.threads:
        _record_threads(manager, task)
    return len(chunk) == MAX_JOURNAL_READ_BYTES


def _record_threads(manager: JobManager, task: Task) -> None:
    try:
        record_thread_count(manager.home.speeds, task)
    except OSError as error:  # the next training of this kind measures them again
        log.warning("%s cannot be written: %s", manager.home.speeds, error)


def _read(path: Path, offset: int) -> tuple[bytes, bool]:
    """The next bytes from `offset`, and whether they start within a line."""
    lookbehind = min(offset, 1)
    try:
        with path.open("rb") as file:
            file.seek(offset - lookbehind)
            chunk = file.read(MAX_JOURNAL_READ_BYTES + lookbehind)
    except OSError:
        return b"", False
    return chunk[lookbehind:], bool(lookbehind) and chunk[:1] not in {b"", b"\n"}
