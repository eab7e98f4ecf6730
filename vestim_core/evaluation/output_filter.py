"""The output filter in operation: smooths a model's predictions row by row, in scaled units.

It is fed the scored rows, in pieces of any length, down to single rows, and restarts with each segment, so that
pre-roll never takes part.
"""

from __future__ import annotations

import numpy as np

from vestim_core.data.steps.causal_filters import CausalEma, CausalFilter, CausalMean, CausalSavitzkyGolay
from vestim_core.spec.output_filter import AnyOutputFilter, EmaFilter, MovingAverageFilter, SavitzkyGolayFilter
from vestim_core.spec.step_columns import row_count


class OutputFilterState:
    """One filter and its state, for a file with a row every `period_s`."""

    def __init__(self, spec: AnyOutputFilter, period_s: float) -> None:
        self._filter = _create_filter(spec, period_s)

    def start(self) -> None:
        """Begin a segment: forget all earlier predictions."""
        if self._filter is not None:
            self._filter.start()

    def push(self, scaled: np.ndarray) -> np.ndarray:
        """Filter the next scored rows (n,) of the segment."""
        if self._filter is None or len(scaled) == 0:
            return scaled
        return self._filter.push(np.asarray(scaled, dtype=np.float64))


def _create_filter(spec: AnyOutputFilter, period_s: float) -> CausalFilter | None:
    if isinstance(spec, EmaFilter):
        return CausalEma(spec.tau_s, period_s)
    if isinstance(spec, MovingAverageFilter):
        return CausalMean(row_count(spec.window_s, period_s))
    if isinstance(spec, SavitzkyGolayFilter):
        rows = max(row_count(spec.window_s, period_s), spec.polynomial + 1)
        return CausalSavitzkyGolay(rows, spec.polynomial)
    return None
