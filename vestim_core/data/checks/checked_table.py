"""TableView: quantities of one table that several checks need, each computed once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from vestim_core.data.charge_integration import charge_Ah
from vestim_core.data.checks import thresholds
from vestim_core.data.spans import Spans, build_span_finding, find_spans
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding, Repair, Severity

_SAMPLE_ROWS = 50_000
"""Rows of a sample: bounds the time of medians and percentiles on long files; arbitrary, 10,000 to 1,000,000 works."""
_DEVIATIONS_PER_MEDIAN = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""


class TableView:
    """A table as the checks see it. Checks of neighboring rows skip rows without a time.

    Owns only its caches; lives on the thread of the check.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.name = table.name

    def column(self, name: str) -> np.ndarray | None:
        """(N,) float64 with NaN, or None when the table has no such column."""
        return self.table.columns.get(name)

    @cached_property
    def timed_rows(self) -> np.ndarray:
        """Indices (n,) of the rows that have a time."""
        is_finite = np.isfinite(self.table.columns["time_s"])
        return np.flatnonzero(is_finite) if not is_finite.all() else np.arange(self.table.rows)

    def timed_column(self, name: str) -> np.ndarray | None:
        """A column (n,) in the rows that have a time, or None."""
        values = self.column(name)
        return None if values is None else values if len(self.timed_rows) == len(values) else values[self.timed_rows]

    @cached_property
    def steps_s(self) -> np.ndarray:
        """Time from each timed row to the next, (n - 1,)."""
        time_s = self.timed_column("time_s")
        assert time_s is not None
        return np.diff(time_s)

    @cached_property
    def median_step_s(self) -> float:
        """Median of the positive time steps; 0 when there is none."""
        steps = self.steps_s[self.steps_s > 0]
        return float(np.median(steps)) if len(steps) else 0.0

    @cached_property
    def current_jumps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(indices among the timed rows, dV, dI) where the current moves by more than 5 % of its range."""
        voltage_V, current_A = self.timed_column("voltage_V"), self.timed_column("current_A")
        if voltage_V is None or current_A is None or len(current_A) < 3:
            return np.empty(0, dtype=np.intp), np.empty(0), np.empty(0)
        dI = np.diff(current_A)
        percentiles = thresholds.CURRENT_RANGE_PERCENTILES.value
        low, high = np.percentile(finite_sample(current_A), percentiles) if len(current_A) else (0.0, 0.0)
        limit = thresholds.CURRENT_JUMP.value * (high - low)
        if limit <= 0:
            return np.empty(0, dtype=np.intp), np.empty(0), np.empty(0)
        max_step_s = thresholds.MAX_JUMP_DURATION.value * self.median_step_s
        rows = np.flatnonzero((np.abs(dI) > limit) & (self.steps_s <= max_step_s))
        dV = voltage_V[rows + 1] - voltage_V[rows]
        is_finite = np.isfinite(dV) & np.isfinite(dI[rows])
        return rows[is_finite], dV[is_finite], dI[rows[is_finite]]

    @cached_property
    def charge_Ah(self) -> np.ndarray | None:
        """Integral (n,) of the held current over the timed rows; a missing current counts as zero."""
        current_A, time_s = self.timed_column("current_A"), self.timed_column("time_s")
        if current_A is None or time_s is None or len(current_A) < 2:
            return None
        return charge_Ah(time_s, current_A)

    def finding(
        self,
        code: str,
        severity: Severity,
        sentence: str,
        column: str = "",
        rows: np.ndarray | Spans | None = None,
        repair: Repair | None = None,
    ) -> Finding:
        """A finding about these rows (indices, mask or spans), or about the whole file without any."""
        spans = find_spans(rows) if isinstance(rows, np.ndarray) else rows
        if not spans:
            return Finding(code=code, severity=severity, message=sentence, file=self.name, column=column, repair=repair)
        return build_span_finding(
            spans, code=code, severity=severity, sentence=sentence, file=self.name, column=column, repair=repair
        )


def finite_sample(values: np.ndarray) -> np.ndarray:
    """About 50,000 of the finite values at most, evenly spread; a single zero when there is none."""
    sample = values[:: max(1, len(values) // _SAMPLE_ROWS)]
    finite = sample[np.isfinite(sample)]
    return finite if len(finite) else np.zeros(1)


def spread(values: np.ndarray) -> float:
    """Distance from the 5th to the 95th percentile."""
    low, high = np.percentile(finite_sample(values), thresholds.SPREAD_PERCENTILES.value)
    return float(high - low)


def noise_deviation(steps: np.ndarray) -> float:
    """Standard deviation of normally distributed noise with the median size of `steps` (n,), robust to outliers."""
    return _DEVIATIONS_PER_MEDIAN * float(np.median(np.abs(steps)))


def dot(first: np.ndarray, second: np.ndarray) -> np.float64:
    """Inner product of (N,) and (N,) on this thread: threads of a BLAS wait for each other where the cores are busy."""
    return np.float64(np.einsum("i,i->", first, second))
