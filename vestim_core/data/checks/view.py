"""What several checks of one table need, worked out once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from vestim_core.data.coulomb import charge_Ah
from vestim_core.data.spans import Spans, finding_at, spans_of
from vestim_core.data.table import Table
from vestim_core.spec.finding import Finding, Repair, Severity

_SAMPLED = 50_000


class View:
    """A table as the checks see it. Rows without a time are passed over where neighbours matter."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.name = table.name

    def column(self, name: str) -> np.ndarray | None:
        """(N,) float64 with NaN, or None."""
        return self.table.columns.get(name)

    @cached_property
    def timed(self) -> np.ndarray:
        """Numbers of the rows that have a time."""
        finite = np.isfinite(self.table.columns["time_s"])
        return np.flatnonzero(finite) if not finite.all() else np.arange(self.table.rows)

    def of_timed(self, name: str) -> np.ndarray | None:
        """A column in the rows that have a time."""
        values = self.column(name)
        return None if values is None else values if len(self.timed) == len(values) else values[self.timed]

    @cached_property
    def steps_s(self) -> np.ndarray:
        """Time from each row that has one to the next, (n - 1,)."""
        time_s = self.of_timed("time_s")
        assert time_s is not None
        return np.diff(time_s)

    @cached_property
    def usual_s(self) -> float:
        """The median of the steps forward; 0 when there is none."""
        steps = self.steps_s[self.steps_s > 0]
        return float(np.median(steps)) if len(steps) else 0.0

    @cached_property
    def jumps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(row numbers among the timed ones, dV, dI) where the current moves by more than 5 % of its range."""
        voltage_V, current_A = self.of_timed("voltage_V"), self.of_timed("current_A")
        if voltage_V is None or current_A is None or len(current_A) < 3:
            return np.empty(0, dtype=np.intp), np.empty(0), np.empty(0)
        dI = np.diff(current_A)
        lowest, highest = np.percentile(finite_sample(current_A), [0.1, 99.9]) if len(current_A) else (0.0, 0.0)
        limit = 0.05 * (highest - lowest)
        if limit <= 0:
            return np.empty(0, dtype=np.intp), np.empty(0), np.empty(0)
        rows = np.flatnonzero((np.abs(dI) > limit) & (self.steps_s <= 2 * self.usual_s))
        dV = voltage_V[rows + 1] - voltage_V[rows]
        there = np.isfinite(dV) & np.isfinite(dI[rows])
        return rows[there], dV[there], dI[rows[there]]

    @cached_property
    def charge_Ah(self) -> np.ndarray | None:
        """Integral of the held current over the timed rows, (n,); a missing current counts as none."""
        current_A, time_s = self.of_timed("current_A"), self.of_timed("time_s")
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
        """A finding about these rows (numbers, mask or spans); without any, about the whole file."""
        spans = spans_of(rows) if isinstance(rows, np.ndarray) else rows
        if not spans:
            return Finding(
                code=code, severity=severity, sentence=sentence, file=self.name, column=column, repair=repair
            )
        return finding_at(
            spans, code=code, severity=severity, sentence=sentence, file=self.name, column=column, repair=repair
        )


def finite_sample(values: np.ndarray) -> np.ndarray:
    """At most some 50,000 of the finite values, evenly spread; one zero when there is none."""
    sample = values[:: max(1, len(values) // _SAMPLED)]
    finite = sample[np.isfinite(sample)]
    return finite if len(finite) else np.zeros(1)


def spread(values: np.ndarray) -> float:
    """From the 5th to the 95th percentile."""
    low, high = np.percentile(finite_sample(values), [5, 95])
    return float(high - low)


def dot(first: np.ndarray, second: np.ndarray) -> np.float64:
    """Inner product of (N,) and (N,) in this thread: those of a BLAS wait for each other where the cores are busy."""
    return np.float64(np.einsum("i,i->", first, second))
