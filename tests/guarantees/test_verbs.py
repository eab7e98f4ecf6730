"""Organizing jobs: the effect of each verb, its persistence, and refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.daemons import wait_until
from tests.guarantees.conftest import follow_to_end, follow_until, kill_daemon, stop_daemon
from vestim_core.client import Client
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import read_json


@pytest.fixture
def done(client: Client, job: Callable[..., dict[str, Any]]) -> str:
    """A job that has ended."""
    job_id = str(client.call("submit", spec=job(epochs=2))["job_id"])
    follow_to_end(client, job_id)
    return job_id


def _refusal(client: Client, method: str, **params: Any) -> str:
    with pytest.raises(VestimError) as error:
        client.call(method, **params)
    assert error.value.code is ErrorCode.REFUSED
    return error.value.message


def test_name_tags_and_note_are_stored_in_registry_and_folder(client: Client, done: str) -> None:
    client.call("rename", job_id=done, name="  drives at 25 degC  ")
    client.call("tag", job_id=done, add=["cold", "good", "cold"])
    client.call("tag", job_id=done, add=["new"], remove=["cold"])
    client.call("note", job_id=done, text="the second cell")
    client.call("archive", job_id=done)
    kill_daemon(client)
    status = client.call("show_job", job_id=done)
    labels = {"name": "drives at 25 degC", "tags": ["good", "new"], "note": "the second cell", "archived": True}
    assert {key: status[key] for key in labels} == labels
    state_json = read_json(client.home.jobs / done / "state.json")
    assert {key: state_json[key] for key in labels} == labels
    assert client.call("restore", job_id=done)["archived"] is False
    with pytest.raises(VestimError) as error:
        client.call("rename", job_id=done, name="   ")
    assert error.value.code is ErrorCode.WRONG_INPUT


def test_invalid_verbs_are_refused_with_the_reason(
    client: Client, done: str, job: Callable[..., dict[str, Any]]
) -> None:
    assert "nothing to resume" in _refusal(client, "resume", job_id=done)
    assert "only a queued or running job" in _refusal(client, "pause", job_id=done)
    assert "not in the queue" in _refusal(client, "reorder", job_id=done, position=1)
    running = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, running, lambda event: event["kind"] == "epoch")
    assert "stop it before" in _refusal(client, "delete", job_id=running)
    assert "stop it before" in _refusal(client, "archive", job_id=running)
    client.call("stop", job_id=running, test=False)
    follow_to_end(client, running)


def test_the_queue_follows_the_order_set_by_the_user(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    busy = client.call("submit", spec=job("lstm", epochs=100_000, repetitions=8))["job_id"]
    follow_until(client, busy, lambda event: event["kind"] == "epoch")
    waiting = [client.call("submit", spec=job(epochs=1))["job_id"] for _ in range(3)]
    reply = client.call("reorder", job_id=waiting[2], position=1)
    assert reply["queue"] == [waiting[2], busy, *waiting[:2]]
    assert client.call("reorder", job_id=waiting[0], position=99)["queue"][-1] == waiting[0]
    client.call("stop", job_id=busy, test=False)
    for job_id in waiting:
        follow_to_end(client, job_id)
    first_tasks = {job_id: client.call("show_job", job_id=job_id)["tasks"][0] for job_id in waiting}
    order = sorted(waiting, key=lambda job_id: _launch_time(client, job_id))
    assert order == [waiting[2], waiting[1], waiting[0]], first_tasks


def _launch_time(client: Client, job_id: str) -> str:
    launch = read_json(client.home.jobs / job_id / "tasks" / "prepare_1" / "attempts" / "1" / "launch.json")
    return str(launch["started_utc"])


def test_delete_takes_the_folder_and_leaves_a_tombstone(client: Client, done: str) -> None:
    folder = client.home.jobs / done
    assert folder.is_dir()
    (stream_before,) = client.call("wait", cursors=[{"stream": "catalog"}])["streams"]
    client.call("delete", job_id=done)
    assert not folder.exists()
    cursor = {"stream": "catalog", "lineage": stream_before["lineage"], "seq": stream_before["seq"]}
    (stream_after,) = client.call("wait", cursors=[cursor])["streams"]
    assert [(row["job_id"], row["summary"]) for row in stream_after["events"]] == [(done, None)]
    with pytest.raises(VestimError) as error:
        client.call("show_job", job_id=done)
    assert error.value.code is ErrorCode.NOT_FOUND


def test_delete_never_leaves_the_workspace(client: Client, done: str, tmp_path: Path) -> None:
    folder = client.home.jobs / done
    precious = tmp_path / "precious"
    folder.rename(precious)
    folder.symlink_to(precious, target_is_directory=True)
    client.call("delete", job_id=done)
    assert not folder.is_symlink()
    assert (precious / "job.json").is_file(), "what a link leads to is not ours to remove"
    for invalid_id in ("../precious", "..", "/etc", ""):
        with pytest.raises(VestimError):
            client.call("delete", job_id=invalid_id)
    assert (precious / "job.json").is_file()


def test_an_interrupted_deletion_is_completed_at_the_next_start(client: Client, done: str) -> None:
    stop_daemon(client)
    trash = client.home.jobs / ".deleted-job_x"
    trash.mkdir()
    (trash / "model.pt").touch()
    with Client() as new_client:
        new_client.call("delete", job_id=done)
        wait_until(lambda: not trash.exists(), "the end of the trash", 10)


def test_a_stopped_job_goes_on_when_it_is_resumed(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=60))["job_id"]
    last_seq = len(follow_until(client, job_id, lambda event: event["kind"] == "epoch"))
    client.call("stop", job_id=job_id)
    last_seq += len(follow_to_end(client, job_id, last_seq))
    assert client.call("show_job", job_id=job_id)["state"] == "stopped"
    client.call("resume", job_id=job_id)
    events = follow_to_end(client, job_id, last_seq)
    assert client.call("show_job", job_id=job_id)["state"] == "done"
    epochs = [event["data"]["epoch"] for event in events if event["kind"] == "epoch"]
    assert epochs[-1] == 60
    assert epochs[0] > 1, "it went on from its checkpoint"
    tests = [event for event in events if event["task"].startswith("test") and event["kind"] == "result"]
    assert len(tests) == 1, "a model that was trained on is tested anew"


def test_an_ended_training_gives_an_estimate_for_the_next(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    document = job("lstm", epochs=2)
    assert client.call("estimate", spec=document)["seconds"] is None
    follow_to_end(client, client.call("submit", spec=document)["job_id"])
    estimate = client.call("estimate", spec=document)
    assert estimate["seconds"] > 0 and estimate["problems"] == []
    assert client.call("estimate", spec=job("lstm", epochs=20))["seconds"] == pytest.approx(
        10 * estimate["seconds"], rel=0.2
    )
