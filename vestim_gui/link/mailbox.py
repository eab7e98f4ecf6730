"""Mailbox: deliveries from the link's thread to the window's thread, in order, split into small pieces.

Progress is conflated: only the newest of each attempt is kept. Everything else is delivered once and in order.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from vestim_gui.link.link_state import CatalogChange, JobEvents, LogPiece
from vestim_gui.link.thread_messages import Delivery, EventsDelivery, LogDelivery, Progress

MAX_PIECE_ROWS = 250
"""Rows or events in one delivery: a few milliseconds of work for its receiver."""
MAX_PIECE_CHARACTERS = 65_536  # characters of a log in one delivery: a few milliseconds of work for its receiver


class Mailbox:
    """A queue filled by the link's thread and emptied by the window's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deliveries: deque[Delivery] = deque()
        self._progress: dict[str, dict[str, Any]] = {}

    def put(self, delivery: Delivery) -> bool:
        """Append a delivery, split into pieces; return True if the mailbox was empty, so that its reader must be
        woken."""
        with self._lock:
            was_empty = not self._deliveries and not self._progress
            if isinstance(delivery, Progress):
                self._progress.update({report["attempt"]: report for report in delivery.reports})
            else:
                self._deliveries.extend(split_delivery(delivery))
            return was_empty and bool(self._deliveries or self._progress)

    def take(self) -> Delivery | None:
        """The next delivery, progress last; None if the mailbox is empty."""
        with self._lock:
            if self._deliveries:
                return self._deliveries.popleft()
            if self._progress:
                reports, self._progress = list(self._progress.values()), {}
                return Progress(reports)
            return None

    def __len__(self) -> int:
        return len(self._deliveries) + len(self._progress)


def split_delivery(delivery: Delivery) -> list[Delivery]:
    """Split a large delivery into pieces; only the first piece resets."""
    match delivery:
        case CatalogChange(reset, rows, removed) if len(rows) > MAX_PIECE_ROWS:
            changes: list[Delivery] = [
                CatalogChange(reset and start == 0, rows[start : start + MAX_PIECE_ROWS], removed if start == 0 else [])
                for start in range(0, len(rows), MAX_PIECE_ROWS)
            ]
            return changes
        case EventsDelivery(job_id, JobEvents(reset, events)) if len(events) > MAX_PIECE_ROWS:
            return [
                EventsDelivery(job_id, JobEvents(reset and start == 0, events[start : start + MAX_PIECE_ROWS]))
                for start in range(0, len(events), MAX_PIECE_ROWS)
            ]
        case LogDelivery(stream, LogPiece(reset, text)) if len(text) > MAX_PIECE_CHARACTERS:
            return [
                LogDelivery(stream, LogPiece(reset and start == 0, text[start : start + MAX_PIECE_CHARACTERS]))
                for start in range(0, len(text), MAX_PIECE_CHARACTERS)
            ]
    return [delivery]
