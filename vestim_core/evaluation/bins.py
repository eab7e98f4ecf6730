"""Errors by SOC, temperature and size of the current.

The edges of the bins are the same for every file and job, so that bins of several files can be pooled and two jobs
compared. A bin without rows is not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestim_core.evaluation.metrics import Array, metrics_of

BinIndices = NDArray[np.int16]

SOC_EDGES = np.arange(0, 101, 10) / 100  # fraction; tenths, as tables of cells have them
TEMPERATURE_EDGES_DEGC = np.arange(-50.0, 105.0, 5.0)
CURRENT_EDGES_A = np.array([0.0, *(step * 10.0**power for power in range(-1, 4) for step in (1, 2, 5))])
EDGES = {"soc": SOC_EDGES, "temperature_degC": TEMPERATURE_EDGES_DEGC, "current_A": CURRENT_EDGES_A}
"""Lower edge of each bin by column, in the column's unit; for the current of its size. Values below the first edge or
above the last one have a bin of their own, open to that side."""


def bin_indices(name: str, values: Array) -> BinIndices:
    """Index (n,) of the bin of each value (n,) of the column `name`: 0 below the first edge, -1 for NaN."""
    sizes = np.abs(values) if name == "current_A" else values
    indices = np.searchsorted(EDGES[name], sizes, side="right").astype(np.int16)
    indices[np.isnan(sizes)] = -1
    if name == "soc":  # a full cell belongs to the topmost bin
        indices[sizes == SOC_EDGES[-1]] -= 1
    return indices


def metrics_by_bin(
    bins: Mapping[str, BinIndices], target_physical: Array, error: Array, target: str
) -> dict[str, list[Any]]:
    """For each column one record per bin with rows, in order: `from` and `to` (None where open), rows, all metrics.

    bins: bin indices (n,) by column. target_physical, error: (n,) in the unit of `target`.
    """
    return {name: _bin_records(name, indices, target_physical, error, target) for name, indices in bins.items()}


def _bin_records(
    name: str, indices: BinIndices, target_physical: Array, error: Array, target: str
) -> list[dict[str, Any]]:
    edges: list[float | None] = [None, *EDGES[name].tolist(), None]
    order = np.argsort(indices, kind="stable")
    present, starts = np.unique(indices[order], return_index=True)
    records = []
    for index, rows in zip(present.tolist(), np.split(order, starts[1:]), strict=False):
        if index < 0:
            continue
        metrics = metrics_of(target_physical[rows], error[rows], target)
        records.append({"from": edges[index], "to": edges[index + 1], "rows": len(rows), **metrics})
    return records
