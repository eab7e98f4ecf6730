"""File locks that tell who is alive.

A lock belongs to the open file, not to the process: children that inherit the descriptor hold it too, and it is free
exactly when the last of them has gone, however it went. Asking whether a lock is held never makes another process's
attempt to take it fail. On Windows a lock is not inherited: the process that needs it takes it itself.
"""

import os
import random
import sys
import time
from pathlib import Path
from types import TracebackType

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileLock:
    """An exclusive lock that this process holds."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def try_acquire(cls, path: Path, *, inheritable: bool = False) -> "FileLock | None":
        """Take the lock on `path`, made if missing, or answer None at once when another holds it.

        `inheritable` lets every child hold the lock too; without it only those that are handed `fd` do.
        """
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                taken = _take(fd)
                current = taken and _is_file_at(fd, path)
            except BaseException:
                os.close(fd)
                raise
            if current:
                os.set_inheritable(fd, inheritable)
                return cls(fd)
            os.close(fd)
            if not taken:
                return None

    def release(self) -> None:
        """Let go. Children that inherited the lock keep it: it is closed here, not unlocked."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> "FileLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def adopt_lock(fd: int) -> FileLock:
    """The lock behind a descriptor that this process was handed at birth; OSError when it holds none."""
    if not _take(fd):
        raise BlockingIOError(f"Descriptor {fd} does not hold its lock.")
    return FileLock(fd)


def is_locked(path: Path) -> bool:
    """Whether any process holds the lock on `path`."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return _probe(fd)
    finally:
        os.close(fd)


def _is_file_at(fd: int, path: Path) -> bool:
    # Whoever removed the file between our opening and locking it left us with a lock that nobody else can see.
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":

    def _take(fd: int) -> bool:
        # A probe holds the byte for an instant; nothing tells it from an owner but time.
        for _ in range(20):
            os.lseek(fd, 0, os.SEEK_SET)
            try:
                msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(random.uniform(0.001, 0.004))
            else:
                return True
        return False

    def _probe(fd: int) -> bool:
        os.lseek(fd, 0, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
        return False

else:

    def _flock(fd: int, operation: int) -> bool:
        try:
            fcntl.flock(fd, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _take(fd: int) -> bool:
        # Probes share the lock for an instant. Where it can be shared, nobody owns it: try again.
        while not _flock(fd, fcntl.LOCK_EX):
            if not _flock(fd, fcntl.LOCK_SH):
                return False
            fcntl.flock(fd, fcntl.LOCK_UN)
            time.sleep(random.uniform(0.0001, 0.001))
        return True

    def _probe(fd: int) -> bool:
        if not _flock(fd, fcntl.LOCK_SH):
            return True
        # Unlocked by hand: a child forked in this instant may hold a copy of the descriptor until its exec.
        fcntl.flock(fd, fcntl.LOCK_UN)
        return False
