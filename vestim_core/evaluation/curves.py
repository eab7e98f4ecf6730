"""The error against time and against SOC, as curves of bounded length."""

from __future__ import annotations

from typing import Any

import numpy as np

from vestim_core.evaluation.metrics import Array
from vestim_core.spec.signals import error_scale

MAX_POINTS = 500
SOC_STEPS = 50


def against_time(time_s: Array, error: Array, target: str) -> dict[str, Any]:
    """At most `MAX_POINTS` blocks of rows, each with the time of its first row, bias, RMSE and largest error (signed).

    time_s: (n,) increasing. error: (n,) in the unit of `target`; neither has NaN.
    """
    points = min(len(error), MAX_POINTS)
    starts = (np.arange(points) * len(error)) // max(points, 1)
    return {"time_s": time_s[starts].tolist(), **_blocks(error, starts, target)}


def against_soc(soc: Array, error: Array, target: str) -> dict[str, Any]:
    """One point for each of `SOC_STEPS` steps from 0 to 1 that has rows: its middle, rows, bias, RMSE, largest error.

    soc, error: (n,) without NaN; what lies outside 0..1 counts to the outermost steps.
    """
    steps = np.clip((soc * SOC_STEPS).astype(np.int64), 0, SOC_STEPS - 1)
    order = np.argsort(steps, kind="stable")
    found, starts, rows = np.unique(steps[order], return_index=True, return_counts=True)
    middle = (found + 0.5) / SOC_STEPS
    return {"soc": middle.tolist(), "rows": rows.tolist(), **_blocks(error[order], starts, target)}


def _blocks(error: Array, starts: np.ndarray, target: str) -> dict[str, Any]:
    """Bias, RMSE and largest error of the blocks of rows that begin at `starts`."""
    suffix, scale = error_scale(target)
    if not len(starts):
        return {f"bias{suffix}": [], f"rmse{suffix}": [], f"max{suffix}": []}
    rows = np.diff(np.append(starts, len(error)))
    high, low = np.maximum.reduceat(error, starts), np.minimum.reduceat(error, starts)
    return {
        f"bias{suffix}": (scale * np.add.reduceat(error, starts) / rows).tolist(),
        f"rmse{suffix}": (scale * np.sqrt(np.add.reduceat(error * error, starts) / rows)).tolist(),
        f"max{suffix}": (scale * np.where(high >= -low, high, low)).tolist(),
    }
