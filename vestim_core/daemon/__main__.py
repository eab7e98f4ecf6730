"""`python -m vestim_core.daemon`: the daemon of the home that VESTIM_HOME names, else of the user's.

It takes the home's lock before it opens the database or binds a socket; when another daemon holds it, this one ends at
once and has changed no byte.
"""

from __future__ import annotations

import logging
import sys

from vestim_core.daemon.host import Host
from vestim_core.daemon.server import Server
from vestim_core.daemon.sockets import Sockets
from vestim_core.executors.local import LocalExecutor
from vestim_core.jobs.manager import JobManager
from vestim_core.jobs.registry import Registry
from vestim_core.jobs.service import JobService
from vestim_core.spec.errors import VestimError
from vestim_core.system import FileLock, Home, HomeError, endpoints


def main() -> int:
    """Run until told to stop; the exit code."""
    try:
        home = Home.find()
        home.ensure()
        lock = FileLock.try_acquire(home.daemon_lock)
        if lock is None:
            print("another daemon serves this home", file=sys.stderr)
            return 0
        with lock:
            return _serve(home)
    except (HomeError, VestimError) as error:
        print(f"vestim daemon: {error}", file=sys.stderr)
        return error.code.exit_code if isinstance(error, VestimError) else 2


def _serve(home: Home) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    registry = Registry(home.registry)
    sockets = Sockets(home, endpoints(home))
    try:
        registry.forget_old_commands()
        manager = JobManager(home, registry)
        manager.remove_trash()
        manager.load_jobs_from_registry()
        Server(home, sockets, JobService(manager), Host(manager, LocalExecutor())).run()
    finally:
        sockets.close()
        registry.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
