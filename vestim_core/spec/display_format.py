"""Format numbers, units and durations for users, the same on screen, in the terminal and in messages.

A missing or non-finite number gives an empty string; callers choose their own placeholder.
"""

from __future__ import annotations

import math
from typing import Any

SIGNIFICANT_DIGITS = 3  # significant digits: product rule for every surface (product.md, "4.1 mV")
_UNIT_SYMBOLS = {"percent": "%", "degC": "°C", "1": ""}
"""Symbols of units whose name in metrics and columns differs from the symbol."""
_UNITLESS_SUFFIXES = ("rmse", "mae", "max", "r2", "loss")


def format_number(value: Any) -> str:
    """Format with three significant digits and without an exponent; empty if `value` is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    if value == 0:
        return "0"
    decimals = SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(value)))
    rounded = round(float(value), decimals)
    decimals = (
        SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(rounded)))
    )  # rounding may add a digit: 9.996 becomes 10.0
    return f"{rounded:.{max(decimals, 0)}f}"


def metric_unit(metric_name: str) -> str:
    """Unit in a metric's name, e.g. `mV` in `rmse_mV` or `train_rmse_mV`; empty if there is none."""
    suffix = metric_name.rpartition("_")[2]
    return "" if suffix == metric_name or suffix in _UNITLESS_SUFFIXES else unit_symbol(suffix)


def unit_symbol(unit: str) -> str:
    """Symbol of a unit, e.g. `°C` for `degC`; empty for `1`, the unit of dimensionless quantities."""
    return _UNIT_SYMBOLS.get(unit, unit)


def format_duration(seconds: float) -> str:
    """Format as `0.4 s`, `42 s`, `2 min 10 s`, `3 h 5 min` or `2 d 4 h`; empty if not finite."""
    if not math.isfinite(seconds):
        return ""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole_seconds = round(seconds)
    if whole_seconds < 60:
        return f"{whole_seconds} s"
    if whole_seconds < 3600:
        return f"{whole_seconds // 60} min {whole_seconds % 60} s"
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"
