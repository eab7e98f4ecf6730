"""Segments: contiguous stretches of a file. Hidden state and batches never cross a segment boundary."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """Rows `start` (inclusive) to `stop` (exclusive) of a file's arrays, evenly spaced in time.

    Rows from `start` to `scored_from` are rested pre-roll: models may read them, but no loss or metric does.
    """

    start: int
    stop: int
    scored_from: int

    @property
    def scored_rows(self) -> slice:
        """The rows that count in losses and metrics."""
        return slice(self.scored_from, self.stop)
