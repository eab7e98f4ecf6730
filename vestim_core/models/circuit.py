"""The equivalent circuit, the baseline for voltage networks: V = OCV(soc) + R0(soc) I + sum of Rk(soc) xk.

xk are lags of the current. R0 may also depend on temperature, and a hysteresis voltage may follow the direction of the
current. Resistances are tables over SOC (Chen and Rincon-Mora 2006): they rise up to twofold towards both ends. The
voltage of a row depends on that row and earlier ones, never on later ones. Charge current is positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from vestim_core.spec.errors import wrong_input

Array = NDArray[np.float64]
KnotValues = tuple[float, ...]

COLUMNS = ("soc", "current_A", "voltage_V")
TEMPERATURE = "temperature_degC"
REFERENCE_DEGC = 25.0  # temperature of R0_ohm; arbitrary, R0 is linear in temperature
HYSTERESIS_AH = 0.1
"""Charge over which the hysteresis voltage follows a reversal of the current (Plett 2004: a one-state model)."""


class Segment(Protocol):
    """Rows `start` to `stop` (excluded) without a gap; scored from `scored_from` on."""

    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...
    @property
    def scored_from(self) -> int: ...


class File(Protocol):
    """The part of a prepared file that circuits read: columns in physical units on an even time grid."""

    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def segments(self) -> Sequence[Segment]: ...
    def column(self, name: str) -> Array: ...


@dataclass(frozen=True)
class Circuit:
    """A fitted circuit. OCV is linear between `ocv_V` at `soc` and extrapolated linearly outside.

    R0_ohm: at `resistance_soc`, linear in between, constant outside. R_ohm, tau_s: resistances of each RC element in
    the same form and its time constant, fast elements first. R0_ohm_per_K: change of R0 per K above 25 degC.
    hysteresis_V: largest voltage that hysteresis adds in charge and subtracts in discharge. undetermined_elements: a
    message for each element that the data do not determine.
    """

    soc: KnotValues
    ocv_V: KnotValues
    resistance_soc: KnotValues
    R0_ohm: KnotValues
    R_ohm: tuple[KnotValues, ...]
    tau_s: KnotValues
    R0_ohm_per_K: float = 0.0
    hysteresis_V: float = 0.0
    undetermined_elements: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """Number of fitted parameters."""
        optional_count = sum(value != 0.0 for value in (self.R0_ohm_per_K, self.hysteresis_V))
        return len(self.soc) + len(self.resistance_soc) * (1 + len(self.R_ohm)) + len(self.tau_s) + optional_count

    def open_circuit_V(self, soc: Array) -> Array:
        """OCV (n,) in V at SOC (n,)."""
        segment = np.clip(np.searchsorted(self.soc, soc) - 1, 0, len(self.soc) - 2)
        knots, ocv_V = np.asarray(self.soc), np.asarray(self.ocv_V)
        slope = np.diff(ocv_V) / np.diff(knots)
        return np.asarray(ocv_V[segment] + slope[segment] * (soc - knots[segment]))

    def resistances_ohm(self, soc: Array) -> list[Array]:
        """R0 and the resistance of each RC element at SOC (n,); (n,) each."""
        return [np.interp(soc, self.resistance_soc, table) for table in (self.R0_ohm, *self.R_ohm)]

    def currents_A(self, current_A: Array, period_s: float) -> list[Array]:
        """Currents through R0 and through the resistance of each RC element, (n,) each, starting from rest."""
        return [current_A, *(lag(current_A, tau_s, period_s) for tau_s in self.tau_s)]

    def temperature_and_hysteresis_V(
        self, current_A: Array, period_s: float, temperature_degC: Array | None = None
    ) -> Array:
        """Voltage added by temperature and hysteresis, (n,) in V."""
        voltage_V = np.zeros(len(current_A))
        if self.R0_ohm_per_K and temperature_degC is not None:
            voltage_V += self.R0_ohm_per_K * (temperature_degC - REFERENCE_DEGC) * current_A
        if self.hysteresis_V:
            voltage_V += self.hysteresis_V * hysteresis(current_A, period_s)
        return voltage_V

    def overpotential_V(
        self, soc: Array, current_A: Array, period_s: float, temperature_degC: Array | None = None
    ) -> Array:
        """Voltage that the current (n,) and its past add to OCV at SOC (n,), (n,) in V, starting from rest.

        One row every `period_s`.
        """
        current_A = np.asarray(current_A, np.float64)
        voltage_V = self.temperature_and_hysteresis_V(current_A, period_s, temperature_degC)
        for R_ohm, element_A in zip(self.resistances_ohm(soc), self.currents_A(current_A, period_s), strict=True):
            voltage_V += R_ohm * element_A
        return voltage_V

    def simulate(self, soc: Array, current_A: Array, period_s: float, temperature_degC: Array | None = None) -> Array:
        """Voltage (n,) in V of one stretch without gaps that starts relaxed; one row every `period_s`."""
        return self.open_circuit_V(soc) + self.overpotential_V(soc, current_A, period_s, temperature_degC)

    def predict(self, file: File, period_s: float) -> Array:
        """Voltage (n,) in V for every row of a prepared file, each segment simulated separately."""
        require_columns(file, self.required_columns[:2])
        soc, current_A = file.column("soc"), file.column("current_A")
        temperature_degC = file.column(TEMPERATURE) if TEMPERATURE in file.columns else None
        voltage_V = np.full(len(soc), np.nan)
        for segment in file.segments:
            rows = slice(segment.start, segment.stop)
            rows_degC = None if temperature_degC is None else temperature_degC[rows]
            voltage_V[rows] = self.simulate(soc[rows], current_A[rows], period_s, rows_degC)
        return voltage_V

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Columns that a prediction reads."""
        return (*COLUMNS[:2], TEMPERATURE) if self.R0_ohm_per_K else COLUMNS[:2]

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` gives a circuit that simulates the same voltages."""
        return {"schema_version": 3, "kind": "circuit", **asdict(self)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Read the circuit that this or an earlier version wrote.

        The first version had one RC element, the second the same resistances at every SOC.
        """
        values: dict[str, Any] = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
        if "doubts" in document:  # its name before schema 3
            values |= {"undetermined_elements": document["doubts"]}
        if "R1_ohm" in document:
            values |= {"R_ohm": [document["R1_ohm"]], "tau_s": [document["tau_s"]]}
        if "resistance_soc" not in document:
            values |= {"resistance_soc": [0.0], "R0_ohm": [values["R0_ohm"]], "R_ohm": [[R] for R in values["R_ohm"]]}
        return cls(**{key: _to_tuples(value) for key, value in values.items()})


def require_columns(file: File, names: Sequence[str]) -> None:
    """Raise wrong_input when `file` lacks one of the columns `names`."""
    missing = [name for name in names if name not in file.columns]
    if missing:
        raise wrong_input(
            f"{file.name} has no column {' and no column '.join(missing)}, which the equivalent circuit needs: "
            f"name it under data.columns, or set testing.baseline = false",
            location=file.name,
        )


def lag(current_A: Array, tau_s: float, period_s: float) -> Array:
    """dx/dt = (I - x) / tau from rest, exact for the current held over each period that ends at its row."""
    decay = float(np.exp(-period_s / tau_s))
    return np.asarray(lfilter([1.0 - decay], [1.0, -decay], current_A), np.float64)


def hysteresis(current_A: Array, period_s: float) -> Array:
    """State (n,) between -1 (after a long discharge) and 1, 0 at the start.

    dh = (sign(I) - h) |I| dt / `HYSTERESIS_AH`.
    """
    decays = np.exp(-np.abs(current_A) * period_s / 3600.0 / HYSTERESIS_AH)
    state, states = 0.0, np.empty(len(current_A))
    for row, (decay, direction) in enumerate(zip(decays.tolist(), np.sign(current_A).tolist(), strict=True)):
        state = decay * state + (1.0 - decay) * direction
        states[row] = state
    return states


def _to_tuples(value: Any) -> Any:
    return tuple(_to_tuples(item) for item in value) if isinstance(value, list | tuple) else value
