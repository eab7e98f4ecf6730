"""Temperature: sensors that were not read, a stale first value, kelvin, and one that never moves."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks.view import View, finite_sample, spread
from vestim_core.data.spans import count_rows, rows_words, spans_of
from vestim_core.spec.finding import Finding, Repair, Severity

_NAME = "temperature_degC"
NOT_READ_BELOW = -200.0
"""degC; nothing that a cell is tested at."""
_NOT_READ = (-99.0, -100.0, -127.0, 999.0, 999.9, 9999.0, 3276.7, 327.67)
_KELVIN = 200.0
_STALE_K = 1.5
_LEAST_SPREAD_K = 1.25


def sentinel(view: View) -> list[Finding]:
    """Numbers that a logger writes for a sensor that was not read."""
    values = view.column(_NAME)
    if values is None:
        return []
    rows = (values < NOT_READ_BELOW) & np.isfinite(values)
    sample = finite_sample(values)
    if sample.max() > 90 or sample.min() < -90 or values.max(initial=0.0) > 300:
        rows |= np.isin(values, _NOT_READ)
    if not rows.any() or rows.all():
        return []
    spans = spans_of(rows)
    found = sorted({float(value) for value in np.unique(values[rows])})[:5]
    return [
        view.finding(
            "temperature.sentinel",
            Severity.WARNING,
            f'The temperature of "{view.name}" is {found[0]:g} degC in {count_rows(spans)} rows ({rows_words(spans)}): '
            f"the sensor was not read. Treat as missing, fill short stretches.",
            _NAME,
            spans,
            Repair(kind="fill", parameters={"column": _NAME, "values": found, "longest_rows": 60}),
        )
    ]


def kelvin(view: View) -> list[Finding]:
    """Kelvin called degrees Celsius."""
    values = view.column(_NAME)
    usual = 0.0 if values is None else float(np.median(finite_sample(values)))
    if usual <= _KELVIN:
        return []
    return [
        view.finding(
            "temperature.unit",
            Severity.ERROR,
            f'The temperature of "{view.name}" is about {usual:.0f}: kelvin. Subtract 273.15.',
            _NAME,
            repair=Repair(kind="scale", parameters={"column": _NAME, "factor": 1.0, "offset": -273.15}),
        )
    ]


def first_sample(view: View) -> list[Finding]:
    """A first value that was left over from before."""
    values = view.column(_NAME)
    if values is None or len(values) < 10 or not np.isfinite(values[:2]).all():
        return []
    usual = 1.4826 * float(np.median(np.abs(np.diff(values[1:200]))))
    away = float(values[0] - values[1])
    if not (abs(away) > max(_STALE_K, 20 * usual)) or min(values[:2]) < NOT_READ_BELOW:
        return []
    return [
        view.finding(
            "temperature.first_sample",
            Severity.WARNING,
            f'The first temperature of "{view.name}" is {abs(away):.3g} K {"above" if away > 0 else "below"} the '
            f"second: a stale value. Replace it by the second.",
            _NAME,
            ((0, 0),),
            Repair(kind="interpolate_rows", parameters={"column": _NAME, "rows": [[0, 0]]}),
        )
    ]


def nearly_constant(view: View) -> list[Finding]:
    """A temperature that hardly moves cannot be learned."""
    values = view.column(_NAME)
    if values is None or len(values) < 10:
        return []
    kelvins = spread(values)
    if kelvins >= _LEAST_SPREAD_K:
        return []
    return [
        view.finding(
            "channel.constant",
            Severity.INFO,
            f'The temperature of "{view.name}" hardly moves: 90 % of its values lie within {kelvins:.2g} K. What it '
            f"does cannot be learned from this file, and a wrong sensor would mislead a model.",
            _NAME,
        )
    ]
