"""File locks, held and probed by real processes."""

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vestim_core.system import FileLock, adopt_lock, is_locked, open_exit_fd, process_ref

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="descriptors are inherited on POSIX only")


def _start_python(code: str, *args: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    )


def _read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_lock_has_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    assert not path.exists()
    lock = FileLock.try_acquire(path)
    assert lock is not None
    assert is_locked(path)
    assert FileLock.try_acquire(path) is None
    lock.release()
    lock.release()
    assert not is_locked(path)
    with FileLock.try_acquire(path) or pytest.fail("the lock is free but was not acquired"):
        assert is_locked(path)
    assert not is_locked(path)


def test_lock_is_released_when_its_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, pathlib; from vestim_core.system import FileLock;"
        "lock = FileLock.try_acquire(pathlib.Path(sys.argv[1])); print(lock is not None, flush=True); sys.stdin.read()"
    )
    with _start_python(code, str(path)) as holder:
        assert _read_line(holder) == "True"
        assert is_locked(path)
        assert FileLock.try_acquire(path) is None
        holder.kill()
        holder.wait()
    assert not is_locked(path)


@pytest.mark.skipif(sys.platform != "linux", reason="the grandchild's exit is awaited by pidfd")
def test_lock_is_held_until_the_last_descendant_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock.try_acquire(path)
    assert lock is not None
    # The child passes the lock on to a grandchild by inheritance and exits.
    code = (
        "import sys, subprocess; from vestim_core.system import adopt_lock; lock = adopt_lock(int(sys.argv[1]));"
        "p = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], close_fds=False);"
        "print(p.pid, flush=True)"
    )
    child = _start_python(code, str(lock.fd), pass_fds=(lock.fd,))
    grandchild = int(_read_line(child))
    lock.release()
    assert child.wait() == 0
    assert is_locked(path)
    assert FileLock.try_acquire(path) is None
    grandchild_ref = process_ref(grandchild)
    assert grandchild_ref is not None
    exit_descriptor = open_exit_fd(grandchild_ref)
    assert child.stdin is not None
    child.stdin.close()
    assert exit_descriptor is not None
    assert select.select([exit_descriptor], [], [], 10)[0]
    os.close(exit_descriptor)
    assert not is_locked(path)
    assert child.stdout is not None
    child.stdout.close()


@posix_only
def test_lock_is_not_inherited_by_default(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock.try_acquire(path)
    assert lock is not None
    assert not os.get_inheritable(lock.fd)
    bystander = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    lock.release()
    assert not is_locked(path)
    bystander.communicate()
    inheritable_lock = FileLock.try_acquire(path, inheritable=True)
    assert inheritable_lock is not None
    assert os.get_inheritable(inheritable_lock.fd)
    inheritable_lock.release()


@posix_only
def test_descriptor_without_lock_cannot_be_adopted(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock.try_acquire(path) or pytest.fail("the lock is free but was not acquired"):
        descriptor = os.open(path, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            adopt_lock(descriptor)
        os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        adopt_lock(descriptor)


def test_probing_never_prevents_acquiring(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    done = threading.Event()

    def probe() -> None:
        while not done.is_set():
            is_locked(path)

    probers = [threading.Thread(target=probe) for _ in range(3)]
    for prober in probers:
        prober.start()
    try:
        for _ in range(300):
            with FileLock.try_acquire(path) or pytest.fail("the lock is free but was not acquired"):
                pass
    finally:
        done.set()
        for prober in probers:
            prober.join()


def test_only_one_of_many_concurrent_callers_acquires(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for _ in range(50):
        barrier = threading.Barrier(6)
        acquired_locks: list[FileLock] = []

        def race(barrier: threading.Barrier = barrier, acquired_locks: list[FileLock] = acquired_locks) -> None:
            barrier.wait()
            lock = FileLock.try_acquire(path)
            if lock is not None:
                acquired_locks.append(lock)

        racers = [threading.Thread(target=race) for _ in range(6)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert len(acquired_locks) == 1
        acquired_locks[0].release()


def test_replaced_lock_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = FileLock.try_acquire(path)
    assert first is not None
    path.unlink()
    path.touch()
    second = FileLock.try_acquire(path)
    assert second is not None
    assert is_locked(path)
    first.release()
    assert is_locked(path)
    second.release()
