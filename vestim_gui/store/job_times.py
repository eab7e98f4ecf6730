"""Run times and local times of jobs, from the protocol's UTC times, such as `2025-01-31T12:00:00.000Z`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from vestim_core.spec.states import TERMINAL_JOB_STATES


@lru_cache(maxsize=65_536)
def unix_time_s(time_utc: str) -> float:
    """Seconds since 1970 of a protocol time."""
    return datetime.fromisoformat(time_utc).timestamp()


def run_time_s(row: dict[str, Any], now_s: float | None = None) -> float | None:
    """Seconds from a job's start to its end, or to `now_s` while it has not ended; None if it never started."""
    if not row["started_utc"]:
        return None
    ended_utc = row["ended_utc"] if row["state"] in TERMINAL_JOB_STATES else ""
    end_s = unix_time_s(ended_utc) if ended_utc else now_s if now_s is not None else datetime.now(UTC).timestamp()
    return max(0.0, end_s - unix_time_s(row["started_utc"]))


def local_time(time_utc: str, today: datetime | None = None) -> str:
    """A protocol time on this machine's clock: `14:02` today, `31 Jan 14:02` this year, with the year otherwise."""
    if not time_utc:
        return ""
    local = datetime.fromisoformat(time_utc).astimezone()
    current = today or datetime.now().astimezone()
    if local.date() == current.date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}" if local.year == current.year else f"{local.day} {local:%b %Y %H:%M}"
