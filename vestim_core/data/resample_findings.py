"""Findings about resampling: a grid finer than the rows, a delay by interpolation, and an unexpected sample rate."""

from __future__ import annotations

import numpy as np

from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.preparation import Resample

_MIN_PERIOD_RATIO = 0.9
"""Ratio of grid period to median row interval below which the grid is deliberately finer and not just affected by
jitter."""


def rate_findings(table: Table, step: Resample) -> list[Finding]:
    """Report issues of putting `table`, whose time increases, on the grid of `step`."""
    row_interval_s = float(np.median(np.diff(table.columns["time_s"])))
    findings = []
    if step.method == "rows":
        return (
            [_unexpected_rate_finding(table, step, row_interval_s)]
            if not _has_expected_rate(step.period_s, row_interval_s)
            else []
        )
    if step.period_s < _MIN_PERIOD_RATIO * row_interval_s:
        findings.append(
            Finding(
                code="resample.finer",
                severity=Severity.WARNING,
                message=f'"{table.name}" has a row every {row_interval_s:g} s and is put on a '
                f"grid of {step.period_s:g} s: that adds rows but no information; a period of {row_interval_s:g} s or "
                f"more keeps training short.",
                file=table.name,
                column="time_s",
            )
        )
    if step.method == "linear":
        findings.append(
            Finding(
                code="resample.delay",
                severity=Severity.INFO,
                message=f'Linear interpolation delays every signal of "{table.name}" by one of its rows, '
                f"{row_interval_s:g} s, since the row after is not known yet.",
                file=table.name,
                column="time_s",
            )
        )
    return findings


def _has_expected_rate(period_s: float, row_interval_s: float) -> bool:
    return _MIN_PERIOD_RATIO <= row_interval_s / period_s <= 1 / _MIN_PERIOD_RATIO


def _unexpected_rate_finding(table: Table, step: Resample, row_interval_s: float) -> Finding:
    return Finding(
        code="resample.other_rate",
        severity=Severity.WARNING,
        message=f'"{table.name}" has a row every {row_interval_s:g} s, and its rows are taken as they are where one '
        f"every {step.period_s:g} s is expected: put the file on that time grid first.",
        file=table.name,
        column="time_s",
    )
