"""EvenRows: what passes from step to step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vestim_core.data.segment import Segment


@dataclass(frozen=True)
class EvenRows:
    """Rows in physical units, evenly spaced within each segment.

    time_s: (n,) float64, seconds from the file's start. physical: (n, C) float64, one column per name in `columns`.
    segments: cover all n rows, in order.
    """

    time_s: np.ndarray
    physical: np.ndarray
    columns: tuple[str, ...]
    segments: tuple[Segment, ...]

    def column(self, name: str) -> np.ndarray:
        """(n,) float64 of one column; KeyError when there is none of that name."""
        return column_of(self.physical, self.columns, name)

    def scored(self, name: str) -> np.ndarray:
        """One column without its pre-roll rows."""
        values = self.column(name)
        return np.concatenate([values[segment.scored] for segment in self.segments])


def column_of(physical: np.ndarray, columns: tuple[str, ...], name: str) -> np.ndarray:
    """(n,) view of the column `name` of `physical` (n, C); KeyError when there is none of that name."""
    if name not in columns:
        raise KeyError(name)
    return physical[:, columns.index(name)]
