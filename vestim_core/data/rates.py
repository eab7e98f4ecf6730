"""What resampling does to a file that its user should know: a grid finer than its rows, and a delay."""

from __future__ import annotations

import numpy as np

from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding, Severity
from vestim_core.spec.preparation import Resample

_FINER = 0.9
"""Share of the usual distance of two rows from which on a shorter period is meant and is no jitter."""


def rate_findings(table: Table, step: Resample) -> list[Finding]:
    """Findings about `table`, whose time increases, when it is put on the grid of `step`."""
    between_s = float(np.median(np.diff(table.columns["time_s"])))
    findings = []
    if step.method == "rows":
        return [_taken_as_they_are(table, step, between_s)] if not _alike(step.period_s, between_s) else []
    if step.period_s < _FINER * between_s:
        findings.append(
            Finding(
                code="resample.finer",
                severity=Severity.WARNING,
                sentence=f'"{table.name}" has a row every {between_s:g} s and is put on a grid of {step.period_s:g} s: '
                f"that adds rows but no information; a period of {between_s:g} s or more keeps training short.",
                file=table.name,
                column="time_s",
            )
        )
    if step.method == "linear":
        findings.append(
            Finding(
                code="resample.delay",
                severity=Severity.INFO,
                sentence=f'Linear interpolation delays every signal of "{table.name}" by one of its rows, '
                f"{between_s:g} s, since the row after is not known yet.",
                file=table.name,
                column="time_s",
            )
        )
    return findings


def _alike(period_s: float, between_s: float) -> bool:
    return _FINER <= between_s / period_s <= 1 / _FINER


def _taken_as_they_are(table: Table, step: Resample, between_s: float) -> Finding:
    return Finding(
        code="resample.other_rate",
        severity=Severity.WARNING,
        sentence=f'"{table.name}" has a row every {between_s:g} s, and its rows are taken as they are where one every '
        f"{step.period_s:g} s is expected: put the file on that time grid first.",
        file=table.name,
        column="time_s",
    )
