"""Pacing: however often a redraw is asked for, at most thirty a second are made."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum

from PyQt6.QtCore import QObject, QTimer

INTERVAL_MS = 34


class Part(IntEnum):
    """How much has to be drawn: the curves on the axes that stand, or all."""

    NOTHING = 0
    CURVES = 1
    ALL = 2


class Pacer(QObject):
    """Collects what has to be drawn and calls `draw` with the most of it, after a rest where one is due."""

    def __init__(self, draw: Callable[[Part], None], parent: QObject) -> None:
        super().__init__(parent)
        self._draw = draw
        self._wanted = Part.NOTHING
        self._last_s = -1.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.run)

    @property
    def waiting(self) -> bool:
        """Whether something is still to be drawn."""
        return self._wanted is not Part.NOTHING

    def ask(self, part: Part) -> None:
        """Have `part` drawn soon."""
        self._wanted = max(self._wanted, part)
        if not self._timer.isActive():
            rest_s = self._last_s + INTERVAL_MS / 1000 - time.monotonic()
            self._timer.start(max(round(rest_s * 1000), 0))

    def run(self) -> None:
        """Draw now what is wanted."""
        self._timer.stop()
        part, self._wanted = self._wanted, Part.NOTHING
        if part is not Part.NOTHING:
            self._draw(part)
            self._last_s = time.monotonic()

    def stop(self) -> None:
        """Draw nothing more."""
        self._timer.stop()
        self._wanted = Part.NOTHING
