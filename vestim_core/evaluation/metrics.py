"""Error metrics in physical units, computed in float64 from sums that can be pooled over files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestim_core.spec.signals import error_scale

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorSums:
    """Sums over the rows of a comparison: addable, and enough for RMSE, MAE, largest error and R2.

    spread: sum of squared deviations of the target from its mean, so that R2 needs no second pass (Chan et al. 1979).
    """

    rows: int = 0
    squares: float = 0.0
    absolute: float = 0.0
    largest: float = 0.0
    mean: float = 0.0
    spread: float = 0.0

    @classmethod
    def of(cls, target: Array, predicted: Array) -> ErrorSums:
        """Sum over rows; `target` and `predicted` (n,) in the target's unit."""
        return cls.of_errors(target, np.asarray(predicted, np.float64) - np.asarray(target, np.float64))

    @classmethod
    def of_errors(cls, target: Array, error: Array) -> ErrorSums:
        """Sum over rows with the target (n,) and the error (n,), prediction minus target."""
        if not len(target):
            return cls()
        mean = float(np.mean(target))
        sizes = np.abs(error)
        return cls(
            rows=len(error),
            squares=float(np.sum(error * error)),
            absolute=float(np.sum(sizes)),
            largest=float(np.max(sizes)),
            mean=mean,
            spread=float(np.sum((target - mean) ** 2)),
        )

    def __add__(self, other: ErrorSums) -> ErrorSums:
        rows = self.rows + other.rows
        if not (self.rows and other.rows):
            return self if self.rows else other
        difference = other.mean - self.mean
        return ErrorSums(
            rows=rows,
            squares=self.squares + other.squares,
            absolute=self.absolute + other.absolute,
            largest=float(np.maximum(self.largest, other.largest)),  # keeps NaN, unlike max()
            mean=self.mean + difference * other.rows / rows,
            spread=self.spread + other.spread + difference * difference * self.rows * other.rows / rows,
        )

    def metrics(self, target: str) -> dict[str, float | None]:
        """RMSE, MAE and largest error, named and scaled by `target` (`rmse_mV`, ...), and R2; None where undefined."""
        suffix, scale = error_scale(target)
        has_rows = self.rows > 0
        return {
            f"rmse{suffix}": scale * math.sqrt(self.squares / self.rows) if has_rows else None,
            f"mae{suffix}": scale * self.absolute / self.rows if has_rows else None,
            f"max{suffix}": scale * self.largest if has_rows else None,
            "r2": 1.0 - self.squares / self.spread if self.spread > 0 else None,
        }


def error_metrics(target_physical: Array, predicted: Array, target: str) -> dict[str, float | None]:
    """All metrics of predictions (n,) against the target (n,), both in the target's unit.

    Those of `ErrorSums.metrics`, then 95th and 99th percentile of the size of the error (linear between ranks) and its
    mean (bias; positive: predicted too high).
    """
    error = np.asarray(predicted, np.float64) - np.asarray(target_physical, np.float64)
    return metrics_of(target_physical, error, target)


def metrics_of(target_physical: Array, error: Array, target: str) -> dict[str, float | None]:
    """`error_metrics` from the error (n,), prediction minus target."""
    return {**ErrorSums.of_errors(target_physical, error).metrics(target), **distribution_metrics(error, target)}


def distribution_metrics(error: Array, target: str) -> dict[str, float | None]:
    """Metrics that do not follow from sums: `p95`, `p99` and `bias` of errors (n,), named and scaled by `target`."""
    suffix, scale = error_scale(target)
    names = (f"p95{suffix}", f"p99{suffix}", f"bias{suffix}")
    if not len(error):
        return dict.fromkeys(names)
    p95, p99 = np.percentile(np.abs(error), (95, 99))
    values = (float(p95), float(p99), float(np.mean(error)))
    return {name: scale * value for name, value in zip(names, values, strict=True)}


def pool_sums(parts: Iterable[ErrorSums]) -> ErrorSums:
    """Sum over all files as if they were one; the order of files affects the last bits."""
    return sum(parts, ErrorSums())
