"""The registry: SQLite in WAL mode, written by one daemon at a time.

What belongs together is one transaction: a job's record, its changed tasks, its new events and the place in the
catalogue; a command's effect and its answer. Reading a stream from any number gives what comes after it, in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from vestim_core.jobs.clock import utc_now
from vestim_core.jobs.container import JobContainer
from vestim_core.jobs.database import open_database
from vestim_core.protocol.limits import MAX_LISTED, MAX_PIECE_BYTES
from vestim_core.spec.data_set import DataSet
from vestim_core.spec.ids import is_inspection_id
from vestim_core.spec.states import JOB_ENDS

COMMANDS_KEPT_DAYS = 7

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Registry:
    """One open database. All methods belong to one thread."""

    def __init__(self, path: Path) -> None:
        self._db = open_database(path)
        self._depth = 0
        self.lineage = self._one("SELECT value FROM meta WHERE key = 'lineage'", default="")
        self._catalog_seq = int(self._one("SELECT max(catalog_seq) FROM jobs", default=0) or 0)

    def close(self) -> None:
        """Write everything back into the one file and close it."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is committed together, or not at all; may be nested."""
        if self._depth:
            yield
            return
        self._depth = 1
        kept = self._catalog_seq
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has rolled back by itself when the disk is full
                self._db.execute("ROLLBACK")
            self._catalog_seq = kept
            raise
        finally:
            self._depth = 0

    # --- jobs

    def save(self, container: JobContainer) -> None:
        """Commit a container's record, its changed tasks and its new events, and move it to the catalogue's end."""
        with container.lock, self.transaction():
            if container.tasks_replaced:
                self._db.execute("DELETE FROM tasks WHERE job_id = ?", (container.job_id,))
            self._db.executemany(
                "INSERT OR REPLACE INTO tasks (job_id, task_id, ordinal, record) VALUES (?, ?, ?, ?)",
                [
                    (container.job_id, task.task_id, ordinal, _encode(task.to_record()))
                    for ordinal, task in enumerate(container.tasks.values())
                    if task.task_id in container.dirty_tasks
                ],
            )
            self._db.executemany(
                "INSERT INTO events (job_id, seq, time_utc, kind, task, attempt, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (container.job_id, e.seq, e.time_utc, e.kind.value, e.task, e.attempt, _encode(e.data))
                    for e in container.pending
                ],
            )
            self._catalog_seq += 1
            self._db.execute(
                "INSERT OR REPLACE INTO jobs (job_id, catalog_seq, active, listed, created_utc, summary, record) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    container.job_id,
                    self._catalog_seq,
                    container.state not in JOB_ENDS,
                    not is_inspection_id(container.job_id),
                    container.created_utc,
                    _encode(container.summary()),
                    _encode(container.job_record()),
                ),
            )

    def delete(self, job_id: str) -> None:
        """Leave nothing of a job but its tombstone in the catalogue."""
        with self.transaction():
            self._db.execute("DELETE FROM tasks WHERE job_id = ?", (job_id,))
            self._db.execute("DELETE FROM events WHERE job_id = ?", (job_id,))
            self._catalog_seq += 1
            self._db.execute(
                "UPDATE jobs SET deleted = 1, active = 0, catalog_seq = ?, summary = 'null', record = 'null' "
                "WHERE job_id = ?",
                (self._catalog_seq, job_id),
            )

    def forget(self, job_id: str) -> None:
        """Leave nothing at all of an inspection, which no list ever showed."""
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

    def exists(self, job_id: str) -> bool:
        """Whether there is, or ever was, a job of that id."""
        return self._db.execute("SELECT 1 FROM jobs WHERE job_id = ?", (job_id,)).fetchone() is not None

    def has(self, job_id: str) -> bool:
        """Whether there is a job of that id now."""
        row = self._db.execute("SELECT 1 FROM jobs WHERE job_id = ? AND NOT deleted", (job_id,)).fetchone()
        return row is not None

    def summaries(self, state: str = "", after: str = "", limit: int = MAX_LISTED) -> tuple[list[dict[str, Any]], str]:
        """A page of rows, one a job, newest first; and where the next page starts, empty when there is none.

        after: that of the page before. state: only jobs in this state.
        """
        made_utc, _, job_id = after.partition("/")
        rows = self._db.execute(
            "SELECT created_utc, job_id, summary FROM jobs WHERE listed AND NOT deleted "
            "AND (?1 = '' OR json_extract(summary, '$.state') = ?1) "
            "AND (?2 = '' OR (created_utc, job_id) < (?3, ?4)) "
            "ORDER BY created_utc DESC, job_id DESC LIMIT ?5",
            (state, after, made_utc, job_id, limit + 1),
        ).fetchall()
        found, _ = _within(rows[:limit], 2, MAX_PIECE_BYTES)
        more = len(rows) > len(found)
        return _decode_all([row[2] for row in found]), f"{found[-1][0]}/{found[-1][1]}" if more else ""

    # --- streams

    def read_catalog(self, after: int, limit: int, max_bytes: int) -> tuple[list[dict[str, Any]], int]:
        """Rows of jobs that changed after number `after` (a summary, or None for a job that was deleted), and their
        size."""
        rows = self._db.execute(
            "SELECT catalog_seq, job_id, deleted, summary FROM jobs "
            "WHERE catalog_seq > ? AND listed ORDER BY catalog_seq LIMIT ?",
            (after, limit),
        )
        found, size = _within(rows, 3, max_bytes)
        summaries = _decode_all([row[3] for row in found])
        return [
            {"seq": seq, "job_id": job_id, "summary": None if deleted else summary}
            for (seq, job_id, deleted, _), summary in zip(found, summaries, strict=True)
        ], size

    def read_events(self, job_id: str, after: int, limit: int, max_bytes: int) -> tuple[list[dict[str, Any]], int]:
        """Events of a job after number `after`, and their size in bytes."""
        rows = self._db.execute(
            "SELECT seq, time_utc, kind, task, attempt, data FROM events "
            "WHERE job_id = ? AND seq > ? ORDER BY seq LIMIT ?",
            (job_id, after, limit),
        )
        found, size = _within(rows, 5, max_bytes)
        contents = _decode_all([row[5] for row in found])
        return [
            {"seq": seq, "time_utc": time_utc, "kind": kind, "task": task, "attempt": attempt, "data": data}
            for (seq, time_utc, kind, task, attempt, _), data in zip(found, contents, strict=True)
        ], size

    # --- data sets

    def save_data_set(self, data_set: DataSet) -> None:
        """Commit a data set, and move it to the end of the stream of data sets."""
        with self.transaction():
            seq = int(self._one("SELECT max(seq) FROM data_sets", default=0) or 0) + 1
            texts = (_encode(data_set.summary()), _encode(data_set.to_record()))
            self._db.execute(
                "INSERT INTO data_sets (data_set_id, seq, name, summary, record) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (data_set_id) DO UPDATE SET "
                "seq = excluded.seq, name = excluded.name, summary = excluded.summary, record = excluded.record",
                (data_set.data_set_id, seq, data_set.name, *texts),
            )

    def delete_data_set(self, data_set_id: str) -> None:
        """Leave nothing of a data set but its tombstone in the stream."""
        with self.transaction():
            seq = int(self._one("SELECT max(seq) FROM data_sets", default=0) or 0) + 1
            self._db.execute(
                "UPDATE data_sets SET deleted = 1, seq = ?, summary = 'null', record = 'null' WHERE data_set_id = ?",
                (seq, data_set_id),
            )

    def load_data_set(self, named: str) -> DataSet | None:
        """The data set of that id or name, or None; no name is like an id."""
        query = "SELECT record FROM data_sets WHERE (data_set_id = ?1 OR name = ?1) AND NOT deleted"
        row = self._db.execute(query, (named,)).fetchone()
        return None if row is None else DataSet.model_validate_json(row[0])

    def had_data_set(self, data_set_id: str) -> bool:
        """Whether there is, or ever was, a data set of that id."""
        return bool(self._db.execute("SELECT 1 FROM data_sets WHERE data_set_id = ?", (data_set_id,)).fetchone())

    def data_set_summaries(self) -> list[dict[str, Any]]:
        """One row per data set, by name."""
        rows = self._db.execute("SELECT summary FROM data_sets WHERE NOT deleted ORDER BY name")
        return [json.loads(summary) for (summary,) in rows]

    def read_data_sets(self, after: int, limit: int, max_bytes: int) -> tuple[list[dict[str, Any]], int]:
        """Rows of data sets that changed after number `after` (None for one that was deleted), and their size."""
        rows = self._db.execute(
            "SELECT seq, data_set_id, summary FROM data_sets WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
        )
        found, size = _within(rows, 2, max_bytes)
        summaries = _decode_all([row[2] for row in found])
        return [
            {"seq": seq, "data_set_id": data_set_id, "summary": summary}
            for (seq, data_set_id, _), summary in zip(found, summaries, strict=True)
        ], size

    # --- the machine

    def lease(self, attempt_key: str, threads: int, gpu: int | None) -> None:
        """Give threads, and a GPU or none, to an attempt until `release`."""
        self._db.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (attempt_key, threads, gpu))

    def release(self, attempt_key: str) -> None:
        """Take back what an attempt was given; to be called when its whole process tree is gone."""
        self._db.execute("DELETE FROM leases WHERE attempt_key = ?", (attempt_key,))

    def leases(self) -> list[tuple[str, int, int | None]]:
        """Attempt key, threads and GPU of every lease."""
        return list(self._db.execute("SELECT attempt_key, threads, gpu FROM leases ORDER BY attempt_key"))

    def note_boot(self, boot: str) -> bool:
        """Remember this start of the machine; True when the registry was last used in another one."""
        known = self._one("SELECT value FROM meta WHERE key = 'boot'", default=boot)
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", (boot,))
        return bool(known != boot)

    # --- commands

    def answer_of(self, command_id: str) -> tuple[str, Any] | None:
        """Digest and answer of a command that was carried out, or None."""
        row = self._db.execute("SELECT digest, answer FROM commands WHERE command_id = ?", (command_id,)).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def keep_answer(self, command_id: str, digest: str, answer: Any) -> None:
        """Remember that a command was carried out."""
        self._db.execute("INSERT INTO commands VALUES (?, ?, ?, ?)", (command_id, digest, _encode(answer), utc_now()))

    def forget_old_commands(self) -> None:
        """Drop answers that no client can still be asking for."""
        with self.transaction():
            self._db.execute(
                "DELETE FROM commands WHERE julianday('now') - julianday(time_utc) > ?", (COMMANDS_KEPT_DAYS,)
            )

    def _one(self, query: str, *, default: Any) -> Any:
        row = self._db.execute(query).fetchone()
        return default if row is None else row[0]


def _decode_all(texts: list[str]) -> list[Any]:
    """What many JSON texts hold: as one text, which takes a third of the time of one by one."""
    values: list[Any] = from_json("[" + ",".join(texts) + "]")
    return values


def _within(rows: Iterable[tuple[Any, ...]], text: int, max_bytes: int) -> tuple[list[tuple[Any, ...]], int]:
    """The first rows whose column `text` fits into `max_bytes` in all, but at least one if there is one."""
    found: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        size += len(row[text]) + 120
        if found and size > max_bytes:
            break
        found.append(row)
    return found, size
