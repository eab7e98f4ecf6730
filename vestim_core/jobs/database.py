"""The database file behind the registry: schema, opening, migration, and renaming when it is damaged.

A database of an earlier version is copied before it is migrated; one of a later version is refused and left unchanged.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from vestim_core.jobs.schema_migration import upgrade_to_schema_3
from vestim_core.spec.errors import ErrorCode, VestimError

SCHEMA_VERSION = 3  # stored as the database's user_version
_DATA_SETS = """
CREATE TABLE data_sets (
    data_set_id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, deleted INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL,
    summary TEXT NOT NULL, record TEXT NOT NULL
);
CREATE UNIQUE INDEX data_sets_name ON data_sets (name) WHERE NOT deleted;
"""
Migration = str | Callable[[sqlite3.Connection], None]
"""SQL, or a function that rewrites rows within the caller's transaction."""

MIGRATIONS: Mapping[int, Migration] = {1: _DATA_SETS, 2: upgrade_to_schema_3}
"""SQL that migrates a database from the key's version to the next one; a new database takes the same steps."""

_SCHEMA_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
    job_id TEXT PRIMARY KEY, catalog_seq INTEGER NOT NULL UNIQUE, active INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0, listed INTEGER NOT NULL DEFAULT 1, created_utc TEXT NOT NULL,
    summary TEXT NOT NULL, record TEXT NOT NULL
);
CREATE INDEX jobs_active ON jobs (active) WHERE active;
CREATE TABLE tasks (
    job_id TEXT NOT NULL, task_id TEXT NOT NULL, ordinal INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (job_id, task_id)
) WITHOUT ROWID;
CREATE TABLE events (
    job_id TEXT NOT NULL, seq INTEGER NOT NULL, time_utc TEXT NOT NULL, kind TEXT NOT NULL, task TEXT NOT NULL,
    attempt INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (job_id, seq)
) WITHOUT ROWID;
CREATE TABLE leases (
    attempt_key TEXT PRIMARY KEY, threads INTEGER NOT NULL, gpu INTEGER
) WITHOUT ROWID;
CREATE TABLE commands (
    command_id TEXT PRIMARY KEY, digest TEXT NOT NULL, answer TEXT NOT NULL, time_utc TEXT NOT NULL
) WITHOUT ROWID;
"""


class DamagedDatabase(Exception):
    """The file is no database, or cannot be read as one."""


def open_database(
    path: Path, version: int = SCHEMA_VERSION, migrations: Mapping[int, Migration] = MIGRATIONS
) -> sqlite3.Connection:
    """Open the database at `path`, created when missing and migrated to `version`.

    Raises DamagedDatabase; VestimError for a newer version or a file that the system does not let us open.
    """
    try:
        db = sqlite3.connect(path, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise _open_error(path, error) from None
    try:
        file_version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if file_version > version:
            db.close()
            raise _newer_version_error(path, file_version, version)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA cache_size = -4096")
        if file_version == 0:
            lineage = f"INSERT INTO meta VALUES ('lineage', '{secrets.token_hex(8)}');"
            steps = [migrations[step] for step in range(1, version)]
            migration_sql = " ".join(f"{step};" for step in steps if isinstance(step, str))  # no rows to rewrite yet
            db.executescript(f"BEGIN; {_SCHEMA_1} {lineage} {migration_sql} PRAGMA user_version = {version}; COMMIT;")
        for step in range(file_version or version, version):
            _back_up(db, path.with_name(f"{path.stem}.version-{step}.sqlite"))
            _migrate(db, migrations[step], step + 1)
    except sqlite3.OperationalError as error:
        db.close()
        raise _open_error(path, error) from None
    except (sqlite3.DatabaseError, json.JSONDecodeError) as error:
        db.close()
        raise DamagedDatabase(f"{path}: {error}") from None
    return db


def _migrate(db: sqlite3.Connection, migration: Migration, version: int) -> None:
    """Migrate to `version` in one transaction."""
    if isinstance(migration, str):
        db.executescript(f"BEGIN; {migration}; PRAGMA user_version = {version}; COMMIT;")
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        migration(db)
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def is_database_damage(error: Exception) -> bool:
    """True if the error means that the database is damaged, rather than unreadable at the moment."""
    return isinstance(error, DamagedDatabase) or _error_kind(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_disk_failure(error: Exception) -> bool:
    """True if the error means that the disk accepts no more data."""
    return _error_kind(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


def _error_kind(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # the low byte is the kind, the rest its detail


def rename_damaged_database(path: Path) -> Path | None:
    """Rename a damaged database and the files that belong to it; returns the new path, None when there was none."""
    target = path.with_name(f"{path.stem}.damaged-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}{path.suffix}")
    for suffix in ("-wal", "-shm"):
        sidecar = path.with_name(path.name + suffix)
        if sidecar.exists():
            sidecar.rename(target.with_name(target.name + suffix))
    if not path.exists():
        return None
    path.rename(target)
    return target


def _back_up(db: sqlite3.Connection, target: Path) -> None:
    with sqlite3.connect(target) as copy:
        db.backup(copy)
    copy.close()


def _open_error(path: Path, error: sqlite3.OperationalError) -> VestimError:
    message = f"the registry '{path}' cannot be opened ({error}): check the disk and the folder's rights"
    return VestimError(ErrorCode.FAILED, message)


def _newer_version_error(path: Path, file_version: int, supported: int) -> VestimError:
    return VestimError(
        ErrorCode.VERSION,
        f"the registry '{path}' was written by a newer version of Vestim "
        f"(schema {file_version}, this one knows {supported}): update Vestim",
        location=str(path),
    )
