"""Locks, held and probed by real processes."""

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vestim_core.system import FileLock, adopt_lock, exit_fd, is_locked, ref_of

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="descriptors are inherited on POSIX only")


def _python(code: str, *args: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_holder_at_a_time(tmp_path: Path) -> None:
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
    with FileLock.try_acquire(path) or pytest.fail("free, and not given"):
        assert is_locked(path)
    assert not is_locked(path)


def test_death_frees_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, pathlib; from vestim_core.system import FileLock;"
        "lock = FileLock.try_acquire(pathlib.Path(sys.argv[1])); print(lock is not None, flush=True); sys.stdin.read()"
    )
    with _python(code, str(path)) as holder:
        assert _line(holder) == "True"
        assert is_locked(path)
        assert FileLock.try_acquire(path) is None
        holder.kill()
        holder.wait()
    assert not is_locked(path)


@pytest.mark.skipif(sys.platform != "linux", reason="the grandchild's exit is awaited by pidfd")
def test_a_lock_lives_as_long_as_its_last_descendant(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock.try_acquire(path)
    assert lock is not None
    # The child hands the lock on to a grandchild by plain inheritance, and dies.
    code = (
        "import sys, subprocess; from vestim_core.system import adopt_lock; lock = adopt_lock(int(sys.argv[1]));"
        "p = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], close_fds=False);"
        "print(p.pid, flush=True)"
    )
    child = _python(code, str(lock.fd), pass_fds=(lock.fd,))
    grandchild = int(_line(child))
    lock.release()
    assert child.wait() == 0
    assert is_locked(path)
    assert FileLock.try_acquire(path) is None
    grandchild_ref = ref_of(grandchild)
    assert grandchild_ref is not None
    watch = exit_fd(grandchild_ref)
    assert child.stdin is not None
    child.stdin.close()
    assert watch is not None
    assert select.select([watch], [], [], 10)[0]
    os.close(watch)
    assert not is_locked(path)
    assert child.stdout is not None
    child.stdout.close()


@posix_only
def test_a_lock_is_not_inherited_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock.try_acquire(path)
    assert lock is not None
    assert not os.get_inheritable(lock.fd)
    bystander = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    lock.release()
    assert not is_locked(path)
    bystander.communicate()
    open_to_all = FileLock.try_acquire(path, inheritable=True)
    assert open_to_all is not None
    assert os.get_inheritable(open_to_all.fd)
    open_to_all.release()


@posix_only
def test_a_descriptor_without_the_lock_cannot_be_adopted(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock.try_acquire(path) or pytest.fail("free, and not given"):
        other = os.open(path, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            adopt_lock(other)
        os.close(other)
    with pytest.raises(OSError, match="Bad file descriptor"):
        adopt_lock(other)


def test_probing_never_costs_anybody_the_lock(tmp_path: Path) -> None:
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
            with FileLock.try_acquire(path) or pytest.fail("free, and not given"):
                pass
    finally:
        done.set()
        for prober in probers:
            prober.join()


def test_many_who_want_it_at_once_and_one_who_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for _ in range(50):
        barrier = threading.Barrier(6)
        won: list[FileLock] = []

        def race(barrier: threading.Barrier = barrier, won: list[FileLock] = won) -> None:
            barrier.wait()
            lock = FileLock.try_acquire(path)
            if lock is not None:
                won.append(lock)

        racers = [threading.Thread(target=race) for _ in range(6)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert len(won) == 1
        won[0].release()


def test_a_lock_file_that_is_swapped_does_not_split_the_lock(tmp_path: Path) -> None:
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
