"""The equivalent circuit V = OCV(soc) + R0 I + sum of Rk xk, xk first-order lags of the current: what networks have to
beat. R0 may depend on temperature, and a hysteresis voltage may follow the direction of the current.

The voltage of a row depends on that row and on rows before it, never on later ones. Charge current is positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear, minimize
from scipy.signal import lfilter

from vestim_core.spec.errors import wrong_input

Array = NDArray[np.float64]

COLUMNS = ("soc", "current_A", "voltage_V")
TEMPERATURE = "temperature_degC"
REFERENCE_DEGC = 25.0
TAU_S: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((5.0, 120.0),),
    2: ((2.0, 30.0), (30.0, 300.0)),
    3: ((2.0, 15.0), (15.0, 80.0), (80.0, 600.0)),
}
"""Bounds of the time constants by number of RC elements: they do not overlap, so that no two elements are the same."""
HYSTERESIS_AH = 0.1
"""Charge over which the hysteresis voltage follows a turn of the current (Plett 2004: a one-state model)."""
_KNOTS = 40
_SMOOTHING = 1e-1  # weight of the OCV's second difference against the rows: decides only where there are no rows
_STEP_SHARE = 0.02  # of a file's largest current: what counts as a step of the current
_STEPS_PER_HOUR = 10.0
_AT_BOUND = 0.02  # share of a time constant
_UNCERTAIN = 0.5  # share of a resistance


class Segment(Protocol):
    """Rows start..stop without a gap; scored from `scored_from` on."""

    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...
    @property
    def scored_from(self) -> int: ...


class File(Protocol):
    """What the fit needs of a prepared file: columns in physical units on an even time grid."""

    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def segments(self) -> Sequence[Segment]: ...
    def column(self, name: str) -> Array: ...


@dataclass(frozen=True)
class Circuit:
    """A fitted circuit. OCV is linear between `ocv_V` at `soc`, and goes on so outside.

    R_ohm, tau_s: resistance and time constant of each RC element, fast ones first. R0_ohm_per_K: change of R0 with
    temperature from 25 degC on. hysteresis_V: most that the hysteresis adds in charge and takes away in discharge.
    doubts: a sentence for each element that the data do not determine.
    """

    soc: tuple[float, ...]
    ocv_V: tuple[float, ...]
    R0_ohm: float
    R_ohm: tuple[float, ...]
    tau_s: tuple[float, ...]
    R0_ohm_per_K: float = 0.0
    hysteresis_V: float = 0.0
    doubts: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""
        optional = sum(value != 0.0 for value in (self.R0_ohm_per_K, self.hysteresis_V))
        return len(self.soc) + 1 + 2 * len(self.R_ohm) + optional

    def open_circuit_V(self, soc: Array) -> Array:
        """OCV (n,) in V at SOC (n,)."""
        left = np.clip(np.searchsorted(self.soc, soc) - 1, 0, len(self.soc) - 2)
        knots, ocv_V = np.asarray(self.soc), np.asarray(self.ocv_V)
        slope = np.diff(ocv_V) / np.diff(knots)
        return np.asarray(ocv_V[left] + slope[left] * (soc - knots[left]))

    def overpotential_V(self, current_A: Array, period_s: float, temperature_degC: Array | None = None) -> Array:
        """What current (n,) and its past add to OCV, (n,) in V, from rest; one row every `period_s`."""
        current_A = np.asarray(current_A, np.float64)
        voltage_V = self.R0_ohm * current_A
        if self.R0_ohm_per_K and temperature_degC is not None:
            voltage_V = voltage_V + self.R0_ohm_per_K * (temperature_degC - REFERENCE_DEGC) * current_A
        for R_ohm, tau_s in zip(self.R_ohm, self.tau_s, strict=True):
            voltage_V = voltage_V + R_ohm * lag(current_A, tau_s, period_s)
        if self.hysteresis_V:
            voltage_V = voltage_V + self.hysteresis_V * hysteresis(current_A, period_s)
        return np.asarray(voltage_V)

    def simulate(self, soc: Array, current_A: Array, period_s: float, temperature_degC: Array | None = None) -> Array:
        """Voltage (n,) in V of one stretch without gaps, (n,) each, that starts relaxed; one row every `period_s`."""
        return self.open_circuit_V(soc) + self.overpotential_V(current_A, period_s, temperature_degC)

    def predict(self, file: File, period_s: float) -> Array:
        """Voltage (n,) in V of every row of a prepared file, each segment simulated on its own."""
        require_columns(file, self.needs[:2])
        soc, current_A = file.column("soc"), file.column("current_A")
        warmth = file.column(TEMPERATURE) if TEMPERATURE in file.columns else None
        voltage_V = np.full(len(soc), np.nan)
        for segment in file.segments:
            rows = slice(segment.start, segment.stop)
            at = None if warmth is None else warmth[rows]
            voltage_V[rows] = self.simulate(soc[rows], current_A[rows], period_s, at)
        return voltage_V

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that a prediction reads."""
        return (*COLUMNS[:2], TEMPERATURE) if self.R0_ohm_per_K else COLUMNS[:2]

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` of it simulates the same voltages."""
        return {"schema_version": 2, "kind": "circuit", **asdict(self)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """The circuit that `to_json` was called on, now or by the first version, which had one RC element."""
        values: dict[str, Any] = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
        if "R1_ohm" in document:
            values |= {"R_ohm": (document["R1_ohm"],), "tau_s": (document["tau_s"],)}
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
        return cls(**values)


def fit_circuit(
    files: Sequence[File], period_s: float, *, elements: int = 1, temperature: bool = False, hysteretic: bool = False
) -> Circuit:
    """The circuit with the smallest squared voltage error on the scored rows of `files`.

    elements: number of RC elements, 1 to 3. temperature: whether R0 depends on it. hysteretic: whether there is a
    hysteresis voltage; without one only drives are used where there are any (see `is_drive`): charges at constant
    current pull OCV away from the one that drives see.
    For given time constants the voltage is linear in everything else, solved by least squares with an OCV that rises
    with SOC and resistances that are not negative; the time constants are found by a bounded search.
    """
    for file in files:
        require_columns(file, (*COLUMNS, TEMPERATURE) if temperature else COLUMNS)
    drives = [] if hysteretic else [file for file in files if is_drive(file, period_s)]
    problem = _Problem(drives or list(files), period_s, temperature=temperature, hysteretic=hysteretic)
    bounds = [(float(np.log(low)), float(np.log(high))) for low, high in TAU_S[elements]]

    def squares(logs: Array) -> float:
        return problem.solve(np.exp(logs))[1]

    best = minimize(
        squares,
        np.array([sum(pair) / 2 for pair in bounds]),
        method="Powell",
        bounds=bounds,
        options={"xtol": 1e-2, "ftol": 1e-4, "maxfev": 20 * elements},
    )
    tau_s = np.exp(np.atleast_1d(best.x))
    solution, _, spread = problem.solve(tau_s)
    others = dict(zip(problem.names(elements), solution[_KNOTS:].tolist(), strict=True))
    R_ohm = tuple(others[f"R{number}"] for number in range(1, elements + 1))
    return Circuit(
        soc=tuple(problem.knots.tolist()),
        ocv_V=tuple(np.cumsum(solution[:_KNOTS]).tolist()),
        R0_ohm=others["R0"],
        R_ohm=R_ohm,
        tau_s=tuple(tau_s.tolist()),
        R0_ohm_per_K=others.get("R0_per_K", 0.0),
        hysteresis_V=others.get("hysteresis", 0.0),
        doubts=_doubts(R_ohm, tau_s, spread[_KNOTS + 1 : _KNOTS + 1 + elements], TAU_S[elements]),
    )


def _doubts(
    R_ohm: Sequence[float], tau_s: Array, spread: Array, bounds: Sequence[tuple[float, float]]
) -> tuple[str, ...]:
    """Why an RC element is not to be trusted: its time constant ran to the upper bound, or its resistance is nothing or
    as uncertain as large."""
    said = []
    for number, (R, tau, sigma, (_, high)) in enumerate(zip(R_ohm, tau_s, spread, bounds, strict=True), 1):
        what = f"RC element {number} ({R * 1e3:.2g} mOhm, {tau:.3g} s) is not determined by these drives"
        if tau > high * (1 - _AT_BOUND):
            said.append(f"{what}: its time constant ran to the bound of {high:g} s; use fewer RC elements.")
        elif R <= 0 or sigma > _UNCERTAIN * R:
            said.append(f"{what}: its resistance may be nothing; use fewer RC elements.")
    return tuple(said)


def is_drive(file: File, period_s: float) -> bool:
    """Whether the current keeps changing: more than ten steps an hour, a step being 2 % of the file's largest current.

    A charge at constant current and voltage has a handful of steps in hours; its decay at constant voltage has none.
    """
    scored = [file.column("current_A")[segment.scored_from : segment.stop] for segment in file.segments]
    largest_A = max((float(np.abs(current_A).max()) for current_A in scored if len(current_A)), default=0.0)
    steps = sum(int(np.count_nonzero(np.abs(np.diff(current_A)) > _STEP_SHARE * largest_A)) for current_A in scored)
    hours = sum(len(current_A) for current_A in scored) * period_s / 3600.0
    return hours > 0 and steps / hours > _STEPS_PER_HOUR


def require_columns(file: File, names: Sequence[str]) -> None:
    """Raise, in one sentence, when the circuit cannot be had from `file`."""
    missing = [name for name in names if name not in file.columns]
    if missing:
        raise wrong_input(
            f"{file.name} has no column {' and no column '.join(missing)}, which the equivalent circuit needs: "
            f"name it under data.columns, or set testing.baseline = false",
            place=file.name,
        )


def lag(current_A: Array, tau_s: float, period_s: float) -> Array:
    """dx/dt = (I - x) / tau from rest, exact for the current held over each period that ends at its row."""
    decay = float(np.exp(-period_s / tau_s))
    return np.asarray(lfilter([1.0 - decay], [1.0, -decay], current_A), np.float64)


def hysteresis(current_A: Array, period_s: float) -> Array:
    """State (n,) between -1 (discharged for long) and 1, 0 at the start:
    dh = (sign(I) - h) |I| dt / `HYSTERESIS_AH`."""
    kept = np.exp(-np.abs(current_A) * period_s / 3600.0 / HYSTERESIS_AH)
    state, states = 0.0, np.empty(len(current_A))
    for row, (keep, pull) in enumerate(zip(kept.tolist(), np.sign(current_A).tolist(), strict=True)):
        state = keep * state + (1.0 - keep) * pull
        states[row] = state
    return states


class _Problem:
    """The least squares in normal form: OCV as its lowest value and its rises from knot to knot, then R0, R1, ..., and
    what else depends on the current.

    What does not depend on the time constants is summed once.
    """

    def __init__(self, files: Sequence[File], period_s: float, *, temperature: bool, hysteretic: bool) -> None:
        self.period_s = period_s
        self._stretches = [
            (file.column("current_A")[segment.start : segment.stop], segment.scored_from - segment.start)
            for file in files
            for segment in file.segments
        ]
        soc = _scored(files, "soc")
        if not len(soc):
            raise wrong_input("The training files have no rows to fit the equivalent circuit on.")
        self._current_A, self._voltage_V = _scored(files, "current_A"), _scored(files, "voltage_V")
        self._others: dict[str, Array] = {}
        if temperature:
            self._others["R0_per_K"] = (_scored(files, TEMPERATURE) - REFERENCE_DEGC) * self._current_A
        if hysteretic:
            states = [hysteresis(current_A, period_s)[skip:] for current_A, skip in self._stretches]
            self._others["hysteresis"] = np.concatenate(states)
        low, high = float(soc.min()), float(soc.max())
        self.knots = np.linspace(low, max(high, low + 1e-3), _KNOTS)
        position = (soc - low) / (self.knots[1] - self.knots[0])
        self._left = np.clip(position.astype(np.int64), 0, _KNOTS - 2)
        self._share = position - self._left
        self._hats = self._products_of_hats()

    def names(self, elements: int) -> list[str]:
        """What follows the OCV in a solution, in order."""
        return [f"R{number}" for number in range(elements + 1)] + list(self._others)

    def solve(self, tau_s: Array) -> tuple[Array, float, Array]:
        """The best (rises..., R0, R1, ..., others) for these time constants, its sum of squared errors in V^2, and the
        standard error of each of its values."""
        lags = [
            np.concatenate([lag(current_A, float(tau), self.period_s)[skip:] for current_A, skip in self._stretches])
            for tau in np.atleast_1d(tau_s)
        ]
        linear = np.column_stack([self._current_A, *lags, *self._others.values()])
        rises = np.tril(np.ones((_KNOTS, _KNOTS)))  # OCV at a knot is the sum of the rises up to it
        cross = rises.T @ np.column_stack([self._hat_sums(column) for column in linear.T])
        left = np.block([[rises.T @ self._hats @ rises, cross], [cross.T, linear.T @ linear]])
        right = np.concatenate([rises.T @ self._hat_sums(self._voltage_V), linear.T @ self._voltage_V])
        # Normal equations as a small triangular system, so that bounds can be put on its solution.
        factor = np.linalg.cholesky(left + 1e-9 * np.trace(left) / len(left) * np.eye(len(left)))
        lowest = np.zeros(len(left))
        lowest[0] = -np.inf
        for at, name in enumerate(self.names(len(lags)), _KNOTS):
            if name == "R0_per_K":
                lowest[at] = -np.inf
        found = lsq_linear(factor.T, np.linalg.solve(factor, right), bounds=(lowest, np.inf), method="bvls")
        x = np.asarray(found.x, np.float64)
        squares = float(x @ left @ x - 2 * right @ x + self._voltage_V @ self._voltage_V)
        variance = squares / len(self._voltage_V) * np.diag(np.linalg.inv(factor @ factor.T))
        return x, squares, np.sqrt(np.maximum(variance, 0.0))

    def _hat_sums(self, values: Array) -> Array:
        below = np.bincount(self._left, (1 - self._share) * values, _KNOTS)
        above = np.bincount(self._left + 1, self._share * values, _KNOTS)
        return np.asarray(below + above)

    def _products_of_hats(self) -> Array:
        mixed = np.bincount(self._left, self._share * (1 - self._share), _KNOTS)[:-1]
        squares = np.bincount(self._left, (1 - self._share) ** 2, _KNOTS)
        squares += np.bincount(self._left + 1, self._share**2, _KNOTS)
        bend = np.diff(np.eye(_KNOTS), 2, axis=0)
        weight = _SMOOTHING * len(self._share) / _KNOTS
        return np.asarray(np.diag(squares) + np.diag(mixed, 1) + np.diag(mixed, -1) + weight * bend.T @ bend)


def _scored(files: Sequence[File], name: str) -> Array:
    parts = [file.column(name)[segment.scored_from : segment.stop] for file in files for segment in file.segments]
    return np.concatenate(parts) if parts else np.zeros(0)
