"""EventLog: the newest events of a job in their order, up to a limit."""

from __future__ import annotations

from collections import deque
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from vestim_gui.link import JobEvents, Link

MAX_EVENTS = 20_000  # events held; twice the lines that the log shows


class EventLog(QObject):
    """Listens before the first events arrive, so that none is missed. Lives on the window's thread.

    events_added: the new events. restarted: all earlier events were dropped, numbering starts again.
    """

    events_added = pyqtSignal(object)
    restarted = pyqtSignal()

    def __init__(self, link: Link, job_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.events: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS)
        self._link = link
        link.job_events.connect(self._apply_events)

    def close(self) -> None:
        """Stop listening."""
        self._link.job_events.disconnect(self._apply_events)
        self.deleteLater()

    def _apply_events(self, job_id: str, batch: JobEvents) -> None:
        if job_id != self.job_id:
            return
        if batch.reset:
            self.events.clear()
            self.restarted.emit()
        last_seq = self.events[-1]["seq"] if self.events else 0
        new_events = [event for event in batch.events if event["seq"] > last_seq]
        self.events.extend(new_events)
        if new_events:
            self.events_added.emit(new_events)
