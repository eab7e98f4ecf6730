"""Temperature: sensors that were not read, a stale first value, kelvin, and a temperature that never moves."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import TableView, finite_sample, noise_deviation, spread
from vestim_core.data.spans import count_rows, describe_rows, find_spans
from vestim_core.spec.finding import Finding, Repair, Severity

_COLUMN = "temperature_degC"


def find_sentinels(view: TableView) -> list[Finding]:
    """Values that a logger writes for a sensor that was not read."""
    values = view.column(_COLUMN)
    if values is None:
        return []
    rows = (values < thresholds.NOT_READ_BELOW.value) & np.isfinite(values)
    sample = finite_sample(values)
    if (
        sample.max() > thresholds.SUSPECT_HOT.value
        or sample.min() < thresholds.SUSPECT_COLD.value
        or values.max(initial=0.0) > thresholds.CERTAIN_HOT.value
    ):
        rows |= np.isin(values, thresholds.NOT_READ_VALUES.value)
    if not rows.any() or rows.all():
        return []
    spans = find_spans(rows)
    sentinels = sorted({float(value) for value in np.unique(values[rows])})[:5]
    fill = {"column": _COLUMN, "values": sentinels, "longest_rows": thresholds.SENTINEL_FILL_ROWS.value}
    return [
        view.finding(
            "temperature.sentinel",
            Severity.WARNING,
            f'The temperature of "{view.name}" is {sentinels[0]:g} degC in {count_rows(spans)} rows '
            f"({describe_rows(spans)}): the sensor was not read. Treat as missing, fill short stretches.",
            _COLUMN,
            spans,
            Repair(kind="fill", parameters=fill),
        )
    ]


def find_kelvin(view: TableView) -> list[Finding]:
    """Kelvin called degrees Celsius."""
    values = view.column(_COLUMN)
    median = 0.0 if values is None else float(np.median(finite_sample(values)))
    if median <= thresholds.KELVIN_MEDIAN.value:
        return []
    return [
        view.finding(
            "temperature.unit",
            Severity.ERROR,
            f'The temperature of "{view.name}" is about {median:.0f}: kelvin. Subtract 273.15.',
            _COLUMN,
            repair=Repair(kind="scale", parameters={"column": _COLUMN, "factor": 1.0, "offset": -273.15}),
        )
    ]


def find_stale_first_sample(view: TableView) -> list[Finding]:
    """A first value that is left over from before the test."""
    values = view.column(_COLUMN)
    if values is None or len(values) < thresholds.MIN_ROWS.value or not np.isfinite(values[:2]).all():
        return []
    deviation_K = noise_deviation(np.diff(values[1 : thresholds.STALE_WINDOW.value]))
    step_K = float(values[0] - values[1])
    limit_K = max(thresholds.STALE_FIRST_STEP.value, thresholds.STALE_DEVIATIONS.value * deviation_K)
    if not (abs(step_K) > limit_K) or min(values[:2]) < thresholds.NOT_READ_BELOW.value:
        return []
    return [
        view.finding(
            "temperature.first_sample",
            Severity.WARNING,
            f'The first temperature of "{view.name}" is {abs(step_K):.3g} K {"above" if step_K > 0 else "below"} the '
            f"second: a stale value. Replace it by the second.",
            _COLUMN,
            ((0, 0),),
            Repair(kind="interpolate_rows", parameters={"column": _COLUMN, "rows": [[0, 0]]}),
        )
    ]


def find_nearly_constant(view: TableView) -> list[Finding]:
    """A temperature that hardly moves, so that its influence cannot be learned."""
    values = view.column(_COLUMN)
    if values is None or len(values) < thresholds.MIN_ROWS.value:
        return []
    spread_K = spread(values)
    if spread_K >= thresholds.FILE_TEMPERATURE_SPREAD.value:
        return []
    return [
        view.finding(
            "channel.constant",
            Severity.INFO,
            f'The temperature of "{view.name}" hardly moves: 90 % of its values lie within {spread_K:.2g} K. What it '
            f"does cannot be learned from this file, and a wrong sensor would mislead a model.",
            _COLUMN,
        )
    ]
