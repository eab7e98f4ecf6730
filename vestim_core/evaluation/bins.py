"""Errors by circumstance: in which SOC, at which temperature and under how much current a model is good or bad.

The borders of the bins are fixed, the same for every file and job, so that bins of several files can be pooled and two
jobs compared. A bin without rows is not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestim_core.evaluation.metrics import Array, metrics_of

Codes = NDArray[np.int16]

SOC_EDGES = np.arange(0, 101, 10) / 100
TEMPERATURE_EDGES_DEGC = np.arange(-50.0, 105.0, 5.0)
CURRENT_EDGES_A = np.array([0.0, *(step * 10.0**power for power in range(-1, 4) for step in (1, 2, 5))])
EDGES = {"soc": SOC_EDGES, "temperature_degC": TEMPERATURE_EDGES_DEGC, "current_A": CURRENT_EDGES_A}
"""Lower border of each bin by column, in its unit; of the current the size counts. What lies below the first border or
above the last has a bin of its own, which is open to that side."""


def codes_of(name: str, values: Array) -> Codes:
    """(n,) number of the bin of each value (n,) of the column `name`: 0 below the first border; -1 where it is NaN."""
    counted = np.abs(values) if name == "current_A" else values
    codes = np.searchsorted(EDGES[name], counted, side="right").astype(np.int16)
    codes[np.isnan(counted)] = -1
    if name == "soc":  # a full cell belongs to the topmost bin
        codes[counted == SOC_EDGES[-1]] -= 1
    return codes


def by_bin(codes: Mapping[str, Codes], target_physical: Array, error: Array, target: str) -> dict[str, list[Any]]:
    """For each column one record a bin that has rows, in order: `from` and `to` (None where open), rows, all metrics.

    codes: (n,) by column. target_physical, error: (n,) in the unit of `target`.
    """
    return {name: _bins(name, mine, target_physical, error, target) for name, mine in codes.items()}


def _bins(name: str, codes: Codes, target_physical: Array, error: Array, target: str) -> list[dict[str, Any]]:
    edges: list[float | None] = [None, *EDGES[name].tolist(), None]
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    records = []
    for code, rows in zip(found.tolist(), np.split(order, starts[1:]), strict=False):
        if code < 0:
            continue
        metrics = metrics_of(target_physical[rows], error[rows], target)
        records.append({"from": edges[code], "to": edges[code + 1], "rows": len(rows), **metrics})
    return records
