"""Rested pre-roll: rows at rest before each segment, so that a recurrent model starts from a settled state.

Current and power are 0 A and 0 W in physical units (never a scaled zero); everything else that the file has, counters
such as charge_Ah too, stands at the segment's first row. Columns that steps have made are what they would be after a
long rest: a filtered current is 0 A, a counted SOC stands. `scored_from` keeps these rows out of every loss, metric and
fit. Where the step says so, these rows are the first row of the segment again and again, current and made columns too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vestim_core.data.segment import Segment
from vestim_core.data.steps.even import EvenRows
from vestim_core.data.steps.making import maker
from vestim_core.spec.preparation import ColumnStep, CoulombSoc, PreRoll

_ZERO_AT_REST = ("current_A", "power_W")


class Rest:
    """Makes the rested rows of one file. before: the steps that have made columns so far, in order."""

    def __init__(self, step: PreRoll, before: Sequence[ColumnStep], period_s: float, identity: str) -> None:
        self.count = round(step.duration_s / period_s)
        self._at_rest = step.rows == "rest"
        self.back_s = period_s * np.arange(-self.count, 0)
        self._makers = [
            (before_it.output, maker(before_it, period_s, f"{identity}\0rest"))
            for before_it in before
            if self._at_rest and not isinstance(before_it, CoulombSoc)
        ]

    def rows(self, first: Mapping[str, float]) -> dict[str, np.ndarray]:
        """(count,) of each column before a segment whose first row is `first`."""
        zero = _ZERO_AT_REST if self._at_rest else ()
        rest = {name: np.full(self.count, 0.0 if name in zero else first[name]) for name in first}
        for name, made in self._makers:
            made.start()
            rest[name] = made.push(rest)
        return rest


def pre_roll(rows: EvenRows, rest: Rest) -> EvenRows:
    """`rows` with the rested rows before each segment; their times count back from its first."""
    if rest.count == 0:
        return rows
    times: list[np.ndarray] = []
    values: dict[str, list[np.ndarray]] = {name: [] for name in rows.columns}
    segments: list[Segment] = []
    start = 0
    for segment in rows.segments:
        here = slice(segment.start, segment.stop)
        rested = rest.rows({name: float(column[segment.start]) for name, column in rows.columns.items()})
        times += [rows.time_s[segment.start] + rest.back_s, rows.time_s[here]]
        for name, column in rows.columns.items():
            values[name] += [rested[name], column[here]]
        stop = start + rest.count + segment.stop - segment.start
        segments.append(Segment(start, stop, start + rest.count + segment.scored_from - segment.start))
        start = stop
    joined = {name: np.concatenate(parts) for name, parts in values.items()}
    return EvenRows(np.concatenate(times), joined, tuple(segments))
