"""Steps that make one new column, row by row: filters, formulas and counted charge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from vestim_core.data.steps.followers import (
    ButterworthFollower,
    EmaFollower,
    Follower,
    MeanFollower,
    SavitzkyGolayFollower,
)
from vestim_core.data.steps.formula import FormulaColumn
from vestim_core.spec.columns import rows_of
from vestim_core.spec.preparation import (
    Butterworth,
    ColumnStep,
    CoulombSoc,
    Ema,
    Formula,
    MovingAverage,
    SavitzkyGolay,
)

_SECONDS_AN_HOUR = 3600.0


class Maker(Protocol):
    """Makes a column from others, in pieces of any length, with its state carried from piece to piece."""

    def start(self) -> None:
        """A segment begins."""

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """The new column (n,) for the next n rows of the segment, whose columns so far are given."""


def maker(step: ColumnStep, period_s: float, identity: str) -> Maker:
    """What carries out `step` on one file with a row every `period_s`. identity: of the file, for noise."""
    if isinstance(step, Formula):
        return FormulaColumn(step.formula, period_s, step.seed, f"{identity}\0{step.output}")
    if isinstance(step, CoulombSoc):
        return CoulombColumn(step, period_s)
    return FilterColumn(step.column, _follower(step, period_s))


class FilterColumn:
    """A follower of one column."""

    def __init__(self, column: str, follower: Follower) -> None:
        self._column = column
        self._follower = follower

    def start(self) -> None:
        """See `Maker.start`."""
        self._follower.start()

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """See `Maker.push`."""
        return self._follower.push(columns[self._column])


class CoulombColumn:
    """SOC in a row = SOC in the row before + current * period / capacity, a charging current times the efficiency.

    The first row of a file has the start value. So has that of each segment when a column gives it; else the count goes
    on where it stood, for what flowed in the gap is not known.
    """

    def __init__(self, step: CoulombSoc, period_s: float) -> None:
        self._step = step
        self._soc_per_A = period_s / _SECONDS_AN_HOUR / step.capacity_Ah
        self._soc = step.initial_soc
        self._at_start = True

    def start(self) -> None:
        """See `Maker.start`."""
        self._at_start = True

    def push(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """See `Maker.push`."""
        current_A = columns[self._step.column]
        gained = np.where(current_A > 0, current_A * self._step.efficiency, current_A) * self._soc_per_A
        if self._at_start:
            gained[0] = 0.0
            if self._step.start_column:
                self._soc = float(columns[self._step.start_column][0])
        self._at_start = False
        soc = self._soc + np.cumsum(gained)
        self._soc = float(soc[-1])
        return np.asarray(soc)


def _follower(step: Butterworth | Ema | MovingAverage | SavitzkyGolay, period_s: float) -> Follower:
    if isinstance(step, Butterworth):
        return ButterworthFollower(step.cutoff_Hz, step.order, period_s, steady=step.start == "steady")
    if isinstance(step, Ema):
        return EmaFollower(step.tau_s, period_s)
    if isinstance(step, MovingAverage):
        return MeanFollower(rows_of(step.window_s, period_s))
    return SavitzkyGolayFollower(rows_of(step.window_s, period_s), step.polynomial)
