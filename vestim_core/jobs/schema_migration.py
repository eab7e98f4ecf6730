"""Rewrite the JSON of a registry of schema 2 in the spelling of schema 3, within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from vestim_core.spec.schema_upgrade import upgrade_event, upgrade_job_record, upgrade_record

PAGE_ROWS = 5_000
"""Rows held in memory at a time: at most some 10 MB of events. Any value from 500 to 50,000 takes as long."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def upgrade_to_schema_3(db: sqlite3.Connection) -> None:
    """Rewrite every record, summary and event. Numbers, cursors and lineage stay."""
    _rewrite(db, "jobs", ("job_id",), "summary", lambda row: upgrade_record(row["value"]))
    _rewrite(db, "jobs", ("job_id",), "record", lambda row: _upgrade_job(row["value"]))
    _rewrite(db, "tasks", ("job_id", "task_id"), "record", lambda row: upgrade_record(row["value"]))
    _rewrite(db, "events", ("job_id", "seq"), "data", lambda row: upgrade_event(row["kind"], row["value"]), "kind")
    _rewrite(db, "data_sets", ("data_set_id",), "summary", lambda row: upgrade_record(row["value"]))
    _rewrite(db, "data_sets", ("data_set_id",), "record", lambda row: upgrade_record(row["value"]))
    db.execute("DELETE FROM commands")  # replies in the earlier spelling; no client of this version waits for them


def _upgrade_job(record: Any) -> Any:
    return upgrade_job_record(record) if isinstance(record, dict) else record


def _rewrite(
    db: sqlite3.Connection,
    table: str,
    keys: tuple[str, ...],
    column: str,
    upgrade: Callable[[dict[str, Any]], Any],
    *context: str,
) -> None:
    """Replace a column's JSON by its upgrade where that differs, page by page in the order of `keys`. `upgrade` is
    given `value` and the columns of `context`."""
    columns = ", ".join((*keys, column, *context))
    order = ", ".join(keys)
    marks = ", ".join("?" * len(keys))
    after: tuple[Any, ...] = ()
    while True:
        where = f"WHERE ({order}) > ({marks})" if after else ""
        page = db.execute(f"SELECT {columns} FROM {table} {where} ORDER BY {order} LIMIT {PAGE_ROWS}", after).fetchall()
        if not page:
            return
        changes = []
        for row in page:
            key, text = row[: len(keys)], row[len(keys)]
            value = json.loads(text)
            upgraded = upgrade({"value": value, **dict(zip(context, row[len(keys) + 1 :], strict=True))})
            if upgraded != value:
                changes.append((_encode(upgraded), *key))
        db.executemany(f"UPDATE {table} SET {column} = ? WHERE ({order}) = ({marks})", changes)
        after = page[-1][: len(keys)]
