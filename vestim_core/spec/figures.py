"""Figures as people read them, alike on screen, in the terminal and in sentences: three significant digits, units,
durations in words. What there is no figure for is empty text: each place has a mark of its own for that."""

from __future__ import annotations

import math
from typing import Any

DIGITS = 3
_WRITTEN = {"percent": "%", "degC": "°C", "1": ""}
"""Units whose name within a metric or beside a column is not how they are written."""
_WITHOUT_UNIT = ("rmse", "mae", "max", "r2", "loss")


def number(value: Any) -> str:
    """`value` with three significant digits and without an exponent; empty where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    if value == 0:
        return "0"
    decimals = DIGITS - 1 - math.floor(math.log10(abs(value)))
    rounded = round(float(value), decimals)
    decimals = DIGITS - 1 - math.floor(math.log10(abs(rounded)))  # 9.996 has become 10.0
    return f"{rounded:.{max(decimals, 0)}f}"


def unit_of(metric_name: str) -> str:
    """The unit in the name of a metric: `mV` of `rmse_mV` or `train_rmse_mV`; empty where there is none."""
    suffix = metric_name.rpartition("_")[2]
    return "" if suffix == metric_name or suffix in _WITHOUT_UNIT else written(suffix)


def written(unit: str) -> str:
    """A unit as it is written: `°C` of `degC`; nothing for `1`, that of what has none."""
    return _WRITTEN.get(unit, unit)


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`; empty for what is not finite."""
    if not math.isfinite(seconds):
        return ""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"
