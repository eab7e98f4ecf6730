"""The fit of the equivalent circuit: least squares in seconds, on drives where there are any.

For given time constants the voltage is linear in everything else; the time constants are found by a bounded search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear, minimize

from vestim_core.models.circuit import (
    COLUMNS,
    REFERENCE_DEGC,
    TEMPERATURE,
    Array,
    Circuit,
    File,
    hysteresis,
    lag,
    require_columns,
)
from vestim_core.spec.errors import wrong_input

TAU_S: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((5.0, 120.0),),
    2: ((2.0, 30.0), (30.0, 300.0)),
    3: ((2.0, 15.0), (15.0, 80.0), (80.0, 600.0)),
}
"""Bounds of the time constants by number of RC elements: they do not overlap, so that no two elements are the same."""
_KNOTS, _EACH = 41, 4
"""Knots of OCV, evenly over the SOC of the rows, and every how many of them a resistance has one too."""
_SMOOTHING = 1e-1  # weight of the OCV's second difference against the rows: decides only where there are few rows
_LEVELLING = 3e-2  # weight of the first difference of resistances against the rows: decides only where there are none
_STEP_SHARE = 0.02  # of a file's largest current: what counts as a step of the current
_STEPS_PER_HOUR = 10.0
_AT_BOUND = 0.02  # share of a time constant
_UNCERTAIN = 0.5  # share of a resistance


def fit_circuit(
    files: Sequence[File], period_s: float, *, elements: int = 1, temperature: bool = False, hysteretic: bool = False
) -> Circuit:
    """The circuit with the smallest squared voltage error on the scored rows of `files`.

    elements: number of RC elements, 1 to 3. temperature: whether R0 depends on it. hysteretic: whether there is a
    hysteresis voltage; without one only drives are used where there are any (see `is_drive`): charges at constant
    current pull OCV away from the one that drives see.
    OCV rises with SOC and no resistance is negative.
    """
    for file in files:
        require_columns(file, (*COLUMNS, TEMPERATURE) if temperature else COLUMNS)
    drives = [] if hysteretic else [file for file in files if is_drive(file, period_s)]
    problem = _Problem(drives or list(files), period_s, temperature=temperature, hysteretic=hysteretic)
    bounds = [(float(np.log(low)), float(np.log(high))) for low, high in TAU_S[elements]]

    def squares(logs: Array) -> float:
        return problem.solve(np.exp(logs)).squares

    best = minimize(
        squares,
        np.array([sum(pair) / 2 for pair in bounds]),
        method="Powell",
        bounds=bounds,
        options={"xtol": 1e-2, "ftol": 1e-4, "maxfev": 20 * elements},
    )
    tau_s = np.exp(np.atleast_1d(best.x))
    found = problem.solve(tau_s)
    return Circuit(
        soc=tuple(problem.knots.tolist()),
        ocv_V=tuple(np.cumsum(found.of("ocv")).tolist()),
        resistance_soc=tuple(problem.knots[::_EACH].tolist()),
        R0_ohm=tuple(found.of("R0").tolist()),
        R_ohm=tuple(tuple(found.of(f"R{number}").tolist()) for number in range(1, elements + 1)),
        tau_s=tuple(tau_s.tolist()),
        R0_ohm_per_K=float(found.of("R0_per_K")[0]) if temperature else 0.0,
        hysteresis_V=float(found.of("hysteresis")[0]) if hysteretic else 0.0,
        doubts=_doubts([found.mean(f"R{number}") for number in range(1, elements + 1)], tau_s, TAU_S[elements]),
    )


def _doubts(
    means_ohm: Sequence[tuple[float, float]], tau_s: Array, bounds: Sequence[tuple[float, float]]
) -> tuple[str, ...]:
    """Why an RC element is not to be trusted: its time constant ran to the upper bound, or its resistance is nothing or
    as uncertain as large. means_ohm: mean over SOC and standard error of each element's resistance."""
    said = []
    for number, ((R, sigma), tau, (_, high)) in enumerate(zip(means_ohm, tau_s, bounds, strict=True), 1):
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


@dataclass(frozen=True)
class _Signal:
    """What a table over SOC is multiplied with. values: (n,) of the scored rows. hats: (knots, p), the table as hat
    functions by its p unknowns. level: (q, p), what of the unknowns is kept small, with the weight of it. negative:
    whether the unknowns may be."""

    values: Array
    hats: Array
    level: Array
    negative: bool = False


@dataclass(frozen=True)
class _Solution:
    """values, covariance: of all unknowns. places: which of them belong to what. squares: summed errors in V^2."""

    values: Array
    covariance: Array
    places: dict[str, slice]
    squares: float

    def of(self, name: str) -> Array:
        """The unknowns of one name."""
        return self.values[self.places[name]]

    def mean(self, name: str) -> tuple[float, float]:
        """Mean of a table and its standard error."""
        at = self.places[name]
        return float(self.values[at].mean()), float(np.sqrt(max(self.covariance[at, at].mean(), 0.0)))


