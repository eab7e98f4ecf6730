"""no-loss, truth, no-zombie: workers that flood, die, ignore requests, leave children behind and report nonsense."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.daemon.daemons import (
    Daemon,
    attempt_is,
    events_until,
    has_job_ended,
    is_worker_ready,
    job_is,
    submit,
    wait_until,
)
from vestim_core.client import Client

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sessions and signals are POSIX's")


def all_events(client: Client, job_id: str) -> list[dict[str, Any]]:
    """All events of an ended job, verified to be numbered 1..n."""
    events, _ = events_until(client, job_id, has_job_ended)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    return events


def data_of_kind(events: list[dict[str, Any]], kind: str, task: str = "") -> list[dict[str, Any]]:
    return [event["data"] for event in events if event["kind"] == kind and (not task or event["task"] == task)]


def worker_pid(client: Client, job_id: str, task_id: str) -> int:
    return next(t["pid"] for t in client.call("show_job", job_id=job_id)["tasks"] if t["task_id"] == task_id)


def has_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_no_event_of_a_fast_writer_is_lost(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "flood 20000"})
        events = all_events(client, job_id)
        assert [data["n"] for data in data_of_kind(events, "epoch")] == list(range(20_000))
        assert data_of_kind(events, "attempt", "prepare_1")[-1]["state"] == "finished"
        assert client.call("show_job", job_id=job_id)["state"] == "done"


def test_a_worker_that_ignores_everything_is_killed_by_the_stop_ladder(vestim_home: Path, tmp_path: Path) -> None:
    daemon = Daemon(vestim_home, ask_s=0.3, terminate_s=0.2)
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "stubborn"})
        events_until(client, job_id, is_worker_ready)
        pid = worker_pid(client, job_id, "prepare_1")
        client.call("stop", job_id=job_id)
        events = all_events(client, job_id)
        assert has_gone(pid)
        attempt = data_of_kind(events, "attempt", "prepare_1")[-1]
        assert attempt["state"] == "killed"
        assert data_of_kind(events, "job")[-1]["state"] == "stopped", "what was killed for a stop has not failed"
    log = daemon.home.daemon_log.read_text()
    assert log.index("asked") < log.index("did not obey") < log.index("did not end")
    daemon.stop()


@pytest.mark.parametrize("behavior", ["orphan", "orphan away"])
def test_orphans_of_a_dead_worker_are_killed_before_it_counts_as_ended(
    daemon: Daemon, tmp_path: Path, behavior: str
) -> None:
    """one-process, no-zombie: a grandchild that holds the lock, even one that left the session."""
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": behavior})
        events_until(client, job_id, attempt_is("finished"))
        orphan = daemon.home.jobs / job_id / "tasks/prepare_1/attempts/1/orphan.pid"
        assert has_gone(int(orphan.read_text()))
        assert all_events(client, job_id)[-1]["data"]["state"] == "done"


def test_a_violent_death_is_reported_and_affects_no_other_job(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        other_job_id = submit(client, tmp_path / "a", {"prepare": "obey"})
        events_until(client, other_job_id, is_worker_ready)
        job_id = submit(client, tmp_path / "b", {"prepare": "obey"})
        _, cursor = events_until(client, job_id, is_worker_ready)
        shown_before = client.call("show_job", job_id=other_job_id)
        os.kill(worker_pid(client, job_id, "prepare_1"), signal.SIGKILL)
        events, _ = events_until(client, job_id, attempt_is("killed"), cursor)
        error = next(data["error"] for data in data_of_kind(events, "attempt") if data["state"] == "killed")
        assert "SIGKILL" in error["message"] and "prepare_1" in error["message"]
        shown_after = client.call("show_job", job_id=other_job_id)
        assert shown_after == shown_before
        client.call("stop", job_id=job_id)
        client.call("stop", job_id=other_job_id)
        assert all_events(client, other_job_id)[-1]["data"]["state"] == "stopped"


def test_an_end_without_record_is_a_failure_with_a_message(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "silent"})
        events = all_events(client, job_id)
        assert "code 3" in data_of_kind(events, "attempt", "prepare_1")[-1]["error"]["message"]
        shown_job = client.call("show_job", job_id=job_id)
        assert shown_job["state"] == "failed" and "code 3" in shown_job["error"]["message"]
        assert [task["state"] for task in shown_job["tasks"]] == ["failed", "skipped", "skipped"]


def test_half_a_line_is_no_event(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "half"})
        events = all_events(client, job_id)
        assert data_of_kind(events, "epoch") == []
        assert [data["message"] for data in data_of_kind(events, "message")] == ["ready"]


def test_nonsense_becomes_messages_and_the_daemon_lives(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "nonsense", "test": "nonsense"})
        events = all_events(client, job_id)
        assert data_of_kind(events, "job")[-1]["state"] == "done", "a worker does not tell the states of its job"
        warnings = [data for data in data_of_kind(events, "message", "prepare_1") if data["level"] == "warning"]
        assert len(warnings) == 6 and len({data["offset"] for data in warnings}) == 6
        shown_job = client.call("show_job", job_id=job_id)
        assert shown_job["tasks"][0]["state"] == "done" and client.call("list_jobs")["jobs"][0]["job_id"] == job_id
    assert "Traceback" not in daemon.home.daemon_log.read_text()


def test_an_adopted_worker_reports_every_event_and_is_not_restarted(vestim_home: Path, tmp_path: Path) -> None:
    first = Daemon(vestim_home)
    with first.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "flood 30000"})
        events_until(client, job_id, lambda event: event["kind"] == "epoch")
    first.kill()
    second = Daemon(vestim_home)
    with second.client() as client:
        events = all_events(client, job_id)
        assert [data["n"] for data in data_of_kind(events, "epoch")] == list(range(30_000))
        assert [data["state"] for data in data_of_kind(events, "attempt", "prepare_1")] == [
            "starting",
            "running",
            "finished",
        ]
    second.stop()


def test_a_worker_that_died_without_a_daemon_is_lost(vestim_home: Path, tmp_path: Path) -> None:
    first = Daemon(vestim_home)
    with first.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "obey"})
        _, cursor = events_until(client, job_id, is_worker_ready)
        pid = worker_pid(client, job_id, "prepare_1")
    first.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: has_gone(pid), "the worker's death")
    second = Daemon(vestim_home)
    with second.client() as client:
        events, _ = events_until(client, job_id, attempt_is("lost"), cursor)
        assert "gone" in data_of_kind(events, "attempt", "prepare_1")[-1]["error"]["message"]
        client.call("stop", job_id=job_id)
        assert all_events(client, job_id)[-1]["data"]["state"] == "stopped"
    second.stop()


def test_a_job_whose_folder_is_gone_can_be_stopped_and_affects_no_other(vestim_home: Path, tmp_path: Path) -> None:
    daemon = Daemon(vestim_home, ask_s=5.0, terminate_s=0.2)  # the first cannot hear, the other obeys within 5 s
    with daemon.client() as client:
        other_job_id = submit(client, tmp_path / "a", {"prepare": "obey"})
        job_id = submit(client, tmp_path / "b", {"prepare": "obey"})
        events_until(client, other_job_id, is_worker_ready)
        events_until(client, job_id, is_worker_ready)
        shutil.rmtree(daemon.home.jobs / job_id)
        client.call("stop", job_id=job_id)
        assert all_events(client, job_id)[-1]["data"]["state"] == "stopped"
        client.call("stop", job_id=other_job_id)
        assert data_of_kind(all_events(client, other_job_id), "attempt", "prepare_1")[-1]["state"] == "stopped", (
            "by its own word"
        )
        assert client.call("hello")["pid"] == daemon.process.pid
    daemon.stop()


def test_a_thousand_trials_are_stopped(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        rates = [k / 1e4 for k in range(1, 1001)]
        training = {"learning_rate": rates, "schedule": "constant"}
        job_id = submit(client, tmp_path, {"prepare": "obey"}, training=training)
        events_until(client, job_id, is_worker_ready)
        client.call("stop", job_id=job_id)
        events_until(client, job_id, job_is("stopped"))
        assert {task["state"] for task in client.call("show_job", job_id=job_id)["tasks"]} == {"stopped"}


def test_a_pause_during_preparation_holds_the_other_tasks(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "obey"})
        _, cursor = events_until(client, job_id, is_worker_ready)
        client.call("pause", job_id=job_id)
        events, cursor = events_until(client, job_id, job_is("paused"), cursor)
        client.call("stop", job_id=job_id)
        events, _ = events_until(client, job_id, has_job_ended, cursor)
        assert data_of_kind(events, "job")[-1]["state"] == "stopped"
