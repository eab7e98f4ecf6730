"""After a deliberate stop no client is answered by the daemon that was stopped, and none starts another unasked."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.daemon.daemons import wait_until
from vestim_core.client import Channel
from vestim_core.client.daemon_discovery import is_daemon_running
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import Home
from vestim_core.system.locks import FileLock

LOCK_HELD_S = 0.5  # long enough for a client to look at the lock several times: it does so every 0.01 s


def test_a_request_behind_the_shutdown_is_not_answered(vestim_home: Path) -> None:
    channel = Channel(Home(vestim_home))
    try:
        channel.connect()
        shutdown = channel.send("shutdown")
        hello = channel.send("hello")  # lies in the daemon's queue when it carries out the shutdown
        answered: list[bytes] = []

        def has_ended() -> bool:
            answered.extend(request_id for request_id, _ in channel.receive(0.05))
            return not is_daemon_running(channel.home)

        wait_until(has_ended, "the end of the daemon")
        answered.extend(request_id for request_id, _ in channel.receive(0.05))
        assert shutdown in answered and hello not in answered
        with pytest.raises(VestimError) as caught:
            channel.connect()
        assert caught.value.code is ErrorCode.STOPPED and not is_daemon_running(channel.home)
    finally:
        channel.close()


def test_a_stopped_daemon_that_still_holds_its_lock_is_not_followed_by_another(vestim_home: Path) -> None:
    """Between the daemon's goodbye and the end of its process its lock is held: not yet a reason to start one."""
    channel = Channel(Home(vestim_home))
    try:
        channel.connect()
        channel.send("shutdown")
        wait_until(lambda: bool(channel.receive(0.05)), "the answer")
        wait_until(lambda: not is_daemon_running(channel.home), "the end of the daemon")
        channel.disconnect()
        lock = FileLock.try_acquire(channel.home.daemon_lock)
        assert lock is not None
        release = threading.Timer(LOCK_HELD_S, lock.release)
        release.start()
        with pytest.raises(VestimError) as caught:
            channel.connect()
        release.join()
        assert caught.value.code is ErrorCode.STOPPED and not is_daemon_running(channel.home)
    finally:
        channel.close()
