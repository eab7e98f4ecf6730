"""Numbers as the window shows them: the formats of `vestim_core.spec.display_format`, with a dash for missing
values."""

from __future__ import annotations

import math
from typing import Any

from vestim_core.spec import display_format
from vestim_core.spec.display_format import metric_unit

NO_VALUE = "–"


def format_number(value: Any) -> str:
    """`value` with three significant digits and no exponent; a dash if it is missing."""
    return display_format.format_number(value) or NO_VALUE


def format_metric(name: str, value: Any) -> str:
    """`4.12 mV` for `rmse_mV`; a dash if the value is not finite."""
    text = format_number(value)
    unit = metric_unit(name)
    return f"{text} {unit}" if unit and text != NO_VALUE else text


def format_duration(seconds: float) -> str:
    """`0.4 s`, `42 s`, `2 min 10 s`, `3 h 5 min`, `2 d 4 h`; a dash if it is not finite."""
    return display_format.format_duration(seconds) or NO_VALUE


def format_count(value: float) -> str:
    """An integer with thousands separators: `4,769`."""
    return f"{round(value):,}" if math.isfinite(value) else NO_VALUE


def format_quantity(value: int, noun: str, plural: str = "") -> str:
    """`1 job`, `1,200 jobs`."""
    return f"{format_count(value)} {noun if value == 1 else plural or noun + 's'}"


def format_size(byte_count: float) -> str:
    """A size in bytes: `312 B`, `18.6 KB`, `4.1 GB` (powers of 1000)."""
    value, units = float(byte_count), ["B", "KB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{format_number(value)} {units[0]}"
