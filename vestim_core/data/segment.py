"""Segments: the unbroken stretches of a file. Hidden state and batches never cross the border of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """Rows `start` (included) to `stop` (excluded) of a file's arrays, evenly spaced in time.

    Rows from `start` to `scored_from` are rested pre-roll: a model may read them, no loss and no metric may.
    """

    start: int
    stop: int
    scored_from: int

    @property
    def scored(self) -> slice:
        """The rows that count."""
        return slice(self.scored_from, self.stop)
