"""exact-resume: killed at any moment and resumed, the final weights equal those of an uninterrupted run bit for bit."""

import os
import random
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.guarantees.conftest import (
    follow_to_end,
    follow_until,
    kill_daemon,
    read_results,
    registry_rows,
    running_pid,
    task_of,
)
from vestim_core.client import Client


def _has_reached_epoch(index: int) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["kind"] == "epoch" and event["data"]["epoch"] >= index


@pytest.mark.parametrize("kind", ["lstm", "fnn"])
def test_killed_paused_and_resumed_at_random_batches(
    kind: str, client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    document = job(kind, epochs=400 if kind == "fnn" else 160)
    reference_id = client.call("submit", spec=document)["job_id"]
    follow_to_end(client, reference_id)
    interrupted_id = client.call("submit", spec=document)["job_id"]
    rng = random.Random(kind)
    last_seq = len(follow_until(client, interrupted_id, _has_reached_epoch(rng.randint(1, 5))))
    os.kill(running_pid(client, interrupted_id, "train"), signal.SIGKILL)
    last_seq += len(
        follow_until(
            client, interrupted_id, lambda e: e["kind"] == "attempt" and e["data"]["state"] == "killed", last_seq
        )
    )
    last_seq += len(follow_until(client, interrupted_id, _has_reached_epoch(1), last_seq))
    client.call("pause", job_id=interrupted_id)
    kill_daemon(client)
    last_seq += len(
        follow_until(
            client, interrupted_id, lambda e: e["kind"] == "job" and e["data"].get("state") == "paused", last_seq
        )
    )
    assert registry_rows(client.home.root, "SELECT * FROM leases") == [], "a paused job holds no resources"
    client.call("resume", job_id=interrupted_id)
    follow_to_end(client, interrupted_id, last_seq)
    assert task_of(client, interrupted_id, "train")["attempt"] == 3
    names = {"train_001/result/model.pt", "test_001/result/predictions/test.npz"}
    interrupted_results, reference_results = (
        read_results(client.home, interrupted_id),
        read_results(client.home, reference_id),
    )
    assert {name: interrupted_results[name] for name in names} == {name: reference_results[name] for name in names}


def test_a_worker_that_keeps_vanishing_fails_in_the_end_with_the_reason(
    client: Client, job: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=1000, max_epochs=1000))["job_id"]
    last_seq, kill_count = 0, 0
    while client.call("show_job", job_id=job_id)["state"] not in {"done", "failed"} and kill_count < 4:
        last_seq += len(follow_until(client, job_id, _running_train, last_seq))
        os.kill(running_pid(client, job_id, "train"), signal.SIGKILL)
        kill_count += 1
        if kill_count < 4:
            last_seq += len(
                follow_until(client, job_id, lambda e: "Trying again" in e["data"].get("message", ""), last_seq)
            )
            if kill_count > 1:
                break  # the pauses between further attempts are the reconciler's, tested there
    train = task_of(client, job_id, "train")
    assert train["retries"] == kill_count
    assert "SIGKILL" in train["message"]
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id, last_seq)


def _running_train(event: dict[str, Any]) -> bool:
    return bool(
        event["kind"] == "attempt" and event["task"].startswith("train") and event["data"]["state"] == "running"
    )
