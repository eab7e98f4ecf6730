"""The label check: the share of a file's voltage error that its SOC labels would explain.

Two numbers per file, a scale and a shift of its SOC, are fitted so that the circuit's voltage fits best. Where they
remove much of the circuit's error, the labels drift from file to file, and a larger network does not help: it would
have to learn the drift.
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
"""Bounds of the fit, as fractions: labels that are further off are wrong, not drifting (judgment, not measured)."""


@dataclass(frozen=True)
class Alignment:
    """The circuit fits a file best with `soc * scale + shift` as its SOC.

    rmse_mV, aligned_rmse_mV: of the circuit's voltage over `rows` rows, with the labels and with the fitted SOC.
    """

    file: str
    scale: float
    shift: float
    rmse_mV: float
    aligned_rmse_mV: float
    rows: int

    def to_json(self) -> dict[str, Any]:
        """Plain values; the shift in percentage points of SOC."""
        return {
            "file": self.file,
            "rows": self.rows,
            "soc_scale": self.scale,
            "soc_shift_percent": 100.0 * self.shift,
            "rmse_mV": self.rmse_mV,
            "aligned_rmse_mV": self.aligned_rmse_mV,
        }


def align(circuit: Circuit, file: File, period_s: float) -> Alignment | None:
    """Fit scale and shift of one file over its scored rows, within `MAX_SCALE` and `MAX_SHIFT`; None without rows."""
    require_columns(file, COLUMNS)
    parts = [_required_ocv_V(circuit, file, slice(part.start, part.stop), period_s) for part in file.segments]
    scored_rows = [slice(segment.scored_from, segment.stop) for segment in file.segments]
    skip_counts = [segment.scored_from - segment.start for segment in file.segments]
    ocv_V = np.concatenate([part[skip:] for part, skip in zip(parts, skip_counts, strict=True)] or [np.zeros(0)])
    soc = np.concatenate([file.column("soc")[rows] for rows in scored_rows] or [np.zeros(0)])
    is_finite = np.isfinite(ocv_V) & np.isfinite(soc)
    ocv_V, soc = ocv_V[is_finite], soc[is_finite]
    if not len(soc):
        return None

    def error_V(scale_and_shift: Array) -> Array:
        return np.asarray(circuit.open_circuit_V(scale_and_shift[0] * soc + scale_and_shift[1]) - ocv_V)

    limits = ([1 - MAX_SCALE, -MAX_SHIFT], [1 + MAX_SCALE, MAX_SHIFT])
    fit = least_squares(error_V, [1.0, 0.0], bounds=limits, x_scale=[0.01, 0.01], max_nfev=50)
    rmse_mV, aligned_mV = (1e3 * float(np.sqrt(np.mean(error_V(np.asarray(x)) ** 2))) for x in ([1.0, 0.0], fit.x))
    if aligned_mV > rmse_mV:
        return Alignment(file.name, 1.0, 0.0, rmse_mV, rmse_mV, len(soc))
    return Alignment(file.name, float(fit.x[0]), float(fit.x[1]), rmse_mV, aligned_mV, len(soc))


def label_check(alignments: Sequence[Alignment]) -> dict[str, Any]:
    """The content of `labels.json`: the error that labels would explain, of all files and of each one."""
    rows = sum(alignment.rows for alignment in alignments)
    rmse_mV, aligned_mV = (
        math.sqrt(sum(entry.rows * value**2 for entry, value in zip(alignments, values, strict=True)) / max(rows, 1))
        for values in (
            [alignment.rmse_mV for alignment in alignments],
            [alignment.aligned_rmse_mV for alignment in alignments],
        )
    )
    share = 1.0 - (aligned_mV / rmse_mV) ** 2 if rmse_mV > 0 else 0.0
    sentence = (
        f"With the SOC of each file scaled and shifted as suits the circuit best, its RMSE falls from {rmse_mV:.1f} to "
        f"{aligned_mV:.1f} mV: label error would explain at most {100 * share:.0f} % of its squared error."
    )
    return {
        "schema_version": 1,
        "message": sentence if rows else "",
        "rmse_mV": rmse_mV,
        "aligned_rmse_mV": aligned_mV,
        "files": [alignment.to_json() for alignment in alignments],
    }


def _required_ocv_V(circuit: Circuit, file: File, rows: slice, period_s: float) -> Array:
    """Measured voltage (n,) without the circuit's overpotential: the OCV that the file requires."""
    temperature_degC = file.column(TEMPERATURE)[rows] if TEMPERATURE in file.columns else None
    over_V = circuit.overpotential_V(
        file.column("soc")[rows], file.column("current_A")[rows], period_s, temperature_degC
    )
    return np.asarray(file.column("voltage_V")[rows] - over_V)
