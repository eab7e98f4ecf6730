"""Time: order, repeats, steps too small, gaps, several rates."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks import thresholds
from vestim_core.data.checks.checked_table import TableView
from vestim_core.data.spans import count_rows, describe_rows, find_spans
from vestim_core.spec.finding import Finding, Repair, Severity

_MAX_SHIFTS = 1000
"""Shifts in one repair: bounds its size in a job file; arbitrary, 100 to 10,000 works."""


def find_reversals(view: TableView) -> list[Finding]:
    """Time that runs backwards. Sorting would mix two stretches, so the repair shifts what follows instead."""
    reversals = np.flatnonzero(view.steps_s < 0)
    if len(reversals) == 0:
        return []
    rows = view.timed_rows[reversals + 1]
    shifts = [
        [int(row), float(view.median_step_s - step)] for row, step in zip(rows, view.steps_s[reversals], strict=True)
    ]
    first = f"by {-view.steps_s[reversals[0]]:.6g} s at row {rows[0]}"
    more = "" if len(reversals) == 1 else f" and {len(reversals) - 1} more time{'s' if len(reversals) > 2 else ''}"
    return [
        view.finding(
            "time.not_monotonic",
            Severity.ERROR,
            f'Time falls {first}{more} in "{view.name}": shift what follows forward, so that the step is the usual '
            f"{view.median_step_s:.6g} s, or split the file there.",
            "time_s",
            rows,
            Repair(kind="shift_time", parameters={"shifts": shifts}) if len(shifts) <= _MAX_SHIFTS else None,
        )
    ]


def find_repeats(view: TableView) -> list[Finding]:
    """Rows with the time of the row before."""
    repeats = np.flatnonzero(view.steps_s == 0)
    if len(repeats) == 0:
        return []
    spans = find_spans(view.timed_rows[repeats + 1])
    first, second = view.timed_rows[repeats], view.timed_rows[repeats + 1]
    is_exact = all(
        np.array_equal(values[first], values[second], equal_nan=True) for values in view.table.columns.values()
    )
    count = count_rows(spans)
    description = "of the row before and all its values" if is_exact else "of the row before and other values"
    return [
        view.finding(
            "time.duplicates",
            Severity.WARNING if is_exact else Severity.INFO,
            f'{count} row{" has" if count == 1 else "s have"} the time {description} in "{view.name}" '
            f"({describe_rows(spans)}): of each such group the last row is kept.",
            "time_s",
            spans,
            Repair(kind="drop_repeats"),
        )
    ]


def find_tiny_steps(view: TableView) -> list[Finding]:
    """Steps far below the median: a pair at a change of step is normal, a block of thousands of rows is not."""
    limit_s = thresholds.TINY_STEP.value * view.median_step_s
    tiny_steps = np.flatnonzero((view.steps_s > 0) & (view.steps_s < limit_s))
    if len(tiny_steps) == 0:
        return []
    spans = find_spans(view.timed_rows[tiny_steps + 1])
    longest = max(last - first + 1 for first, last in spans)
    is_block = longest >= thresholds.TINY_BLOCK_ROWS.value
    typical_s = float(np.median(view.steps_s[tiny_steps]))
    block = f", in one block {longest + 1} rows" if is_block else ""
    return [
        view.finding(
            "time.tiny_steps",
            Severity.WARNING if is_block else Severity.INFO,
            f'{len(tiny_steps)} row{"" if len(tiny_steps) == 1 else "s"} of "{view.name}" ({describe_rows(spans)}) lie '
            f"about {_duration_text(typical_s)} after the row before, where {_duration_text(view.median_step_s)} is "
            f"usual{block}: by row number they would look like {len(tiny_steps) * view.median_step_s:.0f} s.",
            "time_s",
            spans,
            Repair(kind="merge_tiny_steps", parameters={"shorter_than_s": limit_s}),
        )
    ]


def find_gaps(view: TableView) -> list[Finding]:
    """Stretches without rows: long ones are a warning, short ones are for information."""
    steps, median_step_s = view.steps_s, view.median_step_s
    if median_step_s <= 0:
        return []
    short_limit_s = thresholds.SHORT_GAP.value * median_step_s
    long_limit_s = thresholds.LONG_GAP.value * median_step_s
    long_gaps = np.flatnonzero(steps > long_limit_s)
    short_gaps = np.flatnonzero((steps > short_limit_s) & (steps <= long_limit_s))
    findings = []
    for gaps, severity, description in (
        (long_gaps, Severity.WARNING, "without data, which parts the file there: never interpolated across"),
        (short_gaps, Severity.INFO, "without data"),
    ):
        if len(gaps) == 0 or len(gaps) > len(steps) * (1 - thresholds.ONE_RATE_SHARE.value):
            continue
        pairs = tuple(zip(view.timed_rows[gaps].tolist(), view.timed_rows[gaps + 1].tolist(), strict=True))
        longest = int(np.argmax(steps[gaps]))
        count = "" if len(gaps) == 1 else f"{len(gaps)} pauses, the longest "
        findings.append(
            view.finding(
                "time.gap",
                severity,
                f'"{view.name}" has {count}{steps[gaps[longest]]:.6g} s {description} (rows {pairs[longest][0]} and '
                f"{pairs[longest][1]}).",
                "time_s",
                pairs,
            )
        )
    return findings


def find_mixed_rates(view: TableView) -> list[Finding]:
    """More than one sampling rate in a file, as when a cycler records rests less often."""
    steps = view.steps_s[view.steps_s > thresholds.TINY_STEP.value * view.median_step_s]
    if len(steps) < thresholds.MIN_ROWS.value or view.median_step_s <= 0:
        return []
    other_steps = steps[np.abs(steps - view.median_step_s) > thresholds.SAME_RATE.value * view.median_step_s]
    if len(other_steps) <= (1 - thresholds.ONE_RATE_SHARE.value) * len(steps):
        return []
    return [
        view.finding(
            "time.mixed_rates",
            Severity.INFO,
            f'"{view.name}" has several rates: {_duration_text(view.median_step_s)} between rows is usual, about '
            f"{_duration_text(float(np.median(other_steps)))} in {100 * len(other_steps) / len(steps):.0f} % of them. "
            f"Resampling by time treats them alike.",
            "time_s",
        )
    ]


def _duration_text(seconds: float) -> str:
    """A duration with a fitting unit."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 0.9995 or unit == "us":  # three digits round 0.9995 to 1
            return f"{seconds * factor:.3g} {unit}"
    return ""
