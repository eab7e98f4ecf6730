"""Split-conformal bands: an interval around every prediction that contains the truth at a set rate (Vovk 2005).

The half width comes from errors on calibration files that the model was not trained on: of m errors, the
ceil((m + 1) * level)-th smallest size. On rows distributed like those of calibration at least `level` of all truths lie
inside. Drives differ more than that, so the coverage of test files is measured and reported, bin by bin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from vestim_core.evaluation.bins import EDGES
from vestim_core.evaluation.comparison import Comparison
from vestim_core.evaluation.metrics import Array
from vestim_core.spec.errors import VestimError, wrong_input
from vestim_core.spec.signals import error_scale

LEVEL = 0.95  # share of truths inside; the usual level, arbitrary


@dataclass(frozen=True)
class Band:
    """A band. level: share of truths inside. half_width: in the target's unit. rows: calibration rows."""

    level: float
    half_width: float
    rows: int

    @classmethod
    def calibrate(cls, errors: Array, level: float = LEVEL) -> Self:
        """Compute the band from errors (m,) on calibration rows; wrong_input where they are too few for this level."""
        sizes = np.abs(errors[np.isfinite(errors)])
        rank = math.ceil((len(sizes) + 1) * level)
        if not 0 < level < 1 or rank > len(sizes):
            min_rows = math.ceil(level / (1 - level)) if 0 < level < 1 else 1
            raise wrong_input(
                f"A band of {100 * level:g} % needs a level between 0 and 100 % and at least {min_rows} calibration "
                f"rows; there are {len(sizes)}."
            )
        return cls(level, float(np.partition(sizes, rank - 1)[rank - 1]), len(sizes))

    @classmethod
    def from_json(cls, record: Mapping[str, Any], target: str) -> Self:
        """Read the band that `band_report` wrote."""
        suffix, scale = error_scale(target)
        return cls(record["level"], record[f"half_width{suffix}"] / scale, record["calibration_rows"])

    def limits(self, predicted: Array) -> tuple[Array, Array]:
        """Lower and upper limit (n,) for predictions (n,)."""
        return predicted - self.half_width, predicted + self.half_width

    def coverage(self, errors: Array) -> float | None:
        """Share of errors (m,) inside the band; None without any."""
        finite = errors[np.isfinite(errors)]
        return float(np.mean(np.abs(finite) <= self.half_width)) if len(finite) else None


def coverage_report(
    calibration: Sequence[Comparison], test: Sequence[Comparison], target: str, level: float = LEVEL
) -> dict[str, Any]:
    """The band from calibration files and its coverage of test files: of all rows and, by column, of each bin."""
    return band_report(Band.calibrate(Comparison.pool(calibration).error, level), test, target)


def calibrate_band(calibration: Sequence[Comparison], level: float = LEVEL) -> Band | None:
    """The band from calibration files; None where they have too few rows."""
    try:
        return Band.calibrate(Comparison.pool(calibration).error, level) if calibration else None
    except VestimError:
        return None


def band_report(band: Band, test: Sequence[Comparison], target: str) -> dict[str, Any]:
    """A band and its coverage of test files, as plain values that `Band.from_json` reads."""
    suffix, scale = error_scale(target)
    pooled = Comparison.pool(test) if test else None
    bins = (
        {name: _coverage_by_bin(band, name, indices, pooled.error) for name, indices in pooled.bin_indices.items()}
        if pooled
        else {}
    )
    return {
        "level": band.level,
        f"half_width{suffix}": scale * band.half_width,
        "calibration_rows": band.rows,
        "coverage": band.coverage(pooled.error) if pooled else None,
        "bins": bins,
    }


def _coverage_by_bin(band: Band, name: str, indices: np.ndarray, errors: Array) -> list[dict[str, Any]]:
    edges: list[float | None] = [None, *EDGES[name].tolist(), None]
    present = [index for index in np.unique(indices).tolist() if index >= 0]
    return [
        {
            "from": edges[index],
            "to": edges[index + 1],
            "rows": int(np.sum(indices == index)),
            "coverage": band.coverage(errors[indices == index]),
        }
        for index in present
    ]
