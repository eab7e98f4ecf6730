"""Checks: pure functions from tables to findings.

Each check looks at one thing, takes time in proportion to the rows and changes nothing. A proposed repair is data that
`apply_repair` carries out. All limits stand in `thresholds`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vestim_core.data.checks import channels, current, soc, temperature, time
from vestim_core.data.checks.checked_file import CheckedFile
from vestim_core.data.checks.checked_table import TableView
from vestim_core.data.checks.set_checks import check_set
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding

__all__ = ["CHECKS", "CheckedFile", "check_set", "check_table"]

CHECKS: tuple[Callable[[TableView], list[Finding]], ...] = (
    time.find_reversals,
    time.find_repeats,
    time.find_tiny_steps,
    time.find_gaps,
    time.find_mixed_rates,
    current.find_wrong_sign,
    current.find_wrong_unit,
    current.find_lag,
    soc.find_wrong_scale,
    soc.find_wrong_capacity,
    channels.find_missing_values,
    channels.find_constant,
    channels.find_stuck,
    channels.find_clipped,
    channels.find_spikes,
    channels.find_impossible,
    channels.find_power_mismatch,
    temperature.find_sentinels,
    temperature.find_kelvin,
    temperature.find_stale_first_sample,
    temperature.find_nearly_constant,
)
"""Every check of a single table, in the order in which findings are listed."""


def check_table(table: Table) -> list[Finding]:
    """Return the findings of one table as it was loaded: the reader's first, then those of the checks.

    Of two findings with the same code, column and rows the first stays, and so does the first `time.unit`. A table of
    fewer than two rows has only its reader's findings.
    """
    findings = list(table.findings)
    if table.rows >= 2:
        view = TableView(table)
        with np.errstate(invalid="ignore", over="ignore"):  # checks look for NaN and infinity
            for check in CHECKS:
                findings += check(view)
    unique_findings: dict[tuple[str, str, object], Finding] = {}
    for finding in findings:
        unique_findings.setdefault((finding.code, finding.column, finding.rows), finding)
    ordered_findings: list[Finding] = []
    for finding in unique_findings.values():
        is_second_time_unit = any(earlier.code == finding.code == "time.unit" for earlier in ordered_findings)
        if not is_second_time_unit:
            ordered_findings.append(finding)
    return ordered_findings
