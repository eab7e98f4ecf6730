"""Ensembles: the mean of the predictions of several models with one target, and their disagreement."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.evaluation.comparison import Comparison
from vestim_core.evaluation.evaluation_report import Predictor
from vestim_core.evaluation.metrics import Array
from vestim_core.spec.errors import wrong_input
from vestim_core.spec.signals import error_scale

_COUNT_KEYS = ("files", "rows")
_TOO_FEW = "An ensemble needs at least two models: train with more repetitions."


def mean_and_spread(predicted: Sequence[Array]) -> tuple[Array, Array]:
    """Mean and standard deviation (n - 1) of several predictions, (n,) each; wrong_input for fewer than two."""
    if len(predicted) < 2:
        raise wrong_input(_TOO_FEW)
    stacked = np.stack(predicted)
    return stacked.mean(axis=0), stacked.std(axis=0, ddof=1)


def agreement(comparisons: Sequence[tuple[Comparison, Array]], target: str) -> dict[str, float | None]:
    """Disagreement of the members over the compared rows, and the share of truths within two deviations of the mean.

    comparisons: per file, the comparison of the mean and the standard deviation (m,) in its compared rows.
    """
    suffix, scale = error_scale(target)
    error = np.concatenate([comparison.error for comparison, _ in comparisons] or [np.zeros(0)])
    spread = np.concatenate([std for _, std in comparisons] or [np.zeros(0)])
    if not len(error):
        return {f"mean{suffix}": None, f"max{suffix}": None, "coverage_2std": None}
    return {
        f"mean{suffix}": scale * float(spread.mean()),
        f"max{suffix}": scale * float(spread.max()),
        "coverage_2std": float(np.mean(np.abs(error) <= 2 * spread)),
    }


def spread_over_repetitions(results: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean, standard deviation (n - 1), minimum, maximum and values of each metric that all results have, by role.

    results: `metrics_by_role` of the tests of all repetitions of one combination.
    """
    roles = [role for role in results[0] if all(role in result for result in results)] if results else []
    spread: dict[str, dict[str, Any]] = {}
    for role in roles:
        for name in results[0][role]:
            values = [result[role].get(name) for result in results]
            if name not in _COUNT_KEYS and all(isinstance(value, int | float) for value in values):
                spread.setdefault(role, {})[name] = {
                    "mean": statistics.fmean(values),
                    "std": statistics.stdev(values) if len(values) > 1 else None,
                    "min": min(values),
                    "max": max(values),
                    "values": values,
                }
    return spread


class Ensemble:
    """The repetitions of one combination. They differ only in their seeds, so that one prepared file serves all."""

    def __init__(self, members: Sequence[Predictor]) -> None:
        if len(members) < 2:
            raise wrong_input(_TOO_FEW)
        self._members = tuple(members)

    def predict(self, file: PreparedFile) -> Array:
        """Mean (n,) of the members' predictions, in the target's unit."""
        return self.predict_with_spread(file)[0]

    def predict_with_spread(self, file: PreparedFile) -> tuple[Array, Array]:
        """Mean and standard deviation (n - 1) of the members' predictions, (n,) each, in the target's unit."""
        return mean_and_spread([member(file) for member in self._members])
