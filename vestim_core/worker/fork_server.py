"""Fork server: a process with torch loaded that forks workers, so a task starts without imports.

Each attempt is still a process and a session of its own. Requests come over a socket that the daemon opened for this
process alone, each with the lock that the worker is to hold; each worker's exit code is sent back. When the daemon
goes, the server handles its last request and exits, also while it is still loading; its workers run on.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vestim_core.system import mark_as_leader
from vestim_core.worker.journal_writer import log_to_stderr
from vestim_core.worker.preload import become_worker, load_stages

MAX_MESSAGE_BYTES = 64 << 10  # of one request, a folder and a few variables; arbitrary, well above any
_POLL_S = 0.2  # interval to check for the daemon while loading; arbitrary, short against seconds of loading


def serve(descriptor: int, preload: str) -> int:
    """Serve the socket `descriptor` until its other end closes; return the exit code."""
    server = socket.socket(fileno=descriptor)
    # Load first: requests wait in the socket meanwhile. Frozen objects are never copied by a child's garbage collector.
    with _exit_when_orphaned(server):
        load_stages(preload)
    gc.collect()
    gc.freeze()
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_reader, False)
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(wake_reader, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is server:
                    message, fds, _, _ = socket.recv_fds(server, MAX_MESSAGE_BYTES, 1)
                    if not message:
                        return 0
                    _fork_worker(json.loads(message), fds, (server.fileno(), wake_reader, wake_writer))
                else:
                    os.read(wake_reader, 4096)
            _report_exits(server)


@contextmanager
def _exit_when_orphaned(server: socket.socket) -> Iterator[None]:
    """Exit while loading when the daemon goes without a request: loading takes seconds and would be useless.

    The watching thread has ended before any worker is forked.
    """
    is_loaded = threading.Event()

    def watch() -> None:
        while not is_loaded.wait(_POLL_S):
            with suppress(BlockingIOError):
                if not server.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    os._exit(0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        is_loaded.set()
        watcher.join()


def _fork_worker(request: dict[str, object], lock_fds: list[int], server_fds: tuple[int, ...]) -> None:
    pid = os.fork()
    if pid:
        for fd in lock_fds:
            os.close(fd)  # from here on the worker alone holds its lock
        return
    code = 1
    try:
        os.setsid()
        mark_as_leader()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in server_fds:
            os.close(fd)
        code = become_worker(request)
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        log_to_stderr(traceback.format_exc())
    finally:
        os._exit(code)


def _report_exits(server: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        try:
            server.send(f"{pid} {os.waitstatus_to_exitcode(status)}\n".encode())
        except OSError:
            return  # the daemon has gone; so does this process, at its next request
