"""What training files cover: tests beyond it are extrapolation, and what does not vary in it cannot be learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vestim_core.data.checks.member import Member
from vestim_core.data.checks.view import finite_sample, spread
from vestim_core.data.spans import finding_at, spans_of
from vestim_core.spec.finding import Finding, Severity

_OUTSIDE_SHARE = 0.001
_MARGIN = 0.02
_LEAST_SPREAD_K = 2.5
_CHANNELS = {"voltage_V": "V", "current_A": "A", "temperature_degC": "degC", "soc": ""}


def beyond_training(members: Sequence[Member]) -> Iterator[Finding]:
    """Tests with values that no training file has: what is said there is extrapolated."""
    others = [member for member in members if member.role != "train"]
    for name, unit in _CHANNELS.items() if others else ():
        learned = [m.table.columns[name] for m in members if m.role == "train" and name in m.table.columns]
        if not learned:
            continue
        low = min(float(np.nanmin(column, initial=np.inf)) for column in learned)
        high = max(float(np.nanmax(column, initial=-np.inf)) for column in learned)
        margin = _MARGIN * (high - low)
        for member in others:
            values = member.table.columns.get(name)
            if values is None:
                continue
            outside = (values < low - margin) | (values > high + margin)
            if outside.mean() <= _OUTSIDE_SHARE:
                continue
            there = f"{float(np.nanmin(values)):.4g} to {float(np.nanmax(values)):.4g}"
            yield finding_at(
                spans_of(outside),
                code="set.outside_training",
                severity=Severity.WARNING,
                sentence=f'{name} of "{member.table.name}" goes from {there} {unit}, training only from {low:.4g} to '
                f"{high:.4g}: {100 * outside.mean():.2g} % of its rows are extrapolation.".replace("  ", " "),
                file=member.table.name,
                column=name,
            )


def constant_temperature(members: Sequence[Member]) -> Iterator[Finding]:
    """Training files that together hardly vary in temperature."""
    name = "temperature_degC"
    samples = [
        finite_sample(member.table.columns[name])
        for member in members
        if member.role == "train" and name in member.table.columns
    ]
    if not samples:
        return
    kelvins = spread(np.concatenate(samples))
    if kelvins < _LEAST_SPREAD_K:
        yield Finding(
            code="set.constant_temperature",
            severity=Severity.WARNING,
            sentence=f"The temperature of all training files together hardly moves: 90 % of it lies within "
            f"{kelvins:.2g} K. Its influence cannot be learned, and a sensor that is 5 K off would mislead the model.",
            column=name,
        )
