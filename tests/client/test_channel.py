"""The channel: many requests under way at once, woken by other threads, and nothing lost when daemons come and go."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.daemons import Daemon, eventually
from vestim_core.client import Channel, Client
from vestim_core.protocol.limits import MAX_ON_THE_WAY
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home

PATIENCE_S = 20.0
CATALOG = {"cursors": [{"stream": "catalog"}], "timeout_s": 30.0}


@pytest.fixture
def channel(vestim_home: Path) -> Iterator[Channel]:
    made = Channel(Home(vestim_home))
    yield made
    made.close()


def answers_to(channel: Channel, *request_ids: bytes) -> list[Any]:
    """The answers to these requests, in the order of the requests."""
    found: dict[bytes, Any] = {}
    deadline_s = time.monotonic() + PATIENCE_S
    while not found.keys() >= set(request_ids):
        assert time.monotonic() < deadline_s, "no answer"
        found.update(channel.receive(0.5))
    return [found[request_id] for request_id in request_ids]


def test_a_connection_starts_a_daemon_and_tells_which(channel: Channel, vestim_home: Path) -> None:
    assert not channel.connected and not channel.alive() and channel.daemon is None
    daemon = channel.connect()
    assert channel.connected and channel.alive() and channel.daemon == daemon
    (hello,) = answers_to(channel, channel.send("hello"))
    assert (hello["instance"], hello["lineage"], hello["pid"]) == (daemon.instance, daemon.lineage, daemon.pid)
    assert hello["lineage"] and hello["home"] == str(vestim_home)


def test_commands_are_answered_beside_a_parked_wait(daemon: Daemon, channel: Channel) -> None:
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
    assert row["job_id"] == by_id[created]["job_id"], "the wait hears of what the command changed"


def test_a_newer_wait_releases_the_older_one(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    older, newer = channel.send("wait", CATALOG), channel.send("wait", CATALOG)
    (released,) = answers_to(channel, older)
    assert released["streams"][0]["events"] == []
    created = channel.send("create_job", {"name": "x"})
    assert answers_to(channel, newer, created)[0]["streams"][0]["events"]


def test_more_requests_than_may_be_on_the_way_are_all_answered(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    asked = [channel.send("hello") for _ in range(20 * MAX_ON_THE_WAY)]
    assert all(answer["instance"] for answer in answers_to(channel, *asked))


def test_receive_ends_when_its_time_is_up_or_when_it_is_woken(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    channel.send("wait", CATALOG)
    assert channel.receive(0.0) == []
    start_s = time.monotonic()
    threading.Timer(0.1, channel.wake).start()
    assert channel.receive(PATIENCE_S) == []
    assert time.monotonic() - start_s < PATIENCE_S / 2
    for _ in range(100_000):  # more than any buffer holds
        channel.wake()
    assert channel.receive(PATIENCE_S) == [], "a wake that came before is not lost"
    start_s = time.monotonic()
    assert channel.receive(0.05) == []
    assert time.monotonic() - start_s > 0.04, "and many count as one"


def test_what_was_sent_without_a_connection_is_sent_with_it(daemon: Daemon, channel: Channel) -> None:
    early = channel.send("create_job", {"name": "early"})
    assert channel.receive(0.01) == []
    channel.connect(start=False)
    assert answers_to(channel, early)[0]["state"] == "draft"


def test_an_answer_that_is_not_wanted_any_more_is_not_given(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    forgotten, wanted = channel.send("hello"), channel.send("hello")
    channel.forget(forgotten)
    got = []
    while not got:
        got = channel.receive(PATIENCE_S)
    assert [request_id for request_id, _ in got] == [wanted]


def test_a_daemon_that_vanished_is_seen_and_the_next_carries_commands_out_once(vestim_home: Path) -> None:
    daemon = Daemon(vestim_home)
    channel = Channel(daemon.home)
    first = channel.connect(start=False)
    os.kill(first.pid, signal.SIGSTOP)  # it holds its lock and takes nothing from its socket
    command = channel.send("create_job", {"name": "once"})
    assert channel.alive() and channel.receive(0.05) == []
    daemon.kill()
    assert not channel.alive()
    with pytest.raises(VestimError) as caught:
        channel.connect(start=False)
    assert caught.value.code is ErrorCode.UNREACHABLE and not channel.connected
    daemon = Daemon(vestim_home)
    second = channel.connect(start=False)
    assert second.instance != first.instance and second.lineage == first.lineage
    assert answers_to(channel, command)[0]["state"] == "draft"
    with daemon.client() as client:
        assert [job["name"] for job in client.call("list_jobs")["jobs"]] == ["once"]
    channel.close()
    daemon.stop()


def test_another_daemon_of_the_same_home_is_told_apart(vestim_home: Path) -> None:
    daemon = Daemon(vestim_home)
    channel = Channel(daemon.home)
    channel.connect(start=False)
    daemon.kill()
    daemon = Daemon(vestim_home)
    assert not channel.alive(), "one lives, but not the one that was asked"
    assert channel.connect(start=False).pid == daemon.process.pid and channel.alive()
    channel.close()
    daemon.stop()


def test_a_daemon_that_goes_down_on_a_signal_is_followed_by_the_next(daemon: Daemon, channel: Channel) -> None:
    channel.connect(start=False)
    waiting = channel.send("wait", CATALOG)
    with Client(daemon.home, start=False) as client:
        eventually(lambda: client.call("daemon_status")["parked"] == 1, "a parked wait")
    daemon.process.terminate()
    eventually(lambda: channel.receive(0.05) or not channel.alive(), "word of the end")
    second = channel.connect()
    assert second.pid != daemon.process.pid
    created = channel.send("create_job", {"name": "x"})
    assert answers_to(channel, waiting, created)[0]["streams"][0]["events"], "the wait goes on at the next daemon"


def test_after_a_deliberate_stop_only_the_user_starts_the_next(vestim_home: Path, channel: Channel) -> None:
    channel.connect()
    waiting = channel.send("wait", CATALOG)
    stopping = channel.send("shutdown")
    told, _ = answers_to(channel, waiting, stopping)
    assert isinstance(told, VestimError) and told.code is ErrorCode.STOPPED
    eventually(lambda: not channel.alive(), "the end of the daemon")
    for _ in range(2):
        with pytest.raises(VestimError) as caught:
            channel.connect()
        assert caught.value.code is ErrorCode.STOPPED
    assert channel.connect(asked=True) and channel.alive()


def test_a_closed_channel_may_still_be_woken(channel: Channel) -> None:
    channel.close()
    channel.wake()
