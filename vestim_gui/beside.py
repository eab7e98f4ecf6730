"""Beside: work that would hold the window up, done in another thread, its result told in the window's.

The threads are those of Qt's global pool, never of a pool that goes with a widget: such a pool waits in its destructor
for its work, and the work for Python, which whoever destroys the widget holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PyQt6.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal

LAST_WORK_MS = 5_000


class _Work(QRunnable):
    """One piece of work. It must touch nothing of the window."""

    def __init__(self, work: Callable[[], Any], done: Callable[[Any], None], beside: Beside) -> None:
        super().__init__()
        self._work, self._done, self._ended = work, done, beside.ended

    def run(self) -> None:
        """Do it."""
        result = self._work()
        with suppress(RuntimeError):  # whoever asked is gone
            self._ended.emit(self._done, result)


class Beside(QObject):
    """One piece of work after the other. Work returns its errors, it raises none."""

    ended = pyqtSignal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: deque[tuple[Callable[[], Any], Callable[[Any], None]]] = deque()
        self._busy = False
        self.ended.connect(self._tell)

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do `work`, then call `done` with what it gave, unless this was destroyed meanwhile."""
        self._waiting.append((work, done))
        self._next()

    def _next(self) -> None:
        pool = QThreadPool.globalInstance()
        if self._waiting and not self._busy and pool is not None:
            self._busy = True
            pool.start(_Work(*self._waiting.popleft(), self))

    def _tell(self, done: Callable[[Any], None], result: Any) -> None:
        self._busy = False
        self._next()
        done(result)


def finish_work() -> None:
    """Wait for what is under way, before the application goes."""
    pool = QThreadPool.globalInstance()
    if pool is not None:
        pool.waitForDone(LAST_WORK_MS)
