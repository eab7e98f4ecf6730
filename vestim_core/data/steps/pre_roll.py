"""Rested pre-roll: rows at rest before each segment, so that a recurrent model starts from a settled state.

Current and power are 0 A and 0 W in physical units (not a scaled zero). All other columns of the file, counters such as
charge_Ah included, keep the value of the segment's first row. Computed columns have their value after a long rest: a
filtered current is 0 A, a counted SOC stands still. `scored_from` keeps these rows out of every loss, metric and fit.
Optionally these rows repeat the first row of the segment instead, its current and computed columns included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vestim_core.data.segment import Segment
from vestim_core.data.steps.column_steps import create_column_step
from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.spec.preparation import AnyColumnStep, CoulombSoc, PreRoll

_ZERO_AT_REST = ("current_A", "power_W")


class RestedRows:
    """Creates the rested rows of one file. previous_steps: the steps that computed columns so far, in order."""

    def __init__(self, step: PreRoll, previous_steps: Sequence[AnyColumnStep], period_s: float, identity: str) -> None:
        self.row_count = round(step.duration_s / period_s)
        self._is_rest = step.rows == "rest"
        self.offsets_s = period_s * np.arange(-self.row_count, 0)
        self._computed_columns = [
            (previous_step.output, create_column_step(previous_step, period_s, f"{identity}\0rest"))
            for previous_step in previous_steps
            if self._is_rest and not isinstance(previous_step, CoulombSoc)
        ]

    def rows_before(self, first: Mapping[str, float]) -> dict[str, np.ndarray]:
        """Return (count,) of each column before a segment whose first row is `first`."""
        zero_columns = _ZERO_AT_REST if self._is_rest else ()
        rested = {name: np.full(self.row_count, 0.0 if name in zero_columns else first[name]) for name in first}
        for name, column in self._computed_columns:
            column.start()
            rested[name] = column.push(rested)
        return rested


def insert_pre_roll(rows: ResampledTable, rest: RestedRows) -> ResampledTable:
    """Insert the rested rows before each segment of `rows`; their times count back from its first row."""
    if rest.row_count == 0:
        return rows
    times: list[np.ndarray] = []
    values: dict[str, list[np.ndarray]] = {name: [] for name in rows.columns}
    segments: list[Segment] = []
    start = 0
    for segment in rows.segments:
        segment_rows = slice(segment.start, segment.stop)
        rested = rest.rows_before({name: float(column[segment.start]) for name, column in rows.columns.items()})
        times += [rows.time_s[segment.start] + rest.offsets_s, rows.time_s[segment_rows]]
        for name, column in rows.columns.items():
            values[name] += [rested[name], column[segment_rows]]
        stop = start + rest.row_count + segment.stop - segment.start
        segments.append(Segment(start, stop, start + rest.row_count + segment.scored_from - segment.start))
        start = stop
    joined = {name: np.concatenate(parts) for name, parts in values.items()}
    return ResampledTable(np.concatenate(times), joined, tuple(segments))
