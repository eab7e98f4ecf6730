"""All jobs, however many there are: read in as many pages as that takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def all_jobs(call: Callable[..., Any], state: str = "") -> list[dict[str, Any]]:
    """One summary per job, newest first. call: a client's. state: only jobs in this state."""
    jobs: list[dict[str, Any]] = []
    after = ""
    while True:
        page = call("list_jobs", state=state, after=after)
        jobs += page["jobs"]
        after = page["next"]
        if not after:
            return jobs
