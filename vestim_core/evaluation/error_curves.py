"""Curves of the error over time and over SOC, of bounded length."""

from __future__ import annotations

from typing import Any

import numpy as np

from vestim_core.evaluation.metrics import Array
from vestim_core.spec.signals import error_scale

MAX_POINTS = 500  # of a curve: about one per pixel of a small plot, and a bound of `metrics.json`; arbitrary
SOC_STEPS = 50  # steps of 2 % from 0 to 1; arbitrary, 20 to 100 works


def error_over_time(time_s: Array, error: Array, target: str) -> dict[str, Any]:
    """At most `MAX_POINTS` blocks of rows: time of the first row, bias, RMSE and largest error (signed) of each.

    time_s: (n,) increasing. error: (n,) in the unit of `target`. Both without NaN.
    """
    points = min(len(error), MAX_POINTS)
    starts = (np.arange(points) * len(error)) // max(points, 1)
    return {"time_s": time_s[starts].tolist(), **_block_errors(error, starts, target)}


def error_over_soc(soc: Array, error: Array, target: str) -> dict[str, Any]:
    """One point per step of SOC with rows, `SOC_STEPS` from 0 to 1: middle, rows, bias, RMSE and largest error.

    soc, error: (n,) without NaN. Values outside 0..1 count in the outermost steps.
    """
    steps = np.clip((soc * SOC_STEPS).astype(np.int64), 0, SOC_STEPS - 1)
    order = np.argsort(steps, kind="stable")
    present, starts, rows = np.unique(steps[order], return_index=True, return_counts=True)
    middle = (present + 0.5) / SOC_STEPS
    return {"soc": middle.tolist(), "rows": rows.tolist(), **_block_errors(error[order], starts, target)}


def _block_errors(error: Array, starts: np.ndarray, target: str) -> dict[str, Any]:
    """Bias, RMSE and largest error of each block of rows; blocks begin at `starts`."""
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
