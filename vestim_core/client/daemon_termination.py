"""End a daemon that runs but does not reply. Running jobs continue; the next daemon adopts them."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime

import psutil

from vestim_core.client.daemon_discovery import is_daemon_running, read_discovery
from vestim_core.system import Home

GRACE_S = 2.0  # s between SIGTERM and SIGKILL; arbitrary
_POLL_INTERVAL_S = 0.02  # s between two checks whether the daemon has ended; arbitrary


def terminate_daemon(home: Home, grace_s: float = GRACE_S) -> bool:
    """Terminate the daemon of a home, kill it after `grace_s`, and return True if no daemon runs any more.

    Only the process that wrote the discovery file is signaled, and only while the daemon lock is held. A process that
    was created after the file was written has a reused pid and is left alone.
    """
    discovery = read_discovery(home)
    if discovery is None or not is_daemon_running(home):
        return not is_daemon_running(home)
    with suppress(psutil.Error):
        process = psutil.Process(discovery.pid)
        if process.create_time() <= datetime.fromisoformat(discovery.started_utc).timestamp() + 1.0:
            process.terminate()
            if not _wait_for_end(home, grace_s):
                process.kill()
    return _wait_for_end(home, grace_s)


def _wait_for_end(home: Home, timeout_s: float) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while is_daemon_running(home):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(_POLL_INTERVAL_S)
    return True
