"""intent-wins: an accepted stop or pause is carried out after any number of daemon deaths."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.guarantees.conftest import (
    alive_workers,
    arm_failpoint,
    epoch_ended,
    follow_to_end,
    follow_until,
    kill_daemon,
    registry_rows,
    running_pid,
    stop_daemon,
    task_of,
)
from tests.patience import PATIENCE_S
from vestim_core.client import Client
from vestim_core.spec.errors import ErrorCode, VestimError


@pytest.mark.parametrize("name", ["command.committed", "ask.written", "ended.seen"])
def test_a_stop_survives_the_daemon_that_accepted_it(
    name: str, vestim_home: Path, tmp_path: Path, job: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client() as client:
        job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
        last_seq = len(follow_until(client, job_id, epoch_ended))
        stop_daemon(client)
    token = arm_failpoint(monkeypatch, tmp_path, name)
    with Client() as client:
        assert client.call("stop", job_id=job_id)["job_id"] == job_id
        follow_to_end(client, job_id, last_seq)
        assert not token.exists()
        assert client.call("show_job", job_id=job_id)["state"] == "stopped"
        assert task_of(client, job_id, "train")["attempt"] == 1, "nothing was started anew"
        assert task_of(client, job_id, "test")["state"] == "done", "what has a model is tested"
        assert not alive_workers(client.home)


def test_a_worker_obeys_while_no_daemon_lives(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    last_seq = len(follow_until(client, job_id, epoch_ended))
    worker = psutil.Process(running_pid(client, job_id, "train"))
    kill_daemon(client)
    control = client.home.jobs / job_id / "tasks" / "train_001" / "attempts" / "1" / "control.json"
    control.write_text('{"schema_version": 1, "intent": "pause"}')
    worker.wait(PATIENCE_S)
    events = follow_until(client, job_id, lambda e: e["kind"] == "attempt" and e["data"]["state"] == "paused", last_seq)
    assert events
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id)


def test_workers_outlive_a_deliberate_stop_of_the_daemon(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    last_seq = len(follow_until(client, job_id, epoch_ended))
    pid = running_pid(client, job_id, "train")
    stop_daemon(client)
    with pytest.raises(VestimError) as caught:
        client.call("hello")
    assert caught.value.code is ErrorCode.STOPPED
    assert psutil.pid_exists(pid)
    with Client() as new_client:
        last_seq += len(follow_until(new_client, job_id, epoch_ended, last_seq))
        assert running_pid(new_client, job_id, "train") == pid
        new_client.call("shutdown", stop_jobs=True)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=PATIENCE_S)
    assert not alive_workers(client.home)


def test_a_frozen_worker_is_killed_by_the_stop_ladder(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    last_seq = len(follow_until(client, job_id, epoch_ended))
    worker = psutil.Process(running_pid(client, job_id, "train"))
    worker.send_signal(signal.SIGSTOP)  # it can neither read its control file nor take a SIGTERM
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id, last_seq)
    assert not worker.is_running()
    assert client.call("show_job", job_id=job_id)["state"] == "stopped"
    assert registry_rows(client.home.root, "SELECT * FROM leases") == []
