"""Collect results that do not fit into one reply: all jobs, all tasks of a job, and all pages of a legacy import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from vestim_core.client.blocking_client import Client


def list_all_jobs(call: Callable[..., Any], state: str = "") -> list[dict[str, Any]]:
    """Return one summary per job, newest first. call: `Client.call`. state: only jobs in this state."""
    jobs: list[dict[str, Any]] = []
    next_page = ""
    while True:
        page = call("list_jobs", state=state, after=next_page)
        jobs += page["jobs"]
        next_page = page["next"]
        if not next_page:
            return jobs


def fetch_job(client: Client, job_id: str) -> dict[str, Any]:
    """Return the result of `show_job` with all tasks."""
    job: dict[str, Any] = client.call("show_job", job_id=job_id)
    while len(job["tasks"]) < job["task_count"]:
        tasks = client.call("show_job", job_id=job_id, tasks_from=len(job["tasks"]))["tasks"]
        if not tasks:
            break
        job["tasks"] += tasks
    return job


def import_legacy_jobs(call: Callable[..., Any], paths: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the results of `import_legacy_jobs` page by page. call: `Client.call`. paths: absolute paths."""
    next_page = ""
    while True:
        page = call("import_legacy", paths=list(paths), after=next_page)
        yield page
        next_page = page["next"]
        if not next_page:
            return
