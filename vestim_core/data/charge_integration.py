"""Coulomb counting: integrates a current that holds until the next row, using earlier rows only."""

from __future__ import annotations

import numpy as np

_S_PER_H = 3600.0  # seconds per hour


def charge_Ah(time_s: np.ndarray, current_A: np.ndarray) -> np.ndarray:
    """Charge moved since the first row, (N,) in Ah: each current holds until the next row.

    time_s, current_A: (N,). A missing current counts as 0 A; a row without a time takes that of the previous row, and
    time that decreases counts as no time.
    """
    has_time = np.isfinite(time_s)
    if not has_time.all():
        time_s = time_s[np.maximum.accumulate(np.where(has_time, np.arange(len(time_s)), 0))]
    held_A = np.nan_to_num(current_A[:-1], nan=0.0, posinf=0.0, neginf=0.0)
    steps_s = np.nan_to_num(np.clip(np.diff(time_s), 0.0, None))
    return np.concatenate(([0.0], np.cumsum(held_A * steps_s))) / _S_PER_H


def counted_soc(time_s: np.ndarray, current_A: np.ndarray, row: int, soc: float, capacity_Ah: float) -> np.ndarray:
    """Count SOC, (N,) as a fraction: `soc` at `row`, counted from there with `capacity_Ah`.

    NaN before `row`, where it could only be derived from later rows. Raises ValueError for a row out of range, an
    invalid SOC or a capacity that is not positive.
    """
    if not 0 <= row < len(time_s) or not 0 < capacity_Ah < np.inf or not np.isfinite(soc):
        raise ValueError("no such row, capacity or SOC")
    soc_by_row = np.full(len(time_s), np.nan)
    soc_by_row[row:] = soc + charge_Ah(time_s[row:], current_A[row:]) / capacity_Ah
    return soc_by_row
