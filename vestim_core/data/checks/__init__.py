"""Checks: pure functions from tables to findings. Each looks at one thing, takes time in proportion to the rows, and
changes nothing; what is proposed as a repair is data that `apply_repair` carries out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vestim_core.data.checks import channels, current, soc, temperature, time
from vestim_core.data.checks.files import check_set
from vestim_core.data.checks.member import Member
from vestim_core.data.checks.view import View
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding

__all__ = ["CHECKS", "Member", "check_set", "check_table"]

CHECKS: tuple[Callable[[View], list[Finding]], ...] = (
    time.order,
    time.repeats,
    time.tiny_steps,
    time.gaps,
    time.rates,
    current.sign,
    current.units,
    current.lag,
    soc.scale,
    soc.follows_current,
    channels.missing,
    channels.constant,
    channels.stuck,
    channels.clipped,
    channels.spikes,
    channels.impossible,
    channels.power,
    temperature.sentinel,
    temperature.kelvin,
    temperature.first_sample,
    temperature.nearly_constant,
)
"""Every check of a single table, in the order in which findings are told."""


def check_table(table: Table) -> list[Finding]:
    """What is to be said of one table as it was loaded: first what reading noticed, then what the checks find.

    Of two findings with one code and column the first stays. An empty table has no findings but its reader's.
    """
    found = list(table.findings)
    if table.rows >= 2:
        view = View(table)
        with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are what is looked for
            for check in CHECKS:
                found += check(view)
    seen: dict[tuple[str, str, object], Finding] = {}
    for finding in found:
        seen.setdefault((finding.code, finding.column, finding.rows), finding)
    kept: list[Finding] = []
    for finding in seen.values():
        twice = any(other.code == finding.code == "time.unit" for other in kept)
        if not twice:
            kept.append(finding)
    return kept
