"""The label check: how much of a file's voltage error its SOC labels would explain.

Two numbers a file, a scale and a shift of its SOC, are fitted so that the circuit's voltage fits best. Where they take
away much of the circuit's error, the labels drift from file to file, and no larger network can help: to learn such
voltages means to learn the drift.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from vestim_core.models.circuit import COLUMNS, TEMPERATURE, Array, Circuit, File, require_columns

MAX_SCALE, MAX_SHIFT = 0.2, 0.1


@dataclass(frozen=True)
class Alignment:
    """soc * scale + shift is what the circuit takes a file's SOC for. Errors: RMSE of the circuit's voltage over so
    many rows."""

    file: str
    scale: float
    shift: float
    before_mV: float
    after_mV: float
    rows: int

    def to_json(self) -> dict[str, Any]:
        """Plain values; shift in percent points of SOC."""
        return {
            "file": self.file,
            "rows": self.rows,
            "soc_scale": self.scale,
            "soc_shift_percent": 100.0 * self.shift,
            "rmse_mV": self.before_mV,
            "aligned_rmse_mV": self.after_mV,
        }


def align(circuit: Circuit, file: File, period_s: float) -> Alignment | None:
    """The alignment of one file over its scored rows, at most `MAX_SCALE` and `MAX_SHIFT`; None without such rows."""
    require_columns(file, COLUMNS)
    parts = [_rest_of_voltage(circuit, file, slice(part.start, part.stop), period_s) for part in file.segments]
    scored = [slice(segment.scored_from, segment.stop) for segment in file.segments]
    skipped = [segment.scored_from - segment.start for segment in file.segments]
    open_V = np.concatenate([part[skip:] for part, skip in zip(parts, skipped, strict=True)] or [np.zeros(0)])
    soc = np.concatenate([file.column("soc")[rows] for rows in scored] or [np.zeros(0)])
    known = np.isfinite(open_V) & np.isfinite(soc)
    open_V, soc = open_V[known], soc[known]
    if not len(soc):
        return None

    def error_V(numbers: Array) -> Array:
        return np.asarray(circuit.open_circuit_V(numbers[0] * soc + numbers[1]) - open_V)

    limits = ([1 - MAX_SCALE, -MAX_SHIFT], [1 + MAX_SCALE, MAX_SHIFT])
    found = least_squares(error_V, [1.0, 0.0], bounds=limits, x_scale=[0.01, 0.01], max_nfev=50)
    before, after = (1e3 * float(np.sqrt(np.mean(error_V(np.asarray(x)) ** 2))) for x in ([1.0, 0.0], found.x))
    if after > before:
        return Alignment(file.name, 1.0, 0.0, before, before, len(soc))
    return Alignment(file.name, float(found.x[0]), float(found.x[1]), before, after, len(soc))


def label_check(found: Sequence[Alignment]) -> dict[str, Any]:
    """What stands in `labels.json`: what label error would explain, over all files in a sentence and of each file."""
    rows = sum(one.rows for one in found)
    before, after = (
        math.sqrt(sum(one.rows * value**2 for one, value in zip(found, values, strict=True)) / max(rows, 1))
        for values in ([one.before_mV for one in found], [one.after_mV for one in found])
    )
    share = 1.0 - (after / before) ** 2 if before > 0 else 0.0
    sentence = (
        f"With the SOC of each file scaled and shifted as suits the circuit best, its RMSE falls from {before:.1f} to "
        f"{after:.1f} mV: label error would explain at most {100 * share:.0f} % of its squared error."
    )
    return {
        "schema_version": 1,
        "sentence": sentence if rows else "",
        "rmse_mV": before,
        "aligned_rmse_mV": after,
        "files": [one.to_json() for one in found],
    }


def _rest_of_voltage(circuit: Circuit, file: File, rows: slice, period_s: float) -> Array:
    """What is left of the measured voltage (n,) for OCV."""
    warmth = file.column(TEMPERATURE)[rows] if TEMPERATURE in file.columns else None
    over_V = circuit.overpotential_V(file.column("soc")[rows], file.column("current_A")[rows], period_s, warmth)
    return np.asarray(file.column("voltage_V")[rows] - over_V)
