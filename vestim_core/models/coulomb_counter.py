"""Coulomb counting: SOC from a start value and the charge moved since, the simplest baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vestim_core.models.circuit import Array, Circuit, File, require_columns
from vestim_core.spec.errors import wrong_input

_S_PER_H = 3600.0  # seconds per hour


def fit_capacity_Ah(files: Sequence[File], period_s: float) -> float:
    """Charge from SOC 0 to 1 according to the labels of `files`: least squares of the charge on the SOC.

    Both are centered in each segment. Raises wrong_input where SOC does not follow the current.
    """
    product, squares = 0.0, 0.0
    for file in files:
        require_columns(file, ("soc", "current_A"))
        for segment in file.segments:
            rows = slice(segment.scored_from, segment.stop)
            soc = file.column("soc")[rows]
            charge_Ah = np.cumsum(file.column("current_A")[rows]) * period_s / _S_PER_H
            if len(soc):
                centered = soc - soc.mean()
                product += float(centered @ (charge_Ah - charge_Ah.mean()))
                squares += float(centered @ centered)
    if not (squares > 0 and product > 0):
        raise wrong_input(
            "SOC does not follow the current in the training files, so there is no capacity to count with: check the "
            "files, or set testing.baseline = false."
        )
    return product / squares


def initial_soc(circuit: Circuit, voltage_V: float, current_A: float) -> float:
    """SOC of a cell that rested until this current began; 0 or 1 beyond the circuit's table."""
    soc = np.asarray(np.interp(voltage_V, circuit.ocv_V, circuit.soc))
    rest_V = voltage_V - float(circuit.resistances_ohm(soc)[0]) * current_A
    return float(np.clip(np.interp(rest_V, circuit.ocv_V, circuit.soc), 0.0, 1.0))


@dataclass(frozen=True)
class CoulombCounter:
    """Counts from the SOC that the circuit assigns to a segment's first voltage, taking the cell as rested."""

    circuit: Circuit
    capacity_Ah: float

    def predict(self, file: File, period_s: float) -> Array:
        """SOC (n,) as a fraction for every row of a prepared file, each segment counted separately."""
        require_columns(file, ("current_A", "voltage_V"))
        current_A, voltage_V = file.column("current_A"), file.column("voltage_V")
        soc = np.full(len(current_A), np.nan)
        for segment in file.segments:
            first = min(segment.scored_from, segment.stop - 1)
            start_soc = initial_soc(self.circuit, float(voltage_V[first]), float(current_A[first]))
            soc[segment.start : segment.stop] = start_soc
            rows = slice(first + 1, segment.stop)
            soc[rows] = self.count(current_A[rows], period_s, start_soc)
        return soc

    def count(self, current_A: Array, period_s: float, start_soc: float) -> Array:
        """SOC (n,) after each row of current (n,), held since the row before. start_soc: SOC before the first row."""
        return np.asarray(start_soc + np.cumsum(current_A) * period_s / _S_PER_H / self.capacity_Ah)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"schema_version": 1, "kind": "coulomb", **asdict(self)}
