"""exact-resume: killed at any moment and resumed, the final weights are those of an uninterrupted run, bit for bit."""

import os
import random
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.guarantees.conftest import finish, kill_daemon, registry_rows, results, running_pid, task_of, until
from vestim_core.client import Client


def _epoch(number: int) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["kind"] == "epoch" and event["data"]["epoch"] >= number


@pytest.mark.parametrize("kind", ["lstm", "fnn"])
def test_killed_paused_and_resumed_at_random_batches(
    kind: str, client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    document = job(kind, epochs=400 if kind == "fnn" else 160)
    whole = client.call("submit", spec=document)["job_id"]
    finish(client, whole)
    cut = client.call("submit", spec=document)["job_id"]
    rng = random.Random(kind)
    seen = len(until(client, cut, _epoch(rng.randint(1, 5))))
    os.kill(running_pid(client, cut, "train"), signal.SIGKILL)
    seen += len(until(client, cut, lambda e: e["kind"] == "attempt" and e["data"]["state"] == "killed", seen))
    seen += len(until(client, cut, _epoch(1), seen))
    client.call("pause", job_id=cut)
    kill_daemon(client)
    seen += len(until(client, cut, lambda e: e["kind"] == "job" and e["data"].get("state") == "paused", seen))
    assert registry_rows(client.home.root, "SELECT * FROM leases") == [], "a paused job holds no resources"
    client.call("resume", job_id=cut)
    finish(client, cut, seen)
    assert task_of(client, cut, "train")["attempt"] == 3
    names = {"train_001/result/model.pt", "test_001/result/predictions/test.npz"}
    ours, theirs = results(client.home, cut), results(client.home, whole)
    assert {name: ours[name] for name in names} == {name: theirs[name] for name in names}


def test_a_worker_that_keeps_vanishing_fails_in_the_end_with_the_reason(
    client: Client, job: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=1000, max_epochs=1000))["job_id"]
    seen, killed = 0, 0
    while client.call("show_job", job_id=job_id)["state"] not in {"done", "failed"} and killed < 4:
        seen += len(until(client, job_id, _running_train, seen))
        os.kill(running_pid(client, job_id, "train"), signal.SIGKILL)
        killed += 1
        if killed < 4:
            seen += len(until(client, job_id, lambda e: "Trying again" in e["data"].get("reason", ""), seen))
            if killed > 1:
                break  # the pauses between further attempts are the reconciler's, tested there
    train = task_of(client, job_id, "train")
    assert train["retries"] == killed
    assert "SIGKILL" in train["reason"]
    client.call("stop", job_id=job_id, test=False)
    finish(client, job_id, seen)


def _running_train(event: dict[str, Any]) -> bool:
    return bool(
        event["kind"] == "attempt" and event["task"].startswith("train") and event["data"]["state"] == "running"
    )
