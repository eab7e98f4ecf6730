"""Split-conformal bands: an interval round every prediction that holds the truth as often as promised (Vovk 2005).

The half width is taken from errors on calibration files that the model was not trained on: with m of them, the
ceil((m + 1) * level)-th smallest size. On rows like those of calibration, at least `level` of all truths lie inside;
drives follow one another less closely than that, so what was really covered is measured and told, bin by bin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from vestim_core.evaluation.bins import EDGES
from vestim_core.evaluation.comparison import Comparison
from vestim_core.evaluation.metrics import Array
from vestim_core.evaluation.report import FileResult
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.signals import error_scale


@dataclass(frozen=True)
class Band:
    """level: share of truths that it is to hold. half_width: in the target's unit. rows: of calibration."""

    level: float
    half_width: float
    rows: int

    @classmethod
    def calibrated(cls, errors: Array, level: float = 0.95) -> Self:
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

    def around(self, predicted: Array) -> tuple[Array, Array]:
        """Lower and upper limit (n,) of predictions (n,)."""
        return predicted - self.half_width, predicted + self.half_width

    def coverage(self, errors: Array) -> float | None:
        """Share of errors (m,) that lie inside; None without any."""
        known = errors[np.isfinite(errors)]
        return float(np.mean(np.abs(known) <= self.half_width)) if len(known) else None


def coverage_report(
    calibration: Sequence[FileResult], tested: Sequence[FileResult], level: float = 0.95
) -> dict[str, Any]:
    """The band from examined calibration files, and what it covers of examined test files: of all rows and, by column,
    of each bin that has rows. See `examine`."""
    target = tested[0].target
    suffix, scale = error_scale(target)
    band = Band.calibrated(_together(calibration).error, level)
    found = _together(tested)
    return {
        "level": level,
        f"half_width{suffix}": scale * band.half_width,
        "calibration_rows": band.rows,
        "coverage": band.coverage(found.error),
        "bins": {name: _by_bin(band, name, codes, found.error) for name, codes in found.codes.items()},
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


def _together(results: Sequence[FileResult]) -> Comparison:
    parts = [result.comparison for result in results if result.comparison]
    if not parts or len(parts) < len(results):
        raise wrong_input("Bands need files that were examined, with their errors kept: call examine().")
    return Comparison.together(parts)
