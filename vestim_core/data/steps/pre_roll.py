"""Rested pre-roll: rows at rest before each segment, so that a recurrent model starts from a settled state.

Current and power are 0 A and 0 W in physical units (never a scaled zero); everything else, counters such as charge_Ah
too, stands at the segment's first row. `scored_from` keeps these rows out of every loss, metric and fit.
"""

from __future__ import annotations

import numpy as np

from vestim_core.data.segment import Segment
from vestim_core.data.steps.even import EvenRows
from vestim_core.spec.preparation import PreRoll

_ZERO_AT_REST = ("current_A", "power_W")


def pre_roll(rows: EvenRows, step: PreRoll, period_s: float) -> EvenRows:
    """`rows` with round(duration / period) rested rows before each segment; their times count back from its first."""
    count = round(step.duration_s / period_s)
    if count == 0:
        return rows
    zero = [rows.columns.index(name) for name in _ZERO_AT_REST if name in rows.columns]
    back_s = period_s * np.arange(-count, 0)
    times: list[np.ndarray] = []
    values: list[np.ndarray] = []
    segments: list[Segment] = []
    start = 0
    for segment in rows.segments:
        rest = np.repeat(rows.physical[segment.start : segment.start + 1], count, axis=0)
        rest[:, zero] = 0.0
        times += [rows.time_s[segment.start] + back_s, rows.time_s[segment.start : segment.stop]]
        values += [rest, rows.physical[segment.start : segment.stop]]
        stop = start + count + segment.stop - segment.start
        segments.append(Segment(start, stop, start + count + segment.scored_from - segment.start))
        start = stop
    return EvenRows(np.concatenate(times), np.concatenate(values), rows.columns, tuple(segments))
