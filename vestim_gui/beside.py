"""Beside: work that would hold the window up, done in a thread of its own, its result told in the window's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PyQt6.QtCore import QObject, QRunnable, QThreadPool, pyqtSignal

EXPIRY_MS = 1000


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
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(EXPIRY_MS)
        self.ended.connect(self._tell)

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do `work`, then call `done` with what it gave, unless this was destroyed meanwhile."""
        self._pool.start(_Work(work, done, self))

    def _tell(self, done: Callable[[Any], None], result: Any) -> None:
        done(result)
