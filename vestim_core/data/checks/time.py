"""Time: order, repeats, steps too small, pauses, several rates."""

from __future__ import annotations

import numpy as np

from vestim_core.data.checks.view import View
from vestim_core.data.spans import count_rows, rows_words, spans_of
from vestim_core.spec.finding import Finding, Repair, Severity

TINY = 0.1
"""Share of the usual step below which a step is tiny."""
_GAP, _LONG_GAP = 1.5, 10.0
_BLOCK_ROWS = 10
_MOST_SHIFTS = 1000
_SAME_RATE = 0.2
_ONE_RATE_SHARE = 0.9


def order(view: View) -> list[Finding]:
    """Time that runs backwards. Sorting would mix two stretches, so the rest is shifted instead."""
    back = np.flatnonzero(view.steps_s < 0)
    if len(back) == 0:
        return []
    rows = view.timed[back + 1]
    shifts = [[int(row), float(view.usual_s - step)] for row, step in zip(rows, view.steps_s[back], strict=True)]
    first = f"by {-view.steps_s[back[0]]:.6g} s at row {rows[0]}"
    often = "" if len(back) == 1 else f" and {len(back) - 1} more time{'s' if len(back) > 2 else ''}"
    return [
        view.finding(
            "time.not_monotonic",
            Severity.ERROR,
            f'Time falls {first}{often} in "{view.name}": shift what follows forward, so that the step is the usual '
            f"{view.usual_s:.6g} s, or split the file there.",
            "time_s",
            rows,
            Repair(kind="shift_time", parameters={"shifts": shifts}) if len(shifts) <= _MOST_SHIFTS else None,
        )
    ]


def repeats(view: View) -> list[Finding]:
    """Rows with the time of the row before."""
    doubles = np.flatnonzero(view.steps_s == 0)
    if len(doubles) == 0:
        return []
    spans = spans_of(view.timed[doubles + 1])
    first, second = view.timed[doubles], view.timed[doubles + 1]
    same = all(np.array_equal(values[first], values[second], equal_nan=True) for values in view.table.columns.values())
    count = count_rows(spans)
    said = "of the row before and all its values" if same else "of the row before and other values"
    return [
        view.finding(
            "time.duplicates",
            Severity.WARNING if same else Severity.INFO,
            f'{count} row{" has" if count == 1 else "s have"} the time {said} in "{view.name}" ({rows_words(spans)}): '
            f"of each such group the last row is kept.",
            "time_s",
            spans,
            Repair(kind="drop_repeats"),
        )
    ]


def tiny_steps(view: View) -> list[Finding]:
    """Steps far below the usual: a pair at a change of step is normal, a block of thousands of rows is not."""
    below_s = TINY * view.usual_s
    tiny = np.flatnonzero((view.steps_s > 0) & (view.steps_s < below_s))
    if len(tiny) == 0:
        return []
    spans = spans_of(view.timed[tiny + 1])
    longest = max(last - first + 1 for first, last in spans)
    typical_s = float(np.median(view.steps_s[tiny]))
    block = f", in one block {longest + 1} rows" if longest >= _BLOCK_ROWS else ""
    return [
        view.finding(
            "time.tiny_steps",
            Severity.WARNING if longest >= _BLOCK_ROWS else Severity.INFO,
            f'{len(tiny)} row{"" if len(tiny) == 1 else "s"} of "{view.name}" ({rows_words(spans)}) lie about '
            f"{_short(typical_s)} after the row before, where {_short(view.usual_s)} is usual{block}: by row number "
            f"they would look like {len(tiny) * view.usual_s:.0f} s.",
            "time_s",
            spans,
            Repair(kind="merge_tiny_steps", parameters={"shorter_than_s": below_s}),
        )
    ]


def gaps(view: View) -> list[Finding]:
    """Pauses: long ones part a file, short ones are only told."""
    steps, usual_s = view.steps_s, view.usual_s
    if usual_s <= 0:
        return []
    long = np.flatnonzero(steps > _LONG_GAP * usual_s)
    short = np.flatnonzero((steps > _GAP * usual_s) & (steps <= _LONG_GAP * usual_s))
    findings = []
    for places, severity, said in (
        (long, Severity.WARNING, "without data, which parts the file there: never interpolated across"),
        (short, Severity.INFO, "without data"),
    ):
        if len(places) == 0 or len(places) > len(steps) * (1 - _ONE_RATE_SHARE):
            continue
        pairs = tuple(zip(view.timed[places].tolist(), view.timed[places + 1].tolist(), strict=True))
        longest = int(np.argmax(steps[places]))
        many = "" if len(places) == 1 else f"{len(places)} pauses, the longest "
        findings.append(
            view.finding(
                "time.gap",
                severity,
                f'"{view.name}" has {many}{steps[places[longest]]:.6g} s {said} (rows {pairs[longest][0]} and '
                f"{pairs[longest][1]}).",
                "time_s",
                pairs,
            )
        )
    return findings


def rates(view: View) -> list[Finding]:
    """More than one rate in a file, as when a cycler writes rests more seldom."""
    steps = view.steps_s[view.steps_s > TINY * view.usual_s]
    if len(steps) < 10 or view.usual_s <= 0:
        return []
    others = steps[np.abs(steps - view.usual_s) > _SAME_RATE * view.usual_s]
    if len(others) <= (1 - _ONE_RATE_SHARE) * len(steps):
        return []
    return [
        view.finding(
            "time.mixed_rates",
            Severity.INFO,
            f'"{view.name}" has several rates: {_short(view.usual_s)} between rows is usual, about '
            f"{_short(float(np.median(others)))} in {100 * len(others) / len(steps):.0f} % of them. Resampling by time "
            f"treats them alike.",
            "time_s",
        )
    ]


def _short(seconds: float) -> str:
    """A duration with a fitting unit."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 0.9995 or unit == "us":
            return f"{seconds * factor:.3g} {unit}"
    return ""
