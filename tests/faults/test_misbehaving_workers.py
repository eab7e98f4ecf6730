"""no-loss, truth, no-zombie: workers that flood, die, ignore, leave children behind and report nonsense."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.daemon.daemons import Daemon, attempt_is, ended, events_until, eventually, job_is, ready, submit
from vestim_core.client import Client, follow

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sessions and signals are POSIX's")


def whole(client: Client, job_id: str) -> list[dict[str, Any]]:
    """Every event of a job that has ended, checked to be 1..n."""
    events, _ = events_until(client, job_id, ended)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    return events


def data_of(events: list[dict[str, Any]], kind: str, task: str = "") -> list[dict[str, Any]]:
    return [event["data"] for event in events if event["kind"] == kind and (not task or event["task"] == task)]


def worker_of(client: Client, job_id: str, task_id: str) -> int:
    return next(t["pid"] for t in client.call("show_job", job_id=job_id)["tasks"] if t["task_id"] == task_id)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_every_event_of_a_worker_that_writes_fast_and_ends_at_once(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "flood 20000"})
        events = whole(client, job_id)
        assert [data["n"] for data in data_of(events, "epoch")] == list(range(20_000))
        assert data_of(events, "attempt", "prepare_1")[-1]["state"] == "finished"
        assert client.call("show_job", job_id=job_id)["state"] == "done"


def test_one_that_hears_nothing_is_killed_by_the_ladder(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "stubborn"})
        events_until(client, job_id, ready)
        pid = worker_of(client, job_id, "prepare_1")
        client.call("stop", job_id=job_id)
        events = whole(client, job_id)
        assert gone(pid)
        attempt = data_of(events, "attempt", "prepare_1")[-1]
        assert attempt["state"] == "killed"
        assert data_of(events, "job")[-1]["state"] == "stopped", "what was killed for a stop has not failed"
    log = daemon.home.daemon_log.read_text()
    assert log.index("asked") < log.index("did not obey") < log.index("did not end")


@pytest.mark.parametrize("how", ["orphan", "orphan away"])
def test_what_a_dead_worker_leaves_behind_is_killed_before_it_counts_as_ended(
    daemon: Daemon, tmp_path: Path, how: str
) -> None:
    """one-process, no-zombie: a grandchild that holds the lock, even one that left the session."""
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": how})
        events_until(client, job_id, attempt_is("finished"))
        orphan = daemon.home.jobs / job_id / "tasks/prepare_1/attempts/1/orphan.pid"
        assert gone(int(orphan.read_text()))
        assert whole(client, job_id)[-1]["data"]["state"] == "done"


def test_a_violent_death_is_told_within_a_second_and_touches_no_other_job(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        other = submit(client, tmp_path / "a", {"prepare": "obey"})
        events_until(client, other, ready)
        job_id = submit(client, tmp_path / "b", {"prepare": "obey"})
        _, cursor = events_until(client, job_id, ready)
        before = client.call("show_job", job_id=other)
        os.kill(worker_of(client, job_id, "prepare_1"), signal.SIGKILL)
        start = time.monotonic()
        events, _ = events_until(client, job_id, attempt_is("killed"), cursor)
        assert time.monotonic() - start < 1.0
        error = next(data["error"] for data in data_of(events, "attempt") if data["state"] == "killed")
        assert "SIGKILL" in error["message"] and "prepare_1" in error["message"]
        after = client.call("show_job", job_id=other)
        assert after == before
        client.call("stop", job_id=job_id)
        client.call("stop", job_id=other)
        assert whole(client, other)[-1]["data"]["state"] == "stopped"


def test_a_silent_end_is_a_failure_with_a_sentence(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "silent"})
        events = whole(client, job_id)
        assert "code 3" in data_of(events, "attempt", "prepare_1")[-1]["error"]["message"]
        shown = client.call("show_job", job_id=job_id)
        assert shown["state"] == "failed" and "code 3" in shown["error"]["message"]
        assert [task["state"] for task in shown["tasks"]] == ["failed", "skipped", "skipped"]


def test_half_a_line_is_no_event(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "half"})
        events = whole(client, job_id)
        assert data_of(events, "epoch") == []
        assert [data["text"] for data in data_of(events, "message")] == ["ready"]


def test_nonsense_becomes_messages_and_the_daemon_lives(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "nonsense", "test": "nonsense"})
        events = whole(client, job_id)
        assert data_of(events, "job")[-1]["state"] == "done", "a worker does not tell the states of its job"
        warnings = [data for data in data_of(events, "message", "prepare_1") if data["level"] == "warning"]
        assert len(warnings) == 6 and len({data["offset"] for data in warnings}) == 6
        shown = client.call("show_job", job_id=job_id)
        assert shown["tasks"][0]["state"] == "done" and client.call("list_jobs")["jobs"][0]["job_id"] == job_id
    assert "Traceback" not in daemon.home.daemon_log.read_text()


def test_one_that_is_adopted_tells_everything_and_is_not_started_again(vestim_home: Path, tmp_path: Path) -> None:
    first = Daemon(vestim_home)
    with first.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "flood 30000"})
        events_until(client, job_id, lambda event: event["kind"] == "epoch")
    first.kill()
    second = Daemon(vestim_home)
    with second.client() as client:
        events = whole(client, job_id)
        assert [data["n"] for data in data_of(events, "epoch")] == list(range(30_000))
        assert [data["state"] for data in data_of(events, "attempt", "prepare_1")] == [
            "starting",
            "running",
            "finished",
        ]
    second.stop()


def test_one_that_died_while_no_daemon_lived_is_lost_and_its_orphan_killed(vestim_home: Path, tmp_path: Path) -> None:
    first = Daemon(vestim_home)
    with first.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "obey"})
        _, cursor = events_until(client, job_id, ready)
        pid = worker_of(client, job_id, "prepare_1")
    first.kill()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: gone(pid), "the worker's death")
    second = Daemon(vestim_home)
    with second.client() as client:
        events, _ = events_until(client, job_id, attempt_is("lost"), cursor)
        assert "gone" in data_of(events, "attempt", "prepare_1")[-1]["error"]["message"]
        client.call("stop", job_id=job_id)
        assert whole(client, job_id)[-1]["data"]["state"] == "stopped"
    second.stop()


def test_a_job_whose_folder_is_gone_can_be_stopped_and_touches_no_other(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        other = submit(client, tmp_path / "a", {"prepare": "obey"})
        job_id = submit(client, tmp_path / "b", {"prepare": "obey"})
        events_until(client, other, ready)
        events_until(client, job_id, ready)
        shutil.rmtree(daemon.home.jobs / job_id)
        client.call("stop", job_id=job_id)
        assert whole(client, job_id)[-1]["data"]["state"] == "stopped"
        client.call("stop", job_id=other)
        assert data_of(whole(client, other), "attempt", "prepare_1")[-1]["state"] == "stopped", "by its own word"
        assert client.call("hello")["pid"] == daemon.process.pid


def test_a_thousand_trials_are_stopped_in_a_moment(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        rates = [k / 1e4 for k in range(1, 1001)]
        training = {"learning_rate": rates, "schedule": "constant"}
        job_id = submit(client, tmp_path, {"prepare": "obey"}, training=training)
        events_until(client, job_id, ready)
        start = time.monotonic()
        client.call("stop", job_id=job_id)
        events_until(client, job_id, job_is("stopped"))
        assert time.monotonic() - start < 5.0
        assert {task["state"] for task in client.call("show_job", job_id=job_id)["tasks"]} == {"stopped"}


def test_a_pause_while_data_is_prepared_holds_the_rest_back(daemon: Daemon, tmp_path: Path) -> None:
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "obey"})
        _, cursor = events_until(client, job_id, ready)
        client.call("pause", job_id=job_id)
        events, cursor = events_until(client, job_id, job_is("paused"), cursor)
        client.call("stop", job_id=job_id)
        events, _ = events_until(client, job_id, ended, cursor)
        assert data_of(events, "job")[-1]["state"] == "stopped"


def test_events_close_together_are_told_soon(daemon: Daemon, tmp_path: Path) -> None:
    """A worker rings at most every 20 ms; what it writes just after a ring must not wait for the next one."""
    with daemon.client() as client:
        job_id = submit(client, tmp_path, {"prepare": "pairs 15"})
        late_s: list[float] = []
        for batch in follow(client, job_id, live=False):
            now_s = time.time()
            late_s += [now_s - event["data"]["written_s"] for event in batch.events if event["kind"] == "epoch"]
    assert len(late_s) == 30
    assert sorted(late_s)[len(late_s) // 2] < 0.07, "half of them are second ones, which nobody rang for"
