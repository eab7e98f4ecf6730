"""The worst stretches of a file: where to look first when a model fails."""

from __future__ import annotations

from typing import Any

import numpy as np

from vestim_core.data.prepared_set import PreparedFile
from vestim_core.evaluation.metrics import Array
from vestim_core.spec.signals import error_scale

STRETCH_S = 60.0  # s; long enough for one event of a drive; arbitrary, 10 to 600 works
MAX_STRETCHES = 5  # per file: as many as a person looks at; arbitrary, 3 to 20 works
_CIRCUMSTANCES = ("soc", "current_A", "temperature_degC")


def find_worst_stretches(file: PreparedFile, error: Array, target: str, period_s: float) -> list[dict[str, Any]]:
    """Find at most `MAX_STRETCHES` stretches with the largest sum of squared errors, worst first.

    A stretch lasts `STRETCH_S`, or is a complete shorter segment. None overlaps another, crosses a gap or begins before
    the scored rows. error: (n,) for every row of `file`; NaN where nothing is compared, which counts as no error. Each
    record has file, segment, from_s, to_s, rows compared, RMSE, bias, and the means of SOC, current and temperature.
    """
    squares = np.nan_to_num(error * error)
    length = max(1, round(STRETCH_S / period_s))
    starts, stops, segment_indices = _candidates(file, length)
    if not len(starts):
        return []
    cumulative = np.concatenate(([0.0], np.cumsum(squares)))
    sums = cumulative[stops] - cumulative[starts]
    records: list[dict[str, Any]] = []
    for _ in range(MAX_STRETCHES):
        worst_index = int(np.argmax(sums))
        if not sums[worst_index] > 0:
            break
        start, stop = int(starts[worst_index]), int(stops[worst_index])
        records.append(_stretch_record(file, slice(start, stop), int(segment_indices[worst_index]), error, target))
        first, last = np.searchsorted(stops, start, side="right"), np.searchsorted(starts, stop, side="left")
        sums[first:last] = -1.0
    return records


def _candidates(file: PreparedFile, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start row, stop row and segment index of every possible stretch, in order."""
    parts = []
    for index, segment in enumerate(file.segments):
        last = max(segment.stop - length, segment.scored_from)
        starts = np.arange(segment.scored_from, last + 1 if segment.stop > segment.scored_from else last)
        parts.append((starts, np.minimum(starts + length, segment.stop), np.full(len(starts), index)))
    if not parts:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0, int)
    first, second, third = (np.concatenate(column) for column in zip(*parts, strict=True))
    return first, second, third


def _stretch_record(file: PreparedFile, rows: slice, segment_index: int, error: Array, target: str) -> dict[str, Any]:
    suffix, scale = error_scale(target)
    errors = error[rows][~np.isnan(error[rows])]
    means = {name: float(np.mean(file.column(name)[rows])) for name in _CIRCUMSTANCES if name in file.columns}
    return {
        "file": file.name,
        "key": file.key,
        "segment": segment_index,
        "from_s": float(file.time_s[rows.start]),
        "to_s": float(file.time_s[rows.stop - 1]),
        "rows": len(errors),
        f"rmse{suffix}": scale * float(np.sqrt(np.mean(errors**2))),
        f"bias{suffix}": scale * float(np.mean(errors)),
        "mean": {name: value for name, value in means.items() if np.isfinite(value)},
    }
