"""Comparison: one file's predictions against what was measured, row by row, and everything that is told of it.

Compared are the scored rows whose target is known; a row without one still has its prediction, and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from vestim_core.data.prepared import PreparedFile
from vestim_core.evaluation.bins import EDGES, Codes, by_bin, codes_of
from vestim_core.evaluation.curves import against_soc, against_time
from vestim_core.evaluation.metrics import Array, shape
from vestim_core.evaluation.worst import worst_stretches


def scored_rows(file: PreparedFile) -> np.ndarray:
    """(n,) bool: the rows that count."""
    mask = np.zeros(len(file.time_s), bool)
    for segment in file.segments:
        mask[segment.scored] = True
    return mask


def compared_rows(file: PreparedFile, target: str) -> np.ndarray:
    """(n,) bool: the rows that count and whose target is known."""
    mask: np.ndarray = scored_rows(file) & np.isfinite(file.column(target))
    return mask


def period_of(file: PreparedFile) -> float:
    """Seconds between two rows of a segment; 1 where no segment has two."""
    longer = (segment.start for segment in file.segments if segment.stop - segment.start > 1)
    start = next(longer, None)
    return 1.0 if start is None else float(file.time_s[start + 1] - file.time_s[start])


@dataclass(frozen=True)
class Comparison:
    """What is kept of the compared rows of one file, or of several: enough for every figure.

    target_physical, error: (m,) float64 in the target's unit, error = prediction - target. codes: (m,) number of the
    bin, by the column that it is made of. detail: what only makes sense within one file.
    """

    target_physical: Array
    error: Array
    codes: dict[str, Codes]
    detail: dict[str, Any]

    @classmethod
    def of(cls, file: PreparedFile, predicted: np.ndarray, target: str) -> Self:
        """The comparison of predictions (n,) for every row of `file`."""
        rows = compared_rows(file, target)
        measured = np.ascontiguousarray(file.column(target)[rows])
        error = predicted[rows] - measured
        around = {name: file.column(name)[rows] for name in EDGES if name in file.columns}
        whole = np.full(len(rows), np.nan)
        whole[rows] = error
        known = np.isfinite(error)
        detail = {
            "against_time": against_time(file.time_s[rows][known], error[known], target),
            "worst": worst_stretches(file, whole, target, period_of(file)),
        }
        if "soc" in around:
            known = known & np.isfinite(around["soc"])
            detail["against_soc"] = against_soc(around["soc"][known], error[known], target)
        return cls(measured, error, {name: codes_of(name, values) for name, values in around.items()}, detail)

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """The rows of several files as if they were one; bins by what all of them have."""
        names = [name for name in EDGES if all(name in part.codes for part in parts)]
        return cls(
            np.concatenate([part.target_physical for part in parts]),
            np.concatenate([part.error for part in parts]),
            {name: np.concatenate([part.codes[name] for part in parts]) for name in names},
            {},
        )

    def shape(self, target: str) -> dict[str, float | None]:
        """Percentiles and bias."""
        return shape(self.error, target)

    def bins(self, target: str) -> dict[str, list[Any]]:
        """All metrics in every bin that has rows."""
        return by_bin(self.codes, self.target_physical, self.error, target)
