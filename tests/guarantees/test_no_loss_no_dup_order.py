"""no-loss, no-dup, order: whoever dies when, a job's events are 1..n, each once, the same for every reader."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.conftest import (
    alive_workers,
    arm_failpoint,
    follow_to_end,
    follow_until,
    kill_daemon,
    read_results,
)
from vestim_core.client import Client

FAILPOINTS = [
    "start.committed",
    "start.folder",
    "start.born",
    "start.recorded",
    "ingest.read",
    "ingest.committed",
    "ended.seen",
    "ended.committed",
    "command.done",
    "command.committed",
    "worker.born",
    "worker.worked",
    "worker.exit",
]


@pytest.fixture(scope="module")
def undisturbed_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Shared by the cases: results of the job when nothing happens to it."""
    return {}


@pytest.mark.parametrize("name", ["", *FAILPOINTS])
def test_a_death_at_a_failpoint_loses_and_repeats_nothing(
    name: str,
    vestim_home: Path,
    tmp_path: Path,
    job: Callable[..., dict[str, Any]],
    undisturbed_results: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = arm_failpoint(monkeypatch, tmp_path, name) if name else None
    with Client() as client:
        job_id = client.call("submit", spec=job())["job_id"]
        events = follow_to_end(client, job_id)
        events_again = follow_to_end(client, job_id)
        status = client.call("show_job", job_id=job_id)
        home = client.home
    assert token is None or not token.exists(), "nobody came to the failpoint"
    assert status["state"] == "done"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events == events_again
    assert len([e for e in events if e["kind"] == "job" and e["data"].get("task_count")]) == 1, "submitted twice"
    lines = sum(path.read_bytes().count(b"\n") for path in (home.jobs / job_id).glob("tasks/*/attempts/*/events.jsonl"))
    worker_events = [e for e in events if e["kind"] in {"epoch", "checkpoint", "result", "finding"}]
    worker_events += [e for e in events if e["kind"] in {"phase", "message"} and e["task"]]
    assert len(worker_events) == lines
    job_results = read_results(home, job_id)
    assert job_results == undisturbed_results.setdefault("results", job_results)
    assert not alive_workers(home)


def test_an_interrupted_follower_gets_every_event_once(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    job_id = client.call("submit", spec=job(epochs=60))["job_id"]
    events: list[dict[str, Any]] = []
    for epoch in (1, 10, 30):

        def has_reached(event: dict[str, Any], epoch: int = epoch) -> bool:
            return bool(event["kind"] == "epoch" and event["data"]["epoch"] >= epoch)

        with Client() as short_client:
            events += follow_until(short_client, job_id, has_reached, since=len(events))
        if epoch == 10:
            kill_daemon(client)
    with Client() as last_client:
        events += follow_to_end(last_client, job_id, since=len(events))
    assert events == follow_to_end(client, job_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_a_repeated_command_is_carried_out_once(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    first = client.call("create_job", command_id="c1", spec=job())
    kill_daemon(client)
    assert client.call("create_job", command_id="c1", spec=job()) == first
    assert len(client.call("list_jobs")["jobs"]) == 1
