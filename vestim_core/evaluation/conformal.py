"""Split-conformal bands: an interval round every prediction that holds the truth as often as promised (Vovk 2005).

The half width is taken from errors on calibration files that the model was not trained on: with m of them, the
ceil((m + 1) * level)-th smallest size. On rows like those of calibration, at least `level` of all truths lie inside;
drives follow one another less closely than that, so what was really covered is measured and told, bin by bin.
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

LEVEL = 0.95


@dataclass(frozen=True)
class Band:
    """level: share of truths that it is to hold. half_width: in the target's unit. rows: of calibration."""

    level: float
    half_width: float
    rows: int

    @classmethod
    def calibrated(cls, errors: Array, level: float = LEVEL) -> Self:
        """The band from errors (m,) on calibration rows; wrong_input where they are too few for this level."""
        sizes = np.abs(errors[np.isfinite(errors)])
        rank = math.ceil((len(sizes) + 1) * level)
        if not 0 < level < 1 or rank > len(sizes):
            needed = math.ceil(level / (1 - level)) if 0 < level < 1 else 1
            raise wrong_input(
                f"A band of {100 * level:g} % needs a level between 0 and 100 % and at least {needed} calibration "
                f"rows; there are {len(sizes)}."
            )
        return cls(level, float(np.partition(sizes, rank - 1)[rank - 1]), len(sizes))

    @classmethod
    def from_json(cls, record: Mapping[str, Any], target: str) -> Self:
        """The band of `covered`."""
        suffix, scale = error_scale(target)
        return cls(record["level"], record[f"half_width{suffix}"] / scale, record["calibration_rows"])

    def around(self, predicted: Array) -> tuple[Array, Array]:
        """Lower and upper limit (n,) of predictions (n,)."""
        return predicted - self.half_width, predicted + self.half_width

    def coverage(self, errors: Array) -> float | None:
        """Share of errors (m,) that lie inside; None without any."""
        known = errors[np.isfinite(errors)]
        return float(np.mean(np.abs(known) <= self.half_width)) if len(known) else None


def coverage_report(
    calibration: Sequence[Comparison], tested: Sequence[Comparison], target: str, level: float = LEVEL
) -> dict[str, Any]:
    """The band from calibration files, and what it covers of test files: of all rows and, by column, of each bin that
    has rows."""
    return covered(Band.calibrated(Comparison.together(calibration).error, level), tested, target)


def band_of(calibration: Sequence[Comparison], level: float = LEVEL) -> Band | None:
    """The band from calibration files; None where they have too few rows for one."""
    try:
        return Band.calibrated(Comparison.together(calibration).error, level) if calibration else None
    except VestimError:
        return None


def covered(band: Band, tested: Sequence[Comparison], target: str) -> dict[str, Any]:
    """What a band is and covers of test files, as plain values; `Band.from_json` makes it again."""
    suffix, scale = error_scale(target)
    found = Comparison.together(tested) if tested else None
    bins = {name: _by_bin(band, name, codes, found.error) for name, codes in found.codes.items()} if found else {}
    return {
        "level": band.level,
        f"half_width{suffix}": scale * band.half_width,
        "calibration_rows": band.rows,
        "coverage": band.coverage(found.error) if found else None,
        "bins": bins,
    }


def _by_bin(band: Band, name: str, codes: np.ndarray, errors: Array) -> list[dict[str, Any]]:
    edges: list[float | None] = [None, *EDGES[name].tolist(), None]
    present = [code for code in np.unique(codes).tolist() if code >= 0]
    return [
        {
            "from": edges[code],
            "to": edges[code + 1],
            "rows": int(np.sum(codes == code)),
            "coverage": band.coverage(errors[codes == code]),
        }
        for code in present
    ]
