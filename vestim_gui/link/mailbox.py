"""Mailbox: what the socket's thread has for the window's thread, in order, in pieces that are quickly dealt with.

Progress is conflated: only the newest of each attempt is kept. Everything else is delivered once and in order.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from vestim_gui.link.thread_messages import Delivery, EventsOf, LogOf, Progress
from vestim_gui.link.link_state import CatalogueChange, JobEvents, LogPiece

PIECE_ROWS = 250
"""Most rows or events in one delivery: a few milliseconds of work for whoever takes it in."""
PIECE_CHARACTERS = 65_536


class Mailbox:
    """Filled by one thread and emptied by another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Delivery] = deque()
        self._progress: dict[str, dict[str, Any]] = {}

    def put(self, delivery: Delivery) -> bool:
        """Add something, cut into pieces; True when the box was empty, so that somebody must come for it."""
        with self._lock:
            was_empty = not self._waiting and not self._progress
            if isinstance(delivery, Progress):
                self._progress.update({news["attempt"]: news for news in delivery.newest})
            else:
                self._waiting.extend(pieces(delivery))
            return was_empty and bool(self._waiting or self._progress)

    def take(self) -> Delivery | None:
        """The next delivery; the newest progress comes after everything else; None when there is nothing."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._progress:
                newest, self._progress = list(self._progress.values()), {}
                return Progress(newest)
            return None

    def __len__(self) -> int:
        return len(self._waiting) + len(self._progress)


def pieces(delivery: Delivery) -> list[Delivery]:
    """The same in pieces; only the first of them resets."""
    match delivery:
        case CatalogueChange(reset, rows, removed) if len(rows) > PIECE_ROWS:
            cut: list[Delivery] = [
                CatalogueChange(reset and start == 0, rows[start : start + PIECE_ROWS], removed if start == 0 else [])
                for start in range(0, len(rows), PIECE_ROWS)
            ]
            return cut
        case EventsOf(job_id, JobEvents(reset, events)) if len(events) > PIECE_ROWS:
            return [
                EventsOf(job_id, JobEvents(reset and start == 0, events[start : start + PIECE_ROWS]))
                for start in range(0, len(events), PIECE_ROWS)
            ]
        case LogOf(stream, LogPiece(reset, text)) if len(text) > PIECE_CHARACTERS:
            return [
                LogOf(stream, LogPiece(reset and start == 0, text[start : start + PIECE_CHARACTERS]))
                for start in range(0, len(text), PIECE_CHARACTERS)
            ]
    return [delivery]
