"""BackgroundRunner: runs slow work on another thread and hands its result to the window's thread.

The threads are those of Qt's global pool. A pool owned by a widget would wait for its work in its destructor while
holding Python's lock, which the work needs: a deadlock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PyQt6.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal

QUIT_TIMEOUT_MS = (
    5_000  # how long quitting waits for work under way, in ms; arbitrary, any value from 1000 to 30000 works
)


class _Work(QRunnable):
    """One piece of work. It must not touch any object of the window."""

    def __init__(self, work: Callable[[], Any], on_result: Callable[[Any], None], runner: BackgroundRunner) -> None:
        super().__init__()
        self._work, self._on_result, self._finished = work, on_result, runner.finished

    def run(self) -> None:
        """Run the work and emit its result."""
        result = self._work()
        with suppress(RuntimeError):  # the runner was destroyed meanwhile
            self._finished.emit(self._on_result, result)


class BackgroundRunner(QObject):
    """Runs pieces of work one after the other. Lives on the window's thread. Work returns its errors, it raises
    none."""

    finished = pyqtSignal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._queue: deque[tuple[Callable[[], Any], Callable[[Any], None]]] = deque()
        self._is_busy = False
        self.finished.connect(self._finish)

    def run(self, work: Callable[[], Any], on_result: Callable[[Any], None]) -> None:
        """Run `work`, then call `on_result` with its result, unless this runner was destroyed meanwhile."""
        self._queue.append((work, on_result))
        self._start_next()

    def _start_next(self) -> None:
        pool = QThreadPool.globalInstance()
        if self._queue and not self._is_busy and pool is not None:
            self._is_busy = True
            pool.start(_Work(*self._queue.popleft(), self))

    def _finish(self, on_result: Callable[[Any], None], result: Any) -> None:
        self._is_busy = False
        self._start_next()
        on_result(result)


def wait_for_work() -> None:
    """Wait for work under way before the application quits."""
    pool = QThreadPool.globalInstance()
    if pool is not None:
        pool.waitForDone(QUIT_TIMEOUT_MS)
