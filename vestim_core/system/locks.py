"""File locks that show whether a process is alive.

A lock belongs to the open file, not to the process: children that inherit the descriptor hold it too, and it is
released exactly when the last of them has ended, however it ended. Probing a lock never makes another process fail to
acquire it. On Windows locks are not inherited; a process that needs one acquires it itself.
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
    """An exclusive file lock held by this process."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def try_acquire(cls, path: Path, *, inheritable: bool = False) -> "FileLock | None":
        """Acquire the lock on `path`, created if missing; return None at once if another process holds it.

        inheritable: all children hold the lock too; otherwise only those that are passed `fd`.
        """
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                is_acquired = _try_lock(fd)
                is_current = is_acquired and _is_file_at(fd, path)
            except BaseException:
                os.close(fd)
                raise
            if is_current:
                os.set_inheritable(fd, inheritable)
                return cls(fd)
            os.close(fd)
            if not is_acquired:
                return None

    def release(self) -> None:
        """Close this process's descriptor. Children that inherited the lock keep it."""
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
    """Return the lock behind a descriptor inherited at start. Raises OSError if it does not hold the lock."""
    if not _try_lock(fd):
        raise BlockingIOError(f"Descriptor {fd} does not hold its lock.")
    return FileLock(fd)


def is_locked(path: Path) -> bool:
    """True if any process holds the lock on `path`."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return _probe(fd)
    finally:
        os.close(fd)


def _is_file_at(fd: int, path: Path) -> bool:
    # If the file was removed between opening and locking it, no other process can see this lock.
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":

    def _try_lock(fd: int) -> bool:
        # A probe holds the byte for an instant; only repeated attempts distinguish it from an owner.
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

    def _try_lock(fd: int) -> bool:
        # Probes hold a shared lock for an instant. If the lock can be shared, no process owns it: try again.
        while not _flock(fd, fcntl.LOCK_EX):
            if not _flock(fd, fcntl.LOCK_SH):
                return False
            fcntl.flock(fd, fcntl.LOCK_UN)
            time.sleep(random.uniform(0.0001, 0.001))
        return True

    def _probe(fd: int) -> bool:
        if not _flock(fd, fcntl.LOCK_SH):
            return True
        # Unlock explicitly: a child forked in this instant may hold a copy of the descriptor until its exec.
        fcntl.flock(fd, fcntl.LOCK_UN)
        return False
