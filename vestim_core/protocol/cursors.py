"""Streams and cursors. A cursor holds a stream's name, the lineage it was read from, and the last number applied.

Reading from a cursor gives everything after it, in order and without a gap. A cursor of another lineage restarts at 0.

Streams: `catalog` (one row per job or its tombstone, numbered by its last change), `data_sets` (the same for data sets,
numbered separately), `job:<job>` (a job's events from 1), `log:<job>/<task>/<attempt>:out` or `:err` (a log, numbered
by byte offset).
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from vestim_core.spec.errors import wrong_input
from vestim_core.spec.ids import is_safe_id, split_attempt_key

CATALOG_STREAM = "catalog"
DATA_SETS_STREAM = "data_sets"


class Cursor(BaseModel):
    """Read position in one stream. `lineage` is empty before the first reply."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: str = Field(max_length=120)
    lineage: str = Field("", max_length=64)
    seq: int = Field(0, ge=0, le=2**63 - 1)


class Stream(NamedTuple):
    """A parsed stream name. `job` is set for events and logs of a job; `task`, `attempt` and `log` for logs only."""

    kind: Literal["catalog", "data_sets", "job", "log"]
    job: str = ""
    task: str = ""
    attempt: int = 0
    log: Literal["", "out", "err"] = ""


_LOG_STREAM = re.compile(r"log:(?P<key>.+):(?P<log>out|err)")


def parse_stream(name: str) -> Stream:
    """Parse a stream name. Raises `VestimError` if it is not valid."""
    if name == CATALOG_STREAM:
        return Stream("catalog")
    if name == DATA_SETS_STREAM:
        return Stream("data_sets")
    if name.startswith("job:") and is_safe_id(name[4:]):
        return Stream("job", name[4:])
    match = _LOG_STREAM.fullmatch(name)
    if match:
        try:
            job, task, attempt = split_attempt_key(match["key"])
        except ValueError:
            pass
        else:
            return Stream("log", job, task, attempt, "out" if match["log"] == "out" else "err")
    raise wrong_input(
        f"'{name}' is no stream: use catalog, data_sets, job:<id> or log:<job>/<task>/<attempt>:out", location="cursors"
    )


def job_stream(job_id: str) -> str:
    """Name of the stream of a job's events."""
    return f"job:{job_id}"
