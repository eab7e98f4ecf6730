"""JobLog: the newest events of a job as they came, so many and no more."""

from __future__ import annotations

from collections import deque
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_gui.link import JobEvents, Link

MOST = 20_000


class JobLog(QObject):
    """Listens from before the first events are told, so that nothing is missed.

    came: the events that are new. began: all that there were are gone, numbering is new.
    """

    came = pyqtSignal(object)
    began = pyqtSignal()

    def __init__(self, link: Link, job_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.events: deque[dict[str, Any]] = deque(maxlen=MOST)
        self._link = link
        link.job_events.connect(self._take_in)

    def close(self) -> None:
        """Listen no more."""
        self._link.job_events.disconnect(self._take_in)
        self.deleteLater()

    def _take_in(self, job_id: str, batch: JobEvents) -> None:
        if job_id != self.job_id:
            return
        if batch.reset:
            self.events.clear()
            self.began.emit()
        last = self.events[-1]["seq"] if self.events else 0
        new = [event for event in batch.events if event["seq"] > last]
        self.events.extend(new)
        if new:
            self.came.emit(new)
