"""Channel: concurrent requests, wake-up from other threads, and no lost request when daemons die."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.daemons import Daemon, wait_until
from tests.patience import PATIENCE_S, PENDING_S
from vestim_core.client import Channel, Client
from vestim_core.protocol.message_limits import MAX_PENDING_REQUESTS
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home

CATALOG = {"cursors": [{"stream": "catalog"}], "timeout_s": PENDING_S}


@pytest.fixture
def channel(vestim_home: Path) -> Iterator[Channel]:
    home_channel = Channel(Home(vestim_home))
    yield home_channel
    home_channel.close()


def wait_for_answers(channel: Channel, *request_ids: bytes) -> list[Any]:
    """Wait for the answers to these requests, in the order of the requests."""
    answer_by_id: dict[bytes, Any] = {}
    deadline_s = time.monotonic() + PATIENCE_S
    while not answer_by_id.keys() >= set(request_ids):
        assert time.monotonic() < deadline_s, "no answer"
        answer_by_id.update(channel.receive(0.5))
    return [answer_by_id[request_id] for request_id in request_ids]


def test_a_connection_starts_a_daemon_and_tells_which(channel: Channel, vestim_home: Path) -> None:
    assert not channel.is_connected and not channel.is_alive() and channel.daemon is None
    daemon = channel.connect()
    assert channel.is_connected and channel.is_alive() and channel.daemon == daemon
    (hello,) = wait_for_answers(channel, channel.send("hello"))
    assert (hello["instance"], hello["lineage"], hello["pid"]) == (daemon.instance, daemon.lineage, daemon.pid)
    assert hello["lineage"] and hello["home"] == str(vestim_home)


def test_commands_are_answered_during_a_pending_wait(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    waiting = channel.send("wait", CATALOG)
    created, refused = channel.send("create_job", {"name": "x"}), channel.send("show_job", {"job_id": "none"})
    answers: list[tuple[bytes, Any]] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while len(answers) < 3:
        assert time.monotonic() < deadline_s
        answers += channel.receive(0.5)
    by_id = dict(answers)
    assert by_id[created]["state"] == "draft"
    assert isinstance(by_id[refused], VestimError) and by_id[refused].code is ErrorCode.NOT_FOUND
    (row,) = by_id[waiting]["streams"][0]["events"]
    assert row["job_id"] == by_id[created]["job_id"], "the wait returns the change made by the command"


def test_newer_wait_releases_the_older_one(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    older, newer = channel.send("wait", CATALOG), channel.send("wait", CATALOG)
    (released,) = wait_for_answers(channel, older)
    assert released["streams"][0]["events"] == []
    created = channel.send("create_job", {"name": "x"})
    assert wait_for_answers(channel, newer, created)[0]["streams"][0]["events"]


def test_requests_above_the_pending_limit_are_all_answered(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    request_ids = [channel.send("hello") for _ in range(20 * MAX_PENDING_REQUESTS)]
    assert all(answer["instance"] for answer in wait_for_answers(channel, *request_ids))


def test_receive_ends_on_timeout_or_wake(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    channel.send("wait", CATALOG)
    assert channel.receive(0.0) == []
    start_s = time.monotonic()
    threading.Timer(0.1, channel.wake).start()
    assert channel.receive(PATIENCE_S) == []
    assert time.monotonic() - start_s < PATIENCE_S / 2
    for _ in range(100_000):  # more than any buffer holds
        channel.wake()
    assert channel.receive(PATIENCE_S) == [], "an earlier wake is not lost"
    start_s = time.monotonic()
    assert channel.receive(0.05) == []
    assert time.monotonic() - start_s > 0.04, "many wakes count as one"


def test_request_without_connection_is_sent_on_connect(daemon: Daemon, channel: Channel) -> None:
    early = channel.send("create_job", {"name": "early"})
    assert channel.receive(0.01) == []
    channel.connect(start=False)
    assert wait_for_answers(channel, early)[0]["state"] == "draft"


def test_answer_to_a_forgotten_request_is_dropped(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    forgotten_id, kept_id = channel.send("hello"), channel.send("hello")
    channel.forget(forgotten_id)
    answers = []
    while not answers:
        answers = channel.receive(PATIENCE_S)
    assert [request_id for request_id, _ in answers] == [kept_id]


def test_commands_are_executed_once_by_the_next_daemon(vestim_home: Path) -> None:
    daemon = Daemon(vestim_home)
    channel = Channel(daemon.home)
    first = channel.connect(start=False)
    os.kill(first.pid, signal.SIGSTOP)  # it holds its lock and reads nothing from its socket
    command = channel.send("create_job", {"name": "once"})
    assert channel.is_alive() and channel.receive(0.05) == []
    daemon.kill()
    assert not channel.is_alive()
    with pytest.raises(VestimError) as caught:
        channel.connect(start=False)
    assert caught.value.code is ErrorCode.UNREACHABLE and not channel.is_connected
    daemon = Daemon(vestim_home)
    second = channel.connect(start=False)
    assert second.instance != first.instance and second.lineage == first.lineage
    assert wait_for_answers(channel, command)[0]["state"] == "draft"
    with daemon.client() as client:
        assert [job["name"] for job in client.call("list_jobs")["jobs"]] == ["once"]
    channel.close()
    daemon.stop()


def test_another_daemon_of_the_same_home_is_recognized(vestim_home: Path) -> None:
    daemon = Daemon(vestim_home)
    channel = Channel(daemon.home)
    channel.connect(start=False)
    daemon.kill()
    daemon = Daemon(vestim_home)
    assert not channel.is_alive(), "a daemon runs, but not the connected one"
    assert channel.connect(start=False).pid == daemon.process.pid and channel.is_alive()
    channel.close()
    daemon.stop()


def test_next_daemon_after_a_signal(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    waiting = channel.send("wait", CATALOG)
    with Client(daemon.home, start=False) as client:
        wait_until(lambda: client.call("daemon_status")["parked"] == 1, "a parked wait")
    daemon.process.terminate()
    wait_until(lambda: channel.receive(0.05) or not channel.is_alive(), "notice of the shutdown")
    second = channel.connect()
    assert second.pid != daemon.process.pid
    created = channel.send("create_job", {"name": "x"})
    assert wait_for_answers(channel, waiting, created)[0]["streams"][0]["events"], (
        "the wait continues at the next daemon"
    )


def test_only_the_user_starts_a_daemon_after_a_deliberate_stop(vestim_home: Path, channel: Channel) -> None:
    channel.connect()
    waiting = channel.send("wait", CATALOG)
    stopping = channel.send("shutdown")
    wait_error, _ = wait_for_answers(channel, waiting, stopping)
    assert isinstance(wait_error, VestimError) and wait_error.code is ErrorCode.STOPPED
    wait_until(lambda: not channel.is_alive(), "the end of the daemon")
    for _ in range(2):
        with pytest.raises(VestimError) as caught:
            channel.connect()
        assert caught.value.code is ErrorCode.STOPPED
    assert channel.connect(requested_by_user=True) and channel.is_alive()


def test_wake_after_close(channel: Channel) -> None:
    channel.close()
    channel.wake()
