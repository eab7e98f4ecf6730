"""Coverage of the training files: tests beyond it are extrapolation, and a constant temperature cannot be learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_file import CheckedFile
from vestim_core.data.checks.checked_table import finite_sample, spread
from vestim_core.data.spans import build_span_finding, find_spans
from vestim_core.spec.finding import Finding, Severity

_UNITS = {"voltage_V": "V", "current_A": "A", "temperature_degC": "degC", "soc": ""}


def find_extrapolation(files: Sequence[CheckedFile]) -> Iterator[Finding]:
    """Yield validation and test files with values outside the range of the training files."""
    other_files = [file for file in files if file.role != "train"]
    for name, unit in _UNITS.items() if other_files else ():
        training = [m.table.columns[name] for m in files if m.role == "train" and name in m.table.columns]
        if not training:
            continue
        low = min(float(np.nanmin(column, initial=np.inf)) for column in training)
        high = max(float(np.nanmax(column, initial=-np.inf)) for column in training)
        margin = thresholds.TRAINING_MARGIN.value * (high - low)
        for file in other_files:
            values = file.table.columns.get(name)
            if values is None:
                continue
            is_outside = (values < low - margin) | (values > high + margin)
            if is_outside.mean() <= thresholds.OUTSIDE_SHARE.value:
                continue
            file_range = f"{float(np.nanmin(values)):.4g} to {float(np.nanmax(values)):.4g}"
            yield build_span_finding(
                find_spans(is_outside),
                code="set.outside_training",
                severity=Severity.WARNING,
                sentence=f'{name} of "{file.table.name}" goes from {file_range} {unit}, training only from {low:.4g} '
                f"to {high:.4g}: {100 * is_outside.mean():.2g} % of its rows are extrapolation.".replace("  ", " "),
                file=file.table.name,
                column=name,
            )


def find_constant_temperature(files: Sequence[CheckedFile]) -> Iterator[Finding]:
    """Yield one finding when all training files together hardly vary in temperature."""
    name = "temperature_degC"
    samples = [
        finite_sample(file.table.columns[name]) for file in files if file.role == "train" and name in file.table.columns
    ]
    if not samples:
        return
    spread_K = spread(np.concatenate(samples))
    if spread_K < thresholds.SET_TEMPERATURE_SPREAD.value:
        yield Finding(
            code="set.constant_temperature",
            severity=Severity.WARNING,
            message=f"The temperature of all training files together hardly moves: 90 % of it lies within "
            f"{spread_K:.2g} K. Its influence cannot be learned, and a sensor that is 5 K off would mislead the model.",
            column=name,
        )
