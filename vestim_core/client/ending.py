"""Ending a daemon that lives and does not answer. Running jobs go on; the next daemon adopts them."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime

import psutil

from vestim_core.client.discover import daemon_lives, read_discovery
from vestim_core.system import Home

GRACE_S = 2.0
LOOK_S = 0.02


def end_daemon(home: Home, grace_s: float = GRACE_S) -> bool:
    """Terminate the daemon of a home, and kill it when it has not gone after `grace_s`; whether none lives any more.

    Only the process that wrote the discovery file is touched, and only while the daemon's lock is held: one that was
    created after the file was written has merely inherited the number.
    """
    found = read_discovery(home)
    if found is None or not daemon_lives(home):
        return not daemon_lives(home)
    with suppress(psutil.Error):
        process = psutil.Process(found.pid)
        if process.create_time() <= datetime.fromisoformat(found.started_utc).timestamp() + 1.0:
            process.terminate()
            if not _gone(home, grace_s):
                process.kill()
    return _gone(home, grace_s)


def _gone(home: Home, within_s: float) -> bool:
    deadline_s = time.monotonic() + within_s
    while daemon_lives(home):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(LOOK_S)
    return True
