"""Normalization: physical = scaled * factor + offset, fitted on scored training rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from vestim_core.data.steps.resampled_table import ResampledTable
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.preparation import Normalize

_CONSTANT_SPREAD = 1e-9
"""Share of its size up to which the spread of a column is rounding: it is constant; float64 rounds at 1e-16."""


@dataclass(frozen=True)
class Scale:
    """A linear scale. offset, factor: float64 of one shape, (F,) for features, () for the target; factor is not 0."""

    offset: np.ndarray
    factor: np.ndarray

    def forward(self, physical: np.ndarray) -> np.ndarray:
        """Scale physical values (..., F) to C-contiguous float32."""
        return np.ascontiguousarray((physical - self.offset) / self.factor, dtype=np.float32)

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """Physical values in float64 of scaled ones."""
        return np.asarray(np.asarray(scaled, dtype=np.float64) * self.factor + self.offset)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers; `from_json` gives back the same bits."""
        return {"offset": self.offset.tolist(), "factor": self.factor.tolist()}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Read the scale that `to_json` wrote."""
        return cls(np.asarray(record["offset"], dtype=np.float64), np.asarray(record["factor"], dtype=np.float64))


def fit_scale(names: Sequence[str], training: Sequence[ResampledTable], step: Normalize) -> Scale:
    """Fit the scale of the columns `names`, (len(names),); wrong_input for a column that is constant in training."""
    pairs = [
        _offset_and_factor(name, np.concatenate([rows.scored_values(name) for rows in training]), step)
        for name in names
    ]
    offset, factor = np.array(pairs, dtype=np.float64).T
    return Scale(offset, factor)


def _offset_and_factor(name: str, values: np.ndarray, step: Normalize) -> tuple[float, float]:
    if step.method == "none":
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if high - low <= _CONSTANT_SPREAD * max(abs(low), abs(high)):
        raise wrong_input(
            f"{name} is {high:g} in every row of the training files, so nothing can be learned from it: take it out of "
            f"signals or add training files in which it changes.",
            location="signals",
        )
    return (low, high - low) if step.method == "min-max" else (float(values.mean()), float(values.std()))
