"""An extended Kalman filter for SOC on the equivalent circuit (Plett 2004): the baseline for SOC networks.

The lags of the current start at rest and are then known, so that SOC is the only uncertain state and a row costs a few
multiplications. The estimate of a row depends on that row and on rows before it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from operator import mul
from typing import Any

import numpy as np

from vestim_core.models.circuit import TEMPERATURE, Array, Circuit, File, require_columns
from vestim_core.models.coulomb_counter import initial_soc

START_SOC_ERROR = 0.1
"""Standard deviation of the initial SOC, which comes from a single voltage, as a fraction."""
DRIFT_PER_ROOT_HOUR = 0.01
"""Standard deviation (fraction of SOC) that counting gathers in an hour: errors of the current sensor and capacity."""
CORRELATION_S = 300.0
"""Correlation time of the circuit's error in s: rows within it carry the information of one."""


@dataclass(frozen=True)
class KalmanFilter:
    """The filter with its circuit and capacity. voltage_error_V: RMS error of the circuit's voltage."""

    circuit: Circuit
    capacity_Ah: float
    voltage_error_V: float

    def predict(self, file: File, period_s: float) -> Array:
        """SOC (n,) as a fraction for every row of a prepared file, each segment estimated separately from its first
        scored row on."""
        require_columns(file, ("current_A", "voltage_V"))
        current_A, voltage_V = file.column("current_A"), file.column("voltage_V")
        temperature_degC = file.column(TEMPERATURE) if TEMPERATURE in file.columns else None
        soc = np.full(len(current_A), np.nan)
        for segment in file.segments:
            soc[segment.start : segment.scored_from] = initial_soc(self.circuit, float(voltage_V[segment.start]), 0.0)
            rows = slice(segment.scored_from, segment.stop)
            rows_degC = None if temperature_degC is None else temperature_degC[rows]
            soc[rows] = self.estimate(current_A[rows], voltage_V[rows], period_s, rows_degC)
        return soc

    def estimate(
        self,
        current_A: Array,
        voltage_V: Array,
        period_s: float,
        temperature_degC: Array | None = None,
        start_soc: float | None = None,
    ) -> Array:
        """SOC (n,) of one stretch without gaps. start_soc: SOC before the first row; None: from its voltage."""
        if not len(current_A):
            return np.zeros(0)
        knots, ocv_V = self.circuit.soc, self.circuit.ocv_V
        low, step, last = knots[0], knots[1] - knots[0], len(knots) - 2
        tables_ohm = np.stack(self.circuit.resistances_ohm(np.asarray(knots)), axis=1).tolist()
        currents_by_row = np.stack(self.circuit.currents_A(current_A, period_s), axis=1).tolist()
        extra_V = self.circuit.temperature_and_hysteresis_V(current_A, period_s, temperature_degC)
        circuit_V = (voltage_V - extra_V).tolist()
        soc_gains = np.asarray(current_A) * period_s / 3600.0 / self.capacity_Ah
        drift = DRIFT_PER_ROOT_HOUR**2 * period_s / 3600.0
        noise = self.voltage_error_V**2 * max(CORRELATION_S / period_s, 1.0)
        soc = initial_soc(self.circuit, float(voltage_V[0]), float(current_A[0])) if start_soc is None else start_soc
        variance = START_SOC_ERROR**2
        estimates = np.empty(len(soc_gains))
        rows = zip(soc_gains.tolist(), circuit_V, currents_by_row, strict=True)
        for row, (soc_gain, measured_V, currents_A) in enumerate(rows):
            soc += soc_gain
            variance += drift
            knot = min(max(int((soc - low) / step), 0), last)
            below_V = ocv_V[knot] + sum(map(mul, tables_ohm[knot], currents_A))
            above_V = ocv_V[knot + 1] + sum(map(mul, tables_ohm[knot + 1], currents_A))
            slope = (above_V - below_V) / step
            innovation_V = measured_V - (below_V + slope * (soc - knots[knot]))
            gain = variance * slope / (slope * slope * variance + noise)
            soc = min(max(soc + gain * innovation_V, -0.05), 1.05)
            variance *= 1.0 - gain * slope
            estimates[row] = soc
        return estimates

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"schema_version": 1, "kind": "ekf", **asdict(self)}
