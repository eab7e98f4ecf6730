"""The output filter at work: a model's predictions, smoothed row by row in the scale that the network works in.

It is fed the rows that count, in pieces of any length and one by one too, and starts anew with each segment: pre-roll
is never part of it.
"""

from __future__ import annotations

import numpy as np

from vestim_core.data.steps.followers import EmaFollower, Follower, MeanFollower, SavitzkyGolayFollower
from vestim_core.spec.columns import rows_of
from vestim_core.spec.output_filter import AnyOutputFilter, EmaFilter, MovingAverageFilter, SavitzkyGolayFilter


class OutputFilterState:
    """One filter on its way through a file with a row every `period_s`."""

    def __init__(self, spec: AnyOutputFilter, period_s: float) -> None:
        self._follower = _follower(spec, period_s)

    def start(self) -> None:
        """A segment begins: nothing that was predicted counts any more."""
        if self._follower is not None:
            self._follower.start()

    def push(self, scaled: np.ndarray) -> np.ndarray:
        """The next scored rows (n,) of the segment, as they are to be used."""
        if self._follower is None or len(scaled) == 0:
            return scaled
        return self._follower.push(np.asarray(scaled, dtype=np.float64))


def _follower(spec: AnyOutputFilter, period_s: float) -> Follower | None:
    if isinstance(spec, EmaFilter):
        return EmaFollower(spec.tau_s, period_s)
    if isinstance(spec, MovingAverageFilter):
        return MeanFollower(rows_of(spec.window_s, period_s))
    if isinstance(spec, SavitzkyGolayFilter):
        rows = max(rows_of(spec.window_s, period_s), spec.polynomial + 1)
        return SavitzkyGolayFollower(rows, spec.polynomial)
    return None
