"""one-process, no-zombie, truth: at most one living process tree per attempt; the operating system decides what is
alive."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.guarantees.conftest import (
    alive_workers,
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
from vestim_core.system import program_command


def test_a_worker_is_adopted_by_the_next_daemon_and_not_started_again(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    last_seq = len(follow_until(client, job_id, epoch_ended))
    pid = running_pid(client, job_id, "train")
    for _ in range(3):
        kill_daemon(client)
        last_seq += len(follow_until(client, job_id, epoch_ended, last_seq))
        assert alive_workers(client.home) == [pid] == [running_pid(client, job_id, "train")]
    os.kill(pid, signal.SIGKILL)
    events = follow_until(
        client, job_id, lambda e: e["kind"] == "attempt" and e["data"].get("error") is not None, last_seq
    )
    ended = next(event["data"] for event in events if event["kind"] == "attempt" and event["data"].get("error"))
    assert ended["state"] == "lost", "nobody can know a code or signal of a process that an earlier daemon started"
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id)
    assert not alive_workers(client.home)


def test_another_process_with_a_recorded_pid_is_never_signaled(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, job_id, epoch_ended)
    pid = running_pid(client, job_id, "train")
    stop_daemon(client)
    worker = psutil.Process(pid)
    worker.kill()
    psutil.wait_procs([worker], timeout=PATIENCE_S)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as decoy:
        _replace_pid(client.home.root, client.home.jobs / job_id, pid, decoy.pid)
        with Client() as new_client:
            new_client.call("stop", job_id=job_id, test=False)
            follow_to_end(new_client, job_id)
            assert new_client.call("show_job", job_id=job_id)["state"] == "stopped"
        assert decoy.poll() is None, "a stranger was ended"
        decoy.communicate(b"\n")


def _replace_pid(home: Path, job: Path, old: int, new: int) -> None:
    """Replace the process id in every record of the attempt."""
    (worker_json,) = job.glob("tasks/train_001/attempts/1/worker.json")
    worker_json.write_text(json.dumps({**json.loads(worker_json.read_text()), "pid": new}))
    with sqlite3.connect(home / "registry.sqlite") as db:
        db.execute("UPDATE tasks SET record = replace(record, ?, ?)", (f'"pid":{old}', f'"pid":{new}'))
    db.close()


def test_a_second_daemon_of_the_same_home_changes_no_byte(client: Client) -> None:
    client.call("hello")

    def contents() -> dict[str, bytes]:
        files = [path for path in client.home.root.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files if path.name != "daemon.log"}

    expected_contents = contents()
    second_daemon = subprocess.run(program_command("daemon"), capture_output=True, timeout=PATIENCE_S, check=False)
    assert second_daemon.returncode == 0
    assert contents() == expected_contents


def test_a_crashed_job_affects_no_other(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    ids = [client.call("submit", spec=job("fnn", epochs=3000))["job_id"] for _ in range(2)]
    for job_id in ids:
        follow_until(client, job_id, epoch_ended)
    os.kill(running_pid(client, ids[0], "train"), signal.SIGKILL)
    follow_to_end(client, ids[1])
    unaffected = client.call("show_job", job_id=ids[1])
    assert unaffected["state"] == "done"
    assert all(task["attempt"] == 1 for task in unaffected["tasks"])
    follow_to_end(client, ids[0])
    assert task_of(client, ids[0], "train")["attempt"] == 2


@pytest.mark.parametrize("resumes", [False, True])
def test_after_an_unclean_boot_jobs_wait_for_the_user(
    resumes: bool, client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    running = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, running, epoch_ended)
    pid = running_pid(client, running, "train")
    kill_daemon(client)
    worker = psutil.Process(pid)
    worker.kill()
    psutil.wait_procs([worker], timeout=PATIENCE_S)
    with sqlite3.connect(client.home.registry) as db:
        db.execute("UPDATE meta SET value = 'another boot' WHERE key = 'boot'")
    db.close()
    if resumes:
        client.home.settings.write_text('{"resume_after_boot": true}')
    with Client() as new_client:
        status = new_client.call("show_job", job_id=running)
        if resumes:
            assert status["state"] in {"queued", "running"}
        else:
            assert status["state"] == "held"
            assert "started anew" in status["message"]
            assert not new_client.call("daemon_status")["running"]
            assert new_client.call("resume", job_id=running)["state"] == "queued"
        follow_until(new_client, running, lambda e: e["attempt"] == 2 and epoch_ended(e))
        new_client.call("stop", job_id=running, test=False)
        follow_to_end(new_client, running)


def test_leases_are_rows_while_a_task_runs(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, job_id, epoch_ended)
    assert registry_rows(client.home.root, "SELECT attempt_key, threads FROM leases") == [(f"{job_id}/train_001/1", 1)]
    client.call("stop", job_id=job_id, test=False)
    follow_to_end(client, job_id)
    assert registry_rows(client.home.root, "SELECT * FROM leases") == []


def test_a_dead_fork_server_harms_no_worker(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    job_id = client.call("submit", spec=job("lstm", epochs=100_000))["job_id"]
    follow_until(client, job_id, epoch_ended)
    pid = running_pid(client, job_id, "train")
    servers = [p for p in psutil.process_iter() if _is_fork_server(p, client.home.root) and p.pid != pid]
    if not servers:
        pytest.skip("this system has no fork server")
    for server in servers:
        server.kill()
    psutil.wait_procs(servers, timeout=PATIENCE_S)
    assert psutil.pid_exists(pid), "workers outlive the server that they were born by"
    client.call("stop", job_id=job_id)
    follow_to_end(client, job_id)
    assert task_of(client, job_id, "train")["attempt_state"] == "stopped"
    assert task_of(client, job_id, "test")["state"] == "done"


def _is_fork_server(process: psutil.Process, home: Path) -> bool:
    try:
        return "--fork-server" in process.cmdline() and process.environ().get("VESTIM_HOME") == str(home)
    except psutil.Error:
        return False
