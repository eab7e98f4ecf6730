"""Steps that compute one new column, row by row: filters, formulas and counted SOC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from vestim_core.data.steps.causal_filters import (
    CausalButterworth,
    CausalEma,
    CausalFilter,
    CausalMean,
    CausalSavitzkyGolay,
)
from vestim_core.data.steps.formula import FormulaColumn
from vestim_core.spec.preparation import (
    AnyColumnStep,
    Butterworth,
    CoulombSoc,
    Ema,
    Formula,
    MovingAverage,
    SavitzkyGolay,
)
from vestim_core.spec.step_columns import row_count

_SECONDS_PER_HOUR = 3600.0  # s/h


class ColumnStep(Protocol):
    """Computes a column from others, in pieces of any length, and carries its state from piece to piece."""

    def start(self) -> None:
        """Begin a segment."""

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the new column (n,) for the next n rows of the segment, given their columns so far."""


def create_column_step(step: AnyColumnStep, period_s: float, identity: str) -> ColumnStep:
    """Create the computation of `step` for one file with a row every `period_s`.

    identity: hash of the file, which seeds noise in formulas.
    """
    if isinstance(step, Formula):
        return FormulaColumn(step.formula, period_s, step.seed, f"{identity}\0{step.output}")
    if isinstance(step, CoulombSoc):
        return CoulombColumn(step, period_s)
    return FilterColumn(step.column, _create_filter(step, period_s))


class FilterColumn:
    """A causal filter of one column."""

    def __init__(self, column: str, causal_filter: CausalFilter) -> None:
        self._column = column
        self._filter = causal_filter

    def start(self) -> None:
        """See `ColumnStep.start`."""
        self._filter.start()

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """See `ColumnStep.push`."""
        return self._filter.push(columns[self._column])


class CoulombColumn:
    """SOC of a row = SOC of the row before + current * period / capacity, charging current times the efficiency.

    The first row of a file has the start value, and so has the first row of each segment when a column gives it.
    Otherwise the count continues across a gap, since the charge that flowed in it is unknown.
    """

    def __init__(self, step: CoulombSoc, period_s: float) -> None:
        self._step = step
        self._soc_per_A = period_s / _SECONDS_PER_HOUR / step.capacity_Ah
        self._soc = step.initial_soc
        self._is_at_start = True

    def start(self) -> None:
        """See `ColumnStep.start`."""
        self._is_at_start = True

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """See `ColumnStep.push`."""
        current_A = columns[self._step.column]
        soc_steps = np.where(current_A > 0, current_A * self._step.efficiency, current_A) * self._soc_per_A
        if self._is_at_start:
            soc_steps[0] = 0.0
            if self._step.start_column:
                self._soc = float(columns[self._step.start_column][0])
        self._is_at_start = False
        soc = self._soc + np.cumsum(soc_steps)
        self._soc = float(soc[-1])
        return np.asarray(soc)


def _create_filter(step: Butterworth | Ema | MovingAverage | SavitzkyGolay, period_s: float) -> CausalFilter:
    if isinstance(step, Butterworth):
        return CausalButterworth(step.cutoff_Hz, step.order, period_s, steady=step.start == "steady")
    if isinstance(step, Ema):
        return CausalEma(step.tau_s, period_s)
    if isinstance(step, MovingAverage):
        return CausalMean(row_count(step.window_s, period_s))
    return CausalSavitzkyGolay(row_count(step.window_s, period_s), step.polynomial)
