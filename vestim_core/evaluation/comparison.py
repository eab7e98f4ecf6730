"""Comparison of the predictions of a file with its target, row by row, and the figures that follow from it.

Compared are the scored rows with a known target. A row without one has a prediction and counts in no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.evaluation.bins import EDGES, BinIndices, bin_indices, metrics_by_bin
from vestim_core.evaluation.error_curves import error_over_soc, error_over_time
from vestim_core.evaluation.metrics import Array, distribution_metrics
from vestim_core.evaluation.worst_stretches import find_worst_stretches


def scored_rows(file: PreparedFile) -> np.ndarray:
    """Mask (n,) of the scored rows."""
    mask = np.zeros(len(file.time_s), bool)
    for segment in file.segments:
        mask[segment.scored_rows] = True
    return mask


def compared_rows(file: PreparedFile, target: str) -> np.ndarray:
    """Mask (n,) of the scored rows with a known target."""
    mask: np.ndarray = scored_rows(file) & np.isfinite(file.column(target))
    return mask


def row_period_s(file: PreparedFile) -> float:
    """Time in s between two rows of a segment; 1 where no segment has two."""
    starts = (segment.start for segment in file.segments if segment.stop - segment.start > 1)
    start = next(starts, None)
    return 1.0 if start is None else float(file.time_s[start + 1] - file.time_s[start])


@dataclass(frozen=True)
class Comparison:
    """The compared rows of one file or of several: enough for every figure.

    target_physical, error: (m,) float64 in the target's unit, error = prediction - target. bin_indices: (m,) by column.
    detail: curves and stretches, which exist for a single file only.
    """

    target_physical: Array
    error: Array
    bin_indices: dict[str, BinIndices]
    detail: dict[str, Any]

    @classmethod
    def of(cls, file: PreparedFile, predicted: np.ndarray, target: str) -> Self:
        """Compare predictions (n,) for every row of `file` with its target."""
        rows = compared_rows(file, target)
        measured = np.ascontiguousarray(file.column(target)[rows])
        error = predicted[rows] - measured
        circumstances = {name: file.column(name)[rows] for name in EDGES if name in file.columns}
        error_by_row = np.full(len(rows), np.nan)
        error_by_row[rows] = error
        is_finite = np.isfinite(error)
        detail = {
            "against_time": error_over_time(file.time_s[rows][is_finite], error[is_finite], target),
            "worst": find_worst_stretches(file, error_by_row, target, row_period_s(file)),
        }
        if "soc" in circumstances:
            is_finite = is_finite & np.isfinite(circumstances["soc"])
            detail["against_soc"] = error_over_soc(circumstances["soc"][is_finite], error[is_finite], target)
        return cls(measured, error, {name: bin_indices(name, values) for name, values in circumstances.items()}, detail)

    @classmethod
    def pool(cls, parts: Sequence[Self]) -> Self:
        """Join the rows of several files as if they were one; bins by the columns that all of them have."""
        names = [name for name in EDGES if all(name in part.bin_indices for part in parts)]
        return cls(
            np.concatenate([part.target_physical for part in parts]),
            np.concatenate([part.error for part in parts]),
            {name: np.concatenate([part.bin_indices[name] for part in parts]) for name in names},
            {},
        )

    def distribution_metrics(self, target: str) -> dict[str, float | None]:
        """Percentiles and bias."""
        return distribution_metrics(self.error, target)

    def bins(self, target: str) -> dict[str, list[Any]]:
        """All metrics of every bin with rows."""
        return metrics_by_bin(self.bin_indices, self.target_physical, self.error, target)