class _Problem:
    """The least squares in normal form. Every unknown belongs to a table over SOC that is multiplied with a signal: OCV
    with 1, R0 with the current, each Rk with a lag of it; what else there is is the same at every SOC.

    All tables are made of the same hat functions at `knots`, so that sums over the rows are small tridiagonal matrices.
    """

    def __init__(self, files: Sequence[File], period_s: float, *, temperature: bool, hysteretic: bool) -> None:
        self._period_s = period_s
        self._stretches = [
            (file.column("current_A")[segment.start : segment.stop], segment.scored_from - segment.start)
            for file in files
            for segment in file.segments
        ]
        soc = _scored(files, "soc")
        if not len(soc):
            raise wrong_input("The training files have no rows to fit the equivalent circuit on.")
        low, high = float(soc.min()), float(soc.max())
        self.knots = np.linspace(low, max(high, low + 1e-3), _KNOTS)
        position = (soc - low) / (self.knots[1] - self.knots[0])
        self._left = np.clip(position.astype(np.int64), 0, _KNOTS - 2)
        share = position - self._left
        self._products = ((1 - share) ** 2, share * (1 - share), share**2)
        self._voltage_V, current_A = _scored(files, "voltage_V"), _scored(files, "current_A")
        self._fixed = {"ocv": _ocv(len(soc)), "R0": _resistance(current_A)}
        if temperature:
            self._fixed["R0_per_K"] = _constant((_scored(files, TEMPERATURE) - REFERENCE_DEGC) * current_A, True)
        if hysteretic:
            states = [hysteresis(current_A, period_s)[skip:] for current_A, skip in self._stretches]
            self._fixed["hysteresis"] = _constant(np.concatenate(states), False)
        self._tau_s: dict[str, float] = {}  # of the lags that were tried last
        self._lags: dict[str, _Signal] = {}
        self._summed: dict[tuple[str, str], Array] = {}

    def solve(self, tau_s: Array) -> _Solution:
        """The best values for these time constants."""
        self._lag_by({f"R{number}": float(tau) for number, tau in enumerate(np.atleast_1d(tau_s), 1)})
        signals = {**self._fixed, **self._lags}
        left = np.block(
            [
                [one.hats.T @ self._sums(a, one, b, other) @ other.hats for b, other in signals.items()]
                for a, one in signals.items()
            ]
        )
        voltage_V = _constant(self._voltage_V, True)
        right = np.concatenate(
            [one.hats.T @ self._sums(a, one, "V", voltage_V).sum(axis=1) for a, one in signals.items()]
        )
        stops = np.cumsum([one.hats.shape[1] for one in signals.values()]).tolist()
        places = {
            name: slice(stop - one.hats.shape[1], stop)
            for (name, one), stop in zip(signals.items(), stops, strict=True)
        }
        lowest = np.zeros(len(left))
        for name, one in signals.items():
            left[places[name], places[name]] += one.level.T @ one.level
            lowest[places[name]] = -np.inf if one.negative else 0.0
        lowest[0] = -np.inf  # of OCV the lowest value; its rises are not negative
        # Normal equations as a small triangular system, so that bounds can be put on its solution.
        factor = np.linalg.cholesky(left + 1e-9 * np.trace(left) / len(left) * np.eye(len(left)))
        found = lsq_linear(factor.T, np.linalg.solve(factor, right), bounds=(lowest, np.inf), method="bvls")
        x = np.asarray(found.x, np.float64)
        squares = float(x @ left @ x - 2 * right @ x + self._voltage_V @ self._voltage_V)
        covariance = squares / len(self._voltage_V) * np.linalg.inv(factor @ factor.T)
        return _Solution(x, covariance, places, squares)

    def _lag_by(self, tau_s: dict[str, float]) -> None:
        """Have lags of these time constants; the search mostly changes one, and what is made of the others stays."""
        changed = {name for name, tau in tau_s.items() if self._tau_s.get(name) != tau}
        self._lags = {
            name: _resistance(self._lag(tau)) if name in changed else self._lags[name] for name, tau in tau_s.items()
        }
        self._summed = {pair: sums for pair, sums in self._summed.items() if not changed & set(pair)}
        self._tau_s = tau_s

    def _lag(self, tau_s: float) -> Array:
        return np.concatenate([lag(current_A, tau_s, self._period_s)[skip:] for current_A, skip in self._stretches])

    def _sums(self, a: str, one: _Signal, b: str, other: _Signal) -> Array:
        """(knots, knots) sums over the rows of both signals and both hat functions, symmetric in both; made once for
        each time constant that a lag has."""
        key = (min(a, b), max(a, b))
        if key in self._summed:
            return self._summed[key]
        both = one.values * other.values
        low, mixed, high = (np.bincount(self._left, product * both, _KNOTS) for product in self._products)
        sums = np.diag(low + np.roll(high, 1)) + np.diag(mixed[:-1], 1) + np.diag(mixed[:-1], -1)
        self._summed[key] = sums
        return sums


def _ocv(rows: int) -> _Signal:
    """OCV: its lowest value and its rises from knot to knot, smooth where there are few rows."""
    rises = np.tril(np.ones((_KNOTS, _KNOTS)))
    bend = np.diff(np.eye(_KNOTS), 2, axis=0) @ rises
    return _Signal(np.ones(rows), rises, np.sqrt(_SMOOTHING * rows / _KNOTS) * bend)


def _resistance(through_A: Array) -> _Signal:
    """A resistance: its values at every `_EACH`-th knot, level where there are no rows."""
    count = (_KNOTS - 1) // _EACH + 1
    hats = np.stack([np.interp(np.arange(_KNOTS), _EACH * np.arange(count), tent) for tent in np.eye(count)], axis=1)
    steps = np.diff(np.eye(count), axis=0)
    return _Signal(through_A, hats, np.sqrt(_LEVELLING * float(through_A @ through_A) / count) * steps)


def _constant(values: Array, negative: bool) -> _Signal:
    """What is the same at every SOC."""
    return _Signal(values, np.ones((_KNOTS, 1)), np.zeros((1, 1)), negative)


def _scored(files: Sequence[File], name: str) -> Array:
    parts = [file.column(name)[segment.scored_from : segment.stop] for file in files for segment in file.segments]
    return np.concatenate(parts) if parts else np.zeros(0)
