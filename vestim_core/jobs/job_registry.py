"""The registry: SQLite in WAL mode, written by one daemon at a time.

One transaction stores a job's record with its changed tasks, its new events and its place in the catalog; another one a
command's effect with its answer. Reading a stream from any sequence number returns the rows after it, in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from vestim_core.jobs.database import open_database
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.utc_time import utc_now
from vestim_core.protocol.message_limits import MAX_CHUNK_BYTES, MAX_JOBS_PER_REPLY
from vestim_core.spec.data_set import DataSet
from vestim_core.spec.ids import is_inspection_id
from vestim_core.spec.states import TERMINAL_JOB_STATES

COMMANDS_KEPT_DAYS = 7  # arbitrary: longer than a client repeats a command

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Registry:
    """One open database. All methods belong to one thread."""

    def __init__(self, path: Path) -> None:
        self._db = open_database(path)
        self._depth = 0
        self.lineage = self._query_value("SELECT value FROM meta WHERE key = 'lineage'", default="")
        self._catalog_seq = int(self._query_value("SELECT max(catalog_seq) FROM jobs", default=0) or 0)

    def close(self) -> None:
        """Merge the write-ahead log into the database file and close it."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside together, or nothing; may be nested."""
        if self._depth:
            yield
            return
        self._depth = 1
        catalog_seq = self._catalog_seq
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself when the disk is full
                self._db.execute("ROLLBACK")
            self._catalog_seq = catalog_seq
            raise
        finally:
            self._depth = 0

    # --- jobs

    def save(self, container: JobContainer) -> None:
        """Commit a container's record, changed tasks and new events, and move it to the end of the catalog."""
        with container.lock, self.transaction():
            if container.has_replaced_tasks:
                self._db.execute("DELETE FROM tasks WHERE job_id = ?", (container.job_id,))
            self._db.executemany(
                "INSERT OR REPLACE INTO tasks (job_id, task_id, ordinal, record) VALUES (?, ?, ?, ?)",
                [
                    (container.job_id, task.task_id, ordinal, _encode(task.to_record()))
                    for ordinal, task in enumerate(container.tasks.values())
                    if task.task_id in container.dirty_task_ids
                ],
            )
            self._db.executemany(
                "INSERT INTO events (job_id, seq, time_utc, kind, task, attempt, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (container.job_id, e.seq, e.time_utc, e.kind.value, e.task, e.attempt, _encode(e.data))
                    for e in container.pending_events
                ],
            )
            self._catalog_seq += 1
            self._db.execute(
                "INSERT OR REPLACE INTO jobs (job_id, catalog_seq, active, listed, created_utc, summary, record) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    container.job_id,
                    self._catalog_seq,
                    container.state not in TERMINAL_JOB_STATES,
                    not is_inspection_id(container.job_id),
                    container.created_utc,
                    _encode(container.summary()),
                    _encode(container.job_record()),
                ),
            )

    def delete(self, job_id: str) -> None:
        """Delete a job except for its tombstone in the catalog."""
        with self.transaction():
            self._db.execute("DELETE FROM tasks WHERE job_id = ?", (job_id,))
            self._db.execute("DELETE FROM events WHERE job_id = ?", (job_id,))
            self._catalog_seq += 1
            self._db.execute(
                "UPDATE jobs SET deleted = 1, active = 0, catalog_seq = ?, summary = 'null', record = 'null' "
                "WHERE job_id = ?",
                (self._catalog_seq, job_id),
            )

    def delete_inspection(self, job_id: str) -> None:
        """Delete an inspection entirely; no list ever showed it."""
        with self.transaction():
            for table in ("tasks", "events", "jobs"):
                self._db.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))

    def ended_inspections(self) -> list[str]:
        """Ids of inspections that have ended, oldest first."""
        rows = self._db.execute("SELECT job_id FROM jobs WHERE NOT listed AND NOT active ORDER BY catalog_seq")
        return [job_id for (job_id,) in rows]

    def load(self, job_id: str) -> JobContainer | None:
        """The container as last saved, or None."""
        row = self._db.execute("SELECT record FROM jobs WHERE job_id = ? AND NOT deleted", (job_id,)).fetchone()
        if row is None:
            return None
        tasks = self._db.execute("SELECT record FROM tasks WHERE job_id = ? ORDER BY ordinal", (job_id,))
        return JobContainer.from_record({**json.loads(row[0]), "tasks": [json.loads(task) for (task,) in tasks]})

    def active_jobs(self) -> list[str]:
        """Ids of all jobs that have not ended, oldest first."""
        rows = self._db.execute("SELECT job_id FROM jobs WHERE active AND NOT deleted ORDER BY created_utc, job_id")
        return [job_id for (job_id,) in rows]

    def was_job_id_used(self, job_id: str) -> bool:
        """True if a job with that id exists or ever existed."""
        return self._db.execute("SELECT 1 FROM jobs WHERE job_id = ?", (job_id,)).fetchone() is not None

    def has_job(self, job_id: str) -> bool:
        """True if a job with that id exists."""
        row = self._db.execute("SELECT 1 FROM jobs WHERE job_id = ? AND NOT deleted", (job_id,)).fetchone()
        return row is not None

    def summaries(
        self, state: str = "", cursor: str = "", limit: int = MAX_JOBS_PER_REPLY
    ) -> tuple[list[dict[str, Any]], str]:
        """One page of job summaries, newest first, and the cursor of the next page, empty at the end.

        cursor: from the page before, empty for the first. state: only jobs in this state.
        """
        created_utc, _, job_id = cursor.partition("/")
        rows = self._db.execute(
            "SELECT created_utc, job_id, summary FROM jobs WHERE listed AND NOT deleted "
            "AND (?1 = '' OR json_extract(summary, '$.state') = ?1) "
            "AND (?2 = '' OR (created_utc, job_id) < (?3, ?4)) "
            "ORDER BY created_utc DESC, job_id DESC LIMIT ?5",
            (state, cursor, created_utc, job_id, limit + 1),
        ).fetchall()
        page, _ = _rows_within(rows[:limit], 2, MAX_CHUNK_BYTES)
        has_more = len(rows) > len(page)
        return _decode_all([row[2] for row in page]), f"{page[-1][0]}/{page[-1][1]}" if has_more else ""

    # --- streams

    def read_catalog(self, after_seq: int, limit: int, max_bytes: int) -> tuple[list[dict[str, Any]], int]:
        """Rows of jobs changed after sequence number `after_seq` (summary None for a deleted job), and their size in
        bytes."""
        rows = self._db.execute(
            "SELECT catalog_seq, job_id, deleted, summary FROM jobs "
            "WHERE catalog_seq > ? AND listed ORDER BY catalog_seq LIMIT ?",
            (after_seq, limit),
        )
        page, size = _rows_within(rows, 3, max_bytes)
        summaries = _decode_all([row[3] for row in page])
        return [
            {"seq": seq, "job_id": job_id, "summary": None if deleted else summary}
            for (seq, job_id, deleted, _), summary in zip(page, summaries, strict=True)
        ], size

    def read_events(self, job_id: str, after_seq: int, limit: int, max_bytes: int) -> tuple[list[dict[str, Any]], int]:
        """Events of a job after sequence number `after_seq`, and their size in bytes."""
        rows = self._db.execute(
            "SELECT seq, time_utc, kind, task, attempt, data FROM events "
            "WHERE job_id = ? AND seq > ? ORDER BY seq LIMIT ?",
            (job_id, after_seq, limit),
        )
        page, size = _rows_within(rows, 5, max_bytes)
        contents = _decode_all([row[5] for row in page])
        return [
            {"seq": seq, "time_utc": time_utc, "kind": kind, "task": task, "attempt": attempt, "data": data}
            for (seq, time_utc, kind, task, attempt, _), data in zip(page, contents, strict=True)
        ], size

    # --- data sets

    def save_data_set(self, data_set: DataSet) -> None:
        """Commit a data set, and move it to the end of the stream of data sets."""
        with self.transaction():
            seq = int(self._query_value("SELECT max(seq) FROM data_sets", default=0) or 0) + 1
            texts = (_encode(data_set.summary()), _encode(data_set.to_record()))
            self._db.execute(
                "INSERT INTO data_sets (data_set_id, seq, name, summary, record) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (data_set_id) DO UPDATE SET "
                "seq = excluded.seq, name = excluded.name, summary = excluded.summary, record = excluded.record",
                (data_set.data_set_id, seq, data_set.name, *texts),
            )

    def delete_data_set(self, data_set_id: str) -> None:
        """Delete a data set except for its tombstone in the stream."""
        with self.transaction():
            seq = int(self._query_value("SELECT max(seq) FROM data_sets", default=0) or 0) + 1
            self._db.execute(
                "UPDATE data_sets SET deleted = 1, seq = ?, summary = 'null', record = 'null' WHERE data_set_id = ?",
                (seq, data_set_id),
            )

    def load_data_set(self, id_or_name: str) -> DataSet | None:
        """The data set with that id or name, or None; no name looks like an id."""
        query = "SELECT record FROM data_sets WHERE (data_set_id = ?1 OR name = ?1) AND NOT deleted"
        row = self._db.execute(query, (id_or_name,)).fetchone()
        return None if row is None else DataSet.model_validate_json(row[0])

    def was_data_set_id_used(self, data_set_id: str) -> bool:
        """True if a data set with that id exists or ever existed."""
        return bool(self._db.execute("SELECT 1 FROM data_sets WHERE data_set_id = ?", (data_set_id,)).fetchone())

    def data_set_summaries(self) -> list[dict[str, Any]]:
        """One row per data set, by name."""
        rows = self._db.execute("SELECT summary FROM data_sets WHERE NOT deleted ORDER BY name")
        return [json.loads(summary) for (summary,) in rows]

    def read_data_sets(self, after_seq: int, limit: int, max_bytes: int) -> tuple[list[dict[str, Any]], int]:
        """Rows of data sets changed after sequence number `after_seq` (summary None for a deleted one), and their size
        in bytes."""
        rows = self._db.execute(
            "SELECT seq, data_set_id, summary FROM data_sets WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, limit)
        )
        page, size = _rows_within(rows, 2, max_bytes)
        summaries = _decode_all([row[2] for row in page])
        return [
            {"seq": seq, "data_set_id": data_set_id, "summary": summary}
            for (seq, data_set_id, _), summary in zip(page, summaries, strict=True)
        ], size

    # --- the machine

    def lease(self, attempt_key: str, threads: int, gpu: int | None) -> None:
        """Assign threads, and a GPU or none, to an attempt until `release`."""
        self._db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (attempt_key, threads, gpu))

    def release(self, attempt_key: str) -> None:
        """End an attempt's lease; to be called when its whole process tree has ended."""
        self._db.execute("DELETE FROM leases WHERE attempt_key = ?", (attempt_key,))

    def leases(self) -> list[tuple[str, int, int | None]]:
        """Attempt key, threads and GPU of every lease."""
        return list(self._db.execute("SELECT attempt_key, threads, gpu FROM leases ORDER BY attempt_key"))

    def record_boot(self, boot: str) -> bool:
        """Record this boot of the machine; True when the registry was last used in another one."""
        last_boot = self._query_value("SELECT value FROM meta WHERE key = 'boot'", default=boot)
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", (boot,))
        return bool(last_boot != boot)

    # --- commands

    def find_answer(self, command_id: str) -> tuple[str, Any] | None:
        """Digest and answer of a command that was carried out, or None."""
        row = self._db.execute("SELECT digest, answer FROM commands WHERE command_id = ?", (command_id,)).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def save_answer(self, command_id: str, digest: str, answer: Any) -> None:
        """Record that a command was carried out."""
        self._db.execute("INSERT INTO commands VALUES (?, ?, ?, ?)", (command_id, digest, _encode(answer), utc_now()))

    def forget_old_commands(self) -> None:
        """Delete answers that no client can still ask for."""
        with self.transaction():
            self._db.execute(
                "DELETE FROM commands WHERE julianday('now') - julianday(time_utc) > ?", (COMMANDS_KEPT_DAYS,)
            )

    def _query_value(self, query: str, *, default: Any) -> Any:
        row = self._db.execute(query).fetchone()
        return default if row is None else row[0]


def _decode_all(texts: list[str]) -> list[Any]:
    """Values of many JSON texts, parsed as one text: that takes a third of the time."""
    values: list[Any] = from_json("[" + ",".join(texts) + "]")
    return values


def _rows_within(
    rows: Iterable[tuple[Any, ...]], text_column: int, max_bytes: int
) -> tuple[list[tuple[Any, ...]], int]:
    """The first rows whose column `text` fits into `max_bytes` together, but at least one if there is one."""
    page: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        size += len(row[text_column]) + 120
        if page and size > max_bytes:
            break
        page.append(row)
    return page, size
