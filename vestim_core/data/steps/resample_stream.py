"""Resampling row by row, as rows arrive: the same values as `resample` of the whole file, up to rounding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vestim_core.data.steps.resample import GRID_TOLERANCE
from vestim_core.spec.preparation import Resample


@dataclass(frozen=True)
class GridRow:
    """A row on the grid. values: (C,) float64. starts_segment: true for the first row of a segment."""

    time_s: float
    values: np.ndarray
    starts_segment: bool


class ResampleStream:
    """Takes the rows of one file in order and yields grid rows as soon as they are known."""

    def __init__(self, step: Resample) -> None:
        self._step = step
        self._stretch: _Stretch | None = None
        self._last_s: float | None = None

    def push(self, time_s: float, values: np.ndarray) -> Iterator[GridRow]:
        """Yield the grid rows up to `time_s`, where `values` (C,) start to hold. Times must increase."""
        if self._step.method == "rows":
            starts = self._last_s is None or time_s - self._last_s > self._step.max_gap_s
            self._last_s = time_s
            yield GridRow(time_s, values, starts)
            return
        if self._stretch is None or time_s - self._stretch.newest_s > self._step.max_gap_s:
            yield from self.finish()
            self._stretch = _Stretch(self._step, time_s, values)
            return
        yield from self._stretch.rows_until(time_s)
        self._stretch.add_row(time_s, values)

    def finish(self) -> Iterator[GridRow]:
        """Yield the remaining grid rows when no row follows."""
        if self._stretch is not None:
            yield from self._stretch.rows_until(self._stretch.newest_s + GRID_TOLERANCE * self._step.period_s)
        self._stretch = None


class _Stretch:
    """The rows since the last gap: the newest two of them, and the integrals up to the newest."""

    def __init__(self, step: Resample, time_s: float, values: np.ndarray) -> None:
        self._step = step
        self._first_s = self.newest_s = self._previous_s = time_s
        self._first_values = self._newest_values = self._previous_values = values
        self._integral = self._at_edge = np.zeros(len(values))
        self._is_unchanged = np.ones(len(values), bool)  # since the last edge
        self._edge_count = 1

    def add_row(self, time_s: float, values: np.ndarray) -> None:
        """Add a new row."""
        if time_s > self._edge_s(self._edge_count - 1):
            self._is_unchanged = self._is_unchanged & (values == self._newest_values)
        self._integral = self._integral + (self._newest_values - self._first_values) * (time_s - self.newest_s)
        self._previous_s, self.newest_s = self.newest_s, time_s
        self._previous_values, self._newest_values = self._newest_values, values

    def rows_until(self, time_s: float) -> Iterator[GridRow]:
        """Yield the grid rows up to `time_s`, while the newest row holds."""
        while (edge_s := self._edge_s(self._edge_count)) <= time_s:
            values = self._mean(edge_s) if self._step.method == "mean" else self._line(edge_s)
            yield GridRow(edge_s, values, self._edge_count == 1)
            self._edge_count += 1

    def _edge_s(self, index: int) -> float:
        return self._first_s + self._step.period_s * index

    def _mean(self, edge_s: float) -> np.ndarray:
        at_edge = self._integral + (self._newest_values - self._first_values) * (edge_s - self.newest_s)
        mean = self._first_values + (at_edge - self._at_edge) / (edge_s - self._edge_s(self._edge_count - 1))
        values = np.where(self._is_unchanged, self._newest_values, mean)
        self._at_edge = at_edge
        self._is_unchanged = np.ones(len(values), bool)
        return values

    def _line(self, edge_s: float) -> np.ndarray:
        distance_s = self.newest_s - self._previous_s
        fraction = min(1.0, (edge_s - self.newest_s) / distance_s) if distance_s else 1.0
        return np.asarray(self._previous_values + (self._newest_values - self._previous_values) * fraction)
