"""Pacing of redraws: any number of requests result in at most thirty redraws a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum

from PyQt6.QtCore import QObject, QTimer

INTERVAL_MS = 34  # thirty redraws a second


class RedrawPart(IntEnum):
    """Part of a plot to redraw: the curves on unchanged axes, or everything."""

    NOTHING = 0
    CURVES = 1
    ALL = 2


class Pacer(QObject):
    """Collects redraw requests and calls `draw` with the largest part requested, no sooner than the interval allows."""

    def __init__(self, draw: Callable[[RedrawPart], None], parent: QObject) -> None:
        super().__init__(parent)
        self._draw = draw
        self._requested_part = RedrawPart.NOTHING
        self._last_redraw_s = -1.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.run)

    @property
    def is_waiting(self) -> bool:
        """True while a redraw is pending."""
        return self._requested_part is not RedrawPart.NOTHING

    def request(self, part: RedrawPart) -> None:
        """Schedule a redraw of `part`."""
        self._requested_part = max(self._requested_part, part)
        if not self._timer.isActive():
            delay_s = self._last_redraw_s + INTERVAL_MS / 1000 - time.monotonic()
            self._timer.start(max(round(delay_s * 1000), 0))

    def run(self) -> None:
        """Run the pending redraw now."""
        self._timer.stop()
        part, self._requested_part = self._requested_part, RedrawPart.NOTHING
        if part is not RedrawPart.NOTHING:
            self._draw(part)
            self._last_redraw_s = time.monotonic()

    def stop(self) -> None:
        """Drop pending redraws."""
        self._timer.stop()
        self._requested_part = RedrawPart.NOTHING
