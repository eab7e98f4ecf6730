"""The fork server: a process that has torch loaded and gives birth to workers, so that a task starts without importing.

Each attempt still is a process and a session of its own. Requests come over a socket that the daemon made for this
process alone, each with the lock that the worker is to hold; the exit code of each worker goes back. When the daemon
goes, the server does what it was asked last and goes too, also while it still loads; its workers run on.
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
from vestim_core.worker.journal import complain
from vestim_core.worker.warm import become_worker, load_stages

MAX_MESSAGE_BYTES = 64 << 10
_LOOK_S = 0.2


def serve(descriptor: int, warmth: str) -> int:
    """Serve the socket `descriptor` until its other end closes; the exit code."""
    server = socket.socket(fileno=descriptor)
    # Loaded first: requests wait in the socket meanwhile. What is frozen is never copied by a child's collector.
    with _leaving_when_alone(server):
        load_stages(warmth)
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
                    _give_birth(json.loads(message), fds, (server.fileno(), wake_reader, wake_writer))
                else:
                    os.read(wake_reader, 4096)
            _tell_exits(server)


@contextmanager
def _leaving_when_alone(server: socket.socket) -> Iterator[None]:
    """End this process when the daemon goes and has asked for nothing: loading takes seconds, and would end for nobody.

    The thread that looks is gone before any worker is born.
    """
    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_S):
            with suppress(BlockingIOError):
                if not server.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    os._exit(0)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()


def _give_birth(request: dict[str, object], lock: list[int], own_fds: tuple[int, ...]) -> None:
    pid = os.fork()
    if pid:
        for fd in lock:
            os.close(fd)  # from here on the worker alone holds its lock
        return
    code = 1
    try:
        os.setsid()
        mark_as_leader()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in own_fds:
            os.close(fd)
        code = become_worker(request)
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        complain(traceback.format_exc())
    finally:
        os._exit(code)


def _tell_exits(server: socket.socket) -> None:
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
