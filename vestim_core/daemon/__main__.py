"""`python -m vestim_core.daemon`: the daemon of the home that VESTIM_HOME names, else of the user's.

It takes the home's lock before it opens the database or binds a socket; when another daemon holds the lock, this one
exits at once and has changed no byte.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sqlite3
import sys

from vestim_core.daemon.attempt_supervisor import AttemptSupervisor
from vestim_core.daemon.server import Server
from vestim_core.daemon.sockets import Sockets
from vestim_core.executors.local import LocalExecutor
from vestim_core.executors.preloaded_workers import make_preloaded_workers
from vestim_core.jobs.database import DamagedDatabase, is_database_damage, rename_damaged_database
from vestim_core.jobs.job_manager import JobManager
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.job_service import JobService
from vestim_core.jobs.registry_rebuild import rebuild
from vestim_core.spec.errors import VestimError
from vestim_core.system import FileLock, Home, HomeError, endpoints

log = logging.getLogger("vestim_core.daemon")
MAX_LOG_BYTES = 8 << 20  # of daemon.log when the daemon starts, and of the one before; arbitrary


def main(argv: list[str] | None = None) -> int:
    """Run until stopped; return the exit code."""
    parser = argparse.ArgumentParser(prog="vestim daemon")
    parser.add_argument("--rebuild", action="store_true", help="make the registry anew from the job folders")
    arguments = parser.parse_args(argv)
    try:
        home = Home.find()
        home.ensure()
        lock = FileLock.try_acquire(home.daemon_lock)
        if lock is None:
            print("another daemon serves this home", file=sys.stderr)
            return 0
        with lock:
            _rotate_log(home)
            return _serve(home, rebuild_registry=arguments.rebuild)
    except (HomeError, VestimError) as error:
        print(f"vestim daemon: {error}", file=sys.stderr)
        return error.code.exit_code if isinstance(error, VestimError) else 2
    except (OSError, sqlite3.Error) as error:
        log.exception("the daemon cannot go on")
        print(f"vestim daemon: {error}: check the disk and the rights of {home.root}", file=sys.stderr)
        return 1


def _rotate_log(home: Home) -> None:
    """Copy a log that has grown long over the previous one and empty it; ours is open for appending and continues."""
    try:
        if home.daemon_log.stat().st_size > MAX_LOG_BYTES:
            shutil.copy(home.daemon_log, home.daemon_log.with_name("daemon.previous.log"))
            os.truncate(home.daemon_log, 0)
    except OSError as error:
        print(f"the log could not be put aside: {error}", file=sys.stderr)


def _serve(home: Home, *, rebuild_registry: bool) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    manager = _open_manager(home, rebuild_registry=rebuild_registry)
    sockets = Sockets(home, endpoints(home))
    executor = LocalExecutor(make_preloaded_workers(home))
    try:
        manager.registry.forget_old_commands()
        manager.finish_deletions()
        manager.data_sets.recover()
        manager.shrink_cache()
        Server(home, sockets, JobService(manager), AttemptSupervisor(manager, executor)).run()
    finally:
        executor.close()
        sockets.close()
        manager.registry.close()
    return 0


def _open_manager(home: Home, *, rebuild_registry: bool) -> JobManager:
    """Open the manager with all jobs that have not ended; rebuild the registry when it is lost or `rebuild_registry` is
    set.
    """
    if not rebuild_registry and home.registry.exists() and home.registry.stat().st_size:
        try:
            return _load_manager(home)
        except (DamagedDatabase, sqlite3.DatabaseError) as error:
            if not is_database_damage(error):
                raise  # a full disk, say, is no reason to give the registry up
            log.warning("the registry is damaged (%s): it is made anew from the job folders", error)
    _rebuild_registry(home)
    return _load_manager(home)


def _load_manager(home: Home) -> JobManager:
    manager = JobManager(home, Registry(home.registry))
    manager.load_jobs_from_registry()
    return manager


def _rebuild_registry(home: Home) -> None:
    """Build the registry from the job folders under another name: if the daemon dies meanwhile, nothing has changed."""
    new_path = home.registry.with_name("registry.new.sqlite")
    for leftover in new_path.parent.glob(f"{new_path.name}*"):
        leftover.unlink()
    registry = Registry(new_path)
    manager = JobManager(home, registry)
    rebuild(manager)
    log.info("brought back %d jobs", len(manager.job_containers))
    registry.close()
    if old_path := rename_damaged_database(home.registry):
        log.warning("the previous registry lies in %s", old_path)
    new_path.rename(home.registry)


if __name__ == "__main__":
    sys.exit(main())
