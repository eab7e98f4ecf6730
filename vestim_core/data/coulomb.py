"""Coulomb counting: the charge that a held current has moved. What is counted at a row depends on rows before it."""

from __future__ import annotations

import numpy as np

_S_PER_H = 3600.0


def charge_Ah(time_s: np.ndarray, current_A: np.ndarray) -> np.ndarray:
    """Charge moved since the first row, (N,) in Ah: each current holds until the next row.

    time_s, current_A: (N,). A current that is missing counts as none; a row without a time stands at that of the row
    before, and time that falls counts as no time.
    """
    there = np.isfinite(time_s)
    if not there.all():
        time_s = time_s[np.maximum.accumulate(np.where(there, np.arange(len(time_s)), 0))]
    held = np.nan_to_num(current_A[:-1], nan=0.0, posinf=0.0, neginf=0.0)
    steps = np.nan_to_num(np.clip(np.diff(time_s), 0.0, None))
    return np.concatenate(([0.0], np.cumsum(held * steps))) / _S_PER_H


def counted_soc(time_s: np.ndarray, current_A: np.ndarray, row: int, soc: float, capacity_Ah: float) -> np.ndarray:
    """SOC, (N,) as a fraction: `soc` at `row`, counted from there on with `capacity_Ah`; NaN before, where it could
    only be told from what came later. ValueError for a row that is not there or no positive capacity."""
    if not 0 <= row < len(time_s) or not 0 < capacity_Ah < np.inf or not np.isfinite(soc):
        raise ValueError("no such row, capacity or SOC")
    counted = np.full(len(time_s), np.nan)
    counted[row:] = soc + charge_Ah(time_s[row:], current_A[row:]) / capacity_Ah
    return counted
