"""The table that passes from step to step: rows of one file on an even time grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from vestim_core.data.segment import Segment


@dataclass(frozen=True)
class ResampledTable:
    """Rows in physical units, evenly spaced in time within each segment.

    time_s: (n,) float64, seconds from the file's start. columns: (n,) float64 by name. segments: cover all n rows in
    order.
    """

    time_s: np.ndarray
    columns: Mapping[str, np.ndarray]
    segments: tuple[Segment, ...]

    def column(self, name: str) -> np.ndarray:
        """One column, (n,) float64; KeyError when there is none of that name."""
        return self.columns[name]

    def scored_values(self, name: str) -> np.ndarray:
        """One column without its pre-roll rows."""
        values = self.column(name)
        return np.concatenate([values[segment.scored_rows] for segment in self.segments])

    def with_column(self, name: str, values: np.ndarray) -> Self:
        """The same rows with `values` (n,) as the column `name`."""
        return replace(self, columns={**self.columns, name: values})
