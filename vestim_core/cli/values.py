"""Values as people read them: three significant digits, units, durations in words, local times."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

DIGITS = 3
NAMES = ("rmse", "mae", "max", "r2")
UNITS = {"percent": "%"}
"""Units whose name within a metric is not how they are written."""


def number(value: Any) -> str:
    """`value` with three significant digits and without an exponent; "-" where there is none."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    decimals = DIGITS - 1 - math.floor(math.log10(abs(value)))
    rounded = round(float(value), decimals)
    decimals = DIGITS - 1 - math.floor(math.log10(abs(rounded)))  # 9.996 has become 10.0
    return f"{rounded:.{max(decimals, 0)}f}"


def duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `2 min 10 s`, `3 h 5 min`."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest_s = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    hours, rest_min = divmod(minutes, 60)
    return f"{hours} h {rest_min} min"


def local(time_utc: str, pattern: str = "%H:%M:%S") -> str:
    """A time of the protocol (`2025-01-31T12:00:00.000Z`) as this machine's clock shows it; empty for an empty one."""
    return datetime.fromisoformat(time_utc).astimezone().strftime(pattern) if time_utc else ""


def seconds_between(start_utc: str, end_utc: str) -> float:
    """Seconds from one time of the protocol to another."""
    return (datetime.fromisoformat(end_utc) - datetime.fromisoformat(start_utc)).total_seconds()


def unit_of(metric: str) -> str:
    """The unit in the name of a metric: `mV` of `rmse_mV` or `train_rmse_mV`; empty where there is none."""
    suffix = metric.rpartition("_")[2]
    return "" if suffix == metric or suffix in NAMES else UNITS.get(suffix, suffix)


def named(metrics: dict[str, Any], name: str) -> tuple[str, Any]:
    """The metric `name` (`rmse`, `mae`, `max`, `train_rmse`) in whatever unit: its full name and its value."""
    return next(
        ((key, value) for key, value in metrics.items() if key == name or key.startswith(f"{name}_")), (name, None)
    )
