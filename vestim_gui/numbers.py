"""Figures as people read them: three significant digits with the unit, durations in words."""

from __future__ import annotations

import math
from typing import Any

DIGITS = 3
NAMES = ("rmse", "mae", "max", "r2", "loss")
UNITS = {"percent": "%", "degC": "°C"}
"""Units whose name within a metric is not how they are written."""
NOTHING = "–"


def number(value: Any) -> str:
    """`value` with three significant digits and without an exponent; a dash where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    decimals = DIGITS - 1 - math.floor(math.log10(abs(value)))
    rounded = round(float(value), decimals)
    decimals = DIGITS - 1 - math.floor(math.log10(abs(rounded)))  # 9.996 has become 10.0
    return f"{rounded:.{max(decimals, 0)}f}"


def unit_of(metric_name: str) -> str:
    """The unit in the name of a metric: `mV` of `rmse_mV` or `train_rmse_mV`; empty where there is none."""
    suffix = metric_name.rpartition("_")[2]
    return "" if suffix == metric_name or suffix in NAMES else UNITS.get(suffix, suffix)


def metric(name: str, value: Any) -> str:
    """`4.12 mV` of `rmse_mV`; a dash where there is no finite value."""
    shown = number(value)
    unit = unit_of(name)
    return f"{shown} {unit}" if unit and shown != NOTHING else shown


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`; a dash for what is not finite."""
    if not math.isfinite(seconds):
        return NOTHING
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


def count(value: float) -> str:
    """A whole number with its thousands apart: `4,769`."""
    return f"{round(value):,}" if math.isfinite(value) else NOTHING


def several(value: int, noun: str, plural: str = "") -> str:
    """`1 job`, `1,200 jobs`."""
    return f"{count(value)} {noun if value == 1 else plural or noun + 's'}"


def size(octets: float) -> str:
    """A size in bytes: `312 B`, `18.6 KB`, `4.1 GB` (powers of 1000)."""
    value, units = float(octets), ["B", "KB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{number(value)} {units[0]}"
