"""An extended Kalman filter for SOC on the equivalent circuit (Plett 2004): the baseline that a network for SOC has to
beat.

The lags of the current start at rest and are then known, so that SOC is the one uncertain state and a row costs a few
multiplications. What it estimates at a row depends on that row and on rows before it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from operator import mul
from typing import Any

import numpy as np

from vestim_core.models.circuit import TEMPERATURE, Array, Circuit, File, require_columns
from vestim_core.models.coulomb import first_soc

START_SOC_ERROR = 0.1
"""Standard deviation of the SOC at the start, when only a voltage tells it."""
DRIFT_PER_ROOT_HOUR = 0.01
"""Standard deviation that counting the current gathers in an hour: errors of sensor and capacity."""
CORRELATION_S = 300.0
"""How long an error of the circuit lasts: so many seconds of rows tell no more than one."""


@dataclass(frozen=True)
class KalmanFilter:
    """voltage_error_V: root mean square of what the circuit is off by."""

    circuit: Circuit
    capacity_Ah: float
    voltage_error_V: float

    def predict(self, file: File, period_s: float) -> Array:
        """SOC (n,) as a fraction of every row of a prepared file, each segment estimated on its own from
        its first scored row on."""
        require_columns(file, ("current_A", "voltage_V"))
        current_A, voltage_V = file.column("current_A"), file.column("voltage_V")
        warmth = file.column(TEMPERATURE) if TEMPERATURE in file.columns else None
        soc = np.full(len(current_A), np.nan)
        for segment in file.segments:
            soc[segment.start : segment.scored_from] = first_soc(self.circuit, float(voltage_V[segment.start]), 0.0)
            rows = slice(segment.scored_from, segment.stop)
            at = None if warmth is None else warmth[rows]
            soc[rows] = self.estimate(current_A[rows], voltage_V[rows], period_s, at)
        return soc

    def estimate(
        self,
        current_A: Array,
        voltage_V: Array,
        period_s: float,
        temperature_degC: Array | None = None,
        start_soc: float | None = None,
    ) -> Array:
        """SOC (n,) of one stretch without gaps. start_soc: before the first row; None: from its voltage."""
        if not len(current_A):
            return np.zeros(0)
        knots, ocv_V = self.circuit.soc, self.circuit.ocv_V
        low, step, last = knots[0], knots[1] - knots[0], len(knots) - 2
        tables_ohm = np.stack(self.circuit.resistances_ohm(np.asarray(knots)), axis=1).tolist()
        through_A = np.stack(self.circuit.currents_A(current_A, period_s), axis=1).tolist()
        rest_V = (voltage_V - self.circuit.other_V(current_A, period_s, temperature_degC)).tolist()
        gained = np.asarray(current_A) * period_s / 3600.0 / self.capacity_Ah
        drift = DRIFT_PER_ROOT_HOUR**2 * period_s / 3600.0
        noise = self.voltage_error_V**2 * max(CORRELATION_S / period_s, 1.0)
        soc = first_soc(self.circuit, float(voltage_V[0]), float(current_A[0])) if start_soc is None else start_soc
        variance = START_SOC_ERROR**2
        estimates = np.empty(len(gained))
        for row, (gain_soc, measured_V, currents_A) in enumerate(zip(gained.tolist(), rest_V, through_A, strict=True)):
            soc += gain_soc
            variance += drift
            at = min(max(int((soc - low) / step), 0), last)
            below_V = ocv_V[at] + sum(map(mul, tables_ohm[at], currents_A))
            above_V = ocv_V[at + 1] + sum(map(mul, tables_ohm[at + 1], currents_A))
            slope = (above_V - below_V) / step
            innovation_V = measured_V - (below_V + slope * (soc - knots[at]))
            share = variance * slope / (slope * slope * variance + noise)
            soc = min(max(soc + share * innovation_V, -0.05), 1.05)
            variance *= 1.0 - share * slope
            estimates[row] = soc
        return estimates

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"schema_version": 1, "kind": "ekf", **asdict(self)}
