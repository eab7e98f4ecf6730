"""A whole job, however many tasks it has: read in as many answers as that takes."""

from __future__ import annotations

from typing import Any

from vestim_core.client.connection import Client


def show(client: Client, job_id: str) -> dict[str, Any]:
    """What `show_job` answers, with all tasks."""
    shown: dict[str, Any] = client.call("show_job", job_id=job_id)
    while len(shown["tasks"]) < shown["task_count"]:
        more = client.call("show_job", job_id=job_id, tasks_from=len(shown["tasks"]))["tasks"]
        if not more:
            break
        shown["tasks"] += more
    return shown
