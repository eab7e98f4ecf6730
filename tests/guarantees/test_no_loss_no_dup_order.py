"""no-loss, no-dup, order: whoever dies when, a job's events are 1..n, each once, the same for every reader."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.conftest import alive_workers, arm, finish, kill_daemon, results, until
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
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Kept between the cases: what the job finds out when nothing happens to it."""
    return {}


@pytest.mark.parametrize("name", ["", *FAILPOINTS])
def test_a_death_at_a_named_moment_loses_and_doubles_nothing(
    name: str,
    vestim_home: Path,
    tmp_path: Path,
    job: Callable[..., dict[str, Any]],
    undisturbed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = arm(monkeypatch, tmp_path, name) if name else None
    with Client() as client:
        job_id = client.call("submit", spec=job())["job_id"]
        events = finish(client, job_id)
        again = finish(client, job_id)
        shown = client.call("show_job", job_id=job_id)
        home = client.home
    assert token is None or not token.exists(), "nobody came to the failpoint"
    assert shown["state"] == "done"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events == again
    assert len([e for e in events if e["kind"] == "job" and e["data"].get("task_count")]) == 1, "submitted twice"
    lines = sum(path.read_bytes().count(b"\n") for path in (home.jobs / job_id).glob("tasks/*/attempts/*/events.jsonl"))
    of_workers = [e for e in events if e["kind"] in {"epoch", "checkpoint", "result", "finding"}]
    of_workers += [e for e in events if e["kind"] in {"phase", "message"} and e["task"]]
    assert len(of_workers) == lines
    found = results(home, job_id)
    assert found == undisturbed.setdefault("results", found)
    assert not alive_workers(home)


def test_a_follower_that_is_cut_often_holds_what_one_from_the_start_holds(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    job_id = client.call("submit", spec=job(epochs=60))["job_id"]
    pieces: list[dict[str, Any]] = []
    for epoch in (1, 10, 30):

        def reached(event: dict[str, Any], epoch: int = epoch) -> bool:
            return bool(event["kind"] == "epoch" and event["data"]["epoch"] >= epoch)

        with Client() as cut:
            pieces += until(cut, job_id, reached, since=len(pieces))
        if epoch == 10:
            kill_daemon(client)
    with Client() as last:
        pieces += finish(last, job_id, since=len(pieces))
    assert pieces == finish(client, job_id)
    assert [event["seq"] for event in pieces] == list(range(1, len(pieces) + 1))


def test_a_repeated_command_is_carried_out_once(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    first = client.call("create_job", command_id="c1", spec=job())
    kill_daemon(client)
    assert client.call("create_job", command_id="c1", spec=job()) == first
    assert len(client.call("list_jobs")["jobs"]) == 1
