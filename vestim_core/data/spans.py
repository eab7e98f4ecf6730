"""Spans: stretches of consecutive rows as pairs of first and last row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vestim_core.spec.finding import Finding, Repair, Severity

MAX_SPANS = 1000  # per finding, arbitrary: bounds the size of stored findings

Spans = tuple[tuple[int, int], ...]


def find_spans(rows: np.ndarray) -> Spans:
    """Group sorted row indices (k,) or a boolean mask (N,) into spans."""
    if rows.dtype == np.bool_:
        rows = np.flatnonzero(rows)
    if len(rows) == 0:
        return ()
    breaks = np.flatnonzero(np.diff(rows) > 1)
    firsts = rows[np.r_[0, breaks + 1]]
    lasts = rows[np.r_[breaks, len(rows) - 1]]
    return tuple(zip(firsts.tolist(), lasts.tolist(), strict=True))


def row_mask(spans: Iterable[tuple[int, int]], count: int) -> np.ndarray:
    """Boolean mask (count,) of the rows in `spans`; rows beyond the table are ignored."""
    mask = np.zeros(count, dtype=bool)
    for first, last in spans:
        mask[max(first, 0) : last + 1] = True
    return mask


def build_span_finding(
    spans: Spans,
    *,
    code: str,
    severity: Severity,
    sentence: str,
    file: str,
    column: str = "",
    repair: Repair | None = None,
) -> Finding:
    """Build a finding about `spans`."""
    return Finding(
        code=code,
        severity=severity,
        message=sentence,
        file=file,
        column=column,
        rows=(spans[0][0], spans[-1][1]),
        spans=spans[:MAX_SPANS] if len(spans) > 1 else (),
        repair=repair,
    )


def count_rows(spans: Spans) -> int:
    """Number of rows in the spans."""
    return sum(last - first + 1 for first, last in spans)


def describe_rows(spans: Spans) -> str:
    """Describe the rows for a message: `row 7`, `rows 541-740`, `rows 7, 9 and 12-14`, `12 places from row 7 on`."""
    ranges = [str(first) if first == last else f"{first}-{last}" for first, last in spans]
    if len(ranges) > 3:
        return f"{len(ranges)} places from row {spans[0][0]} on"
    plural = "s" if count_rows(spans) > 1 else ""
    return f"row{plural} " + (ranges[0] if len(ranges) == 1 else f"{', '.join(ranges[:-1])} and {ranges[-1]}")
