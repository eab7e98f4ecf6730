"""Coulomb counting: SOC from its start and the charge that has moved since, the oldest of all baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vestim_core.models.circuit import Array, Circuit, File, require_columns
from vestim_core.spec.errors import wrong_input

_S_PER_H = 3600.0


def capacity_Ah(files: Sequence[File], period_s: float) -> float:
    """Charge from SOC 0 to 1 as the labels of `files` have it: least squares of the charge moved on the change of SOC,
    each segment from its own means."""
    moved, changed = 0.0, 0.0
    for file in files:
        require_columns(file, ("soc", "current_A"))
        for segment in file.segments:
            rows = slice(segment.scored_from, segment.stop)
            soc = file.column("soc")[rows]
            charge_Ah = np.cumsum(file.column("current_A")[rows]) * period_s / _S_PER_H
            if len(soc):
                centred = soc - soc.mean()
                moved += float(centred @ (charge_Ah - charge_Ah.mean()))
                changed += float(centred @ centred)
    if not (changed > 0 and moved > 0):
        raise wrong_input(
            "SOC does not follow the current in the training files, so there is no capacity to count with: check the "
            "files, or set testing.baseline = false."
        )
    return moved / changed


def first_soc(circuit: Circuit, voltage_V: float, current_A: float) -> float:
    """SOC of a cell that was at rest until this current began; 0 or 1 beyond the circuit's table."""
    soc = np.asarray(np.interp(voltage_V, circuit.ocv_V, circuit.soc))
    at_rest_V = voltage_V - float(circuit.resistances_ohm(soc)[0]) * current_A
    return float(np.clip(np.interp(at_rest_V, circuit.ocv_V, circuit.soc), 0.0, 1.0))


@dataclass(frozen=True)
class CoulombCounter:
    """Counts from the SOC that the circuit gives a segment's first voltage, as if the cell had rested until then."""

    circuit: Circuit
    capacity_Ah: float

    def predict(self, file: File, period_s: float) -> Array:
        """SOC (n,) as a fraction of every row of a prepared file, each segment counted on its own."""
        require_columns(file, ("current_A", "voltage_V"))
        current_A, voltage_V = file.column("current_A"), file.column("voltage_V")
        soc = np.full(len(current_A), np.nan)
        for segment in file.segments:
            first = min(segment.scored_from, segment.stop - 1)
            start = first_soc(self.circuit, float(voltage_V[first]), float(current_A[first]))
            soc[segment.start : segment.stop] = start
            rows = slice(first + 1, segment.stop)
            soc[rows] = self.count(current_A[rows], period_s, start)
        return soc

    def count(self, current_A: Array, period_s: float, start: float) -> Array:
        """SOC (n,) after each row of current (n,) that held since the row before; `start`: SOC before the first."""
        return np.asarray(start + np.cumsum(current_A) * period_s / _S_PER_H / self.capacity_Ah)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"schema_version": 1, "kind": "coulomb", **asdict(self)}
