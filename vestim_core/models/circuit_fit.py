"""Least-squares fit of the equivalent circuit, on drives where there are any.

For given time constants the voltage is linear in all other parameters; a bounded search finds the time constants.
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
"""Bounds in s of the time constants by number of RC elements. They do not overlap, so that no two elements coincide."""
_KNOTS, _KNOT_STRIDE = 41, 4
"""Knots of OCV, evenly over the SOC of the rows (2.5 % apart over the full range); OCV knots per resistance knot."""
_SMOOTHING = 1e-1  # weight of the OCV's second difference relative to the rows: matters only where rows are few
_LEVELING = 3e-2  # weight of the resistances' first difference relative to the rows: matters only without rows
_STEP_SHARE = 0.02  # share of a file's largest current from which a change is a step
_STEPS_PER_HOUR = 10.0  # a charge at constant current and voltage has a handful in hours
_BOUND_SHARE = 0.02  # share of the upper bound within which a time constant counts as at the bound
_UNCERTAIN_SHARE = 0.5  # standard error over resistance from which the resistance may be zero (two deviations)


def fit_circuit(
    files: Sequence[File], period_s: float, *, elements: int = 1, temperature: bool = False, hysteretic: bool = False
) -> Circuit:
    """Fit the circuit with the smallest squared voltage error on the scored rows of `files`.

    elements: number of RC elements, 1 to 3. temperature: R0 depends on temperature. hysteretic: add a hysteresis
    voltage. Without hysteresis only drives are used where there are any (see `is_drive`), since charges at constant
    current pull OCV away from that of drives. OCV rises with SOC, and no resistance is negative.
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
    solution = problem.solve(tau_s)
    return Circuit(
        soc=tuple(problem.knots.tolist()),
        ocv_V=tuple(np.cumsum(solution.of("ocv")).tolist()),
        resistance_soc=tuple(problem.knots[::_KNOT_STRIDE].tolist()),
        R0_ohm=tuple(solution.of("R0").tolist()),
        R_ohm=tuple(tuple(solution.of(f"R{element}").tolist()) for element in range(1, elements + 1)),
        tau_s=tuple(tau_s.tolist()),
        R0_ohm_per_K=float(solution.of("R0_per_K")[0]) if temperature else 0.0,
        hysteresis_V=float(solution.of("hysteresis")[0]) if hysteretic else 0.0,
        undetermined_elements=_undetermined_elements(
            [solution.mean(f"R{element}") for element in range(1, elements + 1)], tau_s, TAU_S[elements]
        ),
    )


def _undetermined_elements(
    means_ohm: Sequence[tuple[float, float]], tau_s: Array, bounds: Sequence[tuple[float, float]]
) -> tuple[str, ...]:
    """A sentence for each RC element that the data do not determine.

    Its time constant is at the upper bound, or its resistance is not positive or less than two standard errors.
    means_ohm: mean over SOC and standard error of each element's resistance.
    """
    sentences = []
    for element, ((R, sigma), tau, (_, high)) in enumerate(zip(means_ohm, tau_s, bounds, strict=True), 1):
        problem = f"RC element {element} ({R * 1e3:.2g} mOhm, {tau:.3g} s) is not determined by these drives"
        if tau > high * (1 - _BOUND_SHARE):
            sentences.append(f"{problem}: its time constant ran to the bound of {high:g} s; use fewer RC elements.")
        elif R <= 0 or sigma > _UNCERTAIN_SHARE * R:
            sentences.append(f"{problem}: its resistance may be nothing; use fewer RC elements.")
    return tuple(sentences)


def is_drive(file: File, period_s: float) -> bool:
    """True when the current keeps changing: more than ten steps per hour of 2 % of the file's largest current or more.

    A charge at constant current and voltage has a handful of steps in hours, and none in its constant-voltage phase.
    """
    scored_A = [file.column("current_A")[segment.scored_from : segment.stop] for segment in file.segments]
    largest_A = max((float(np.abs(current_A).max()) for current_A in scored_A if len(current_A)), default=0.0)
    steps = sum(int(np.count_nonzero(np.abs(np.diff(current_A)) > _STEP_SHARE * largest_A)) for current_A in scored_A)
    hours = sum(len(current_A) for current_A in scored_A) * period_s / 3600.0
    return hours > 0 and steps / hours > _STEPS_PER_HOUR


@dataclass(frozen=True)
class _Signal:
    """A signal that is multiplied by a table over SOC.

    values: (n,) in the scored rows. hats: (knots, p), hat functions of the table by its p unknowns. penalty: (q, p),
    weighted combinations of the unknowns that are kept small. may_be_negative: of the unknowns.
    """

    values: Array
    hats: Array
    penalty: Array
    may_be_negative: bool = False


@dataclass(frozen=True)
class _Solution:
    """values, covariance: of all unknowns. slices: unknowns by signal. squares: sum of squared errors in V^2."""

    values: Array
    covariance: Array
    slices: dict[str, slice]
    squares: float

    def of(self, name: str) -> Array:
        """The unknowns of one signal."""
        return self.values[self.slices[name]]

    def mean(self, name: str) -> tuple[float, float]:
        """Mean of the unknowns of one signal, and its standard error."""
        unknowns = self.slices[name]
        variance = self.covariance[unknowns, unknowns].mean()
        return float(self.values[unknowns].mean()), float(np.sqrt(max(variance, 0.0)))


class _Problem:
    """The least-squares problem as normal equations.

    Every unknown belongs to a table over SOC that is multiplied by a signal: OCV by 1, R0 by the current, each Rk by a
    lag of the current. Temperature and hysteresis have one unknown each, the same at every SOC. All tables consist of
    the same hat functions at `knots`, so that sums over the rows are small tridiagonal matrices.
    """

    def __init__(self, files: Sequence[File], period_s: float, *, temperature: bool, hysteretic: bool) -> None:
        self._period_s = period_s
        self._stretches = [
            (file.column("current_A")[segment.start : segment.stop], segment.scored_from - segment.start)
            for file in files
            for segment in file.segments
        ]
        soc = _scored_rows(files, "soc")
        if not len(soc):
            raise wrong_input("The training files have no rows to fit the equivalent circuit on.")
        low, high = float(soc.min()), float(soc.max())
        self.knots = np.linspace(low, max(high, low + 1e-3), _KNOTS)
        position = (soc - low) / (self.knots[1] - self.knots[0])
        self._knot = np.clip(position.astype(np.int64), 0, _KNOTS - 2)
        fraction = position - self._knot
        self._products = ((1 - fraction) ** 2, fraction * (1 - fraction), fraction**2)
        self._voltage_V, current_A = _scored_rows(files, "voltage_V"), _scored_rows(files, "current_A")
        self._fixed_signals = {"ocv": _ocv_signal(len(soc)), "R0": _resistance_signal(current_A)}
        if temperature:
            self._fixed_signals["R0_per_K"] = _constant_signal(
                (_scored_rows(files, TEMPERATURE) - REFERENCE_DEGC) * current_A, True
            )
        if hysteretic:
            states = [hysteresis(current_A, period_s)[skip:] for current_A, skip in self._stretches]
            self._fixed_signals["hysteresis"] = _constant_signal(np.concatenate(states), False)
        self._tau_s: dict[str, float] = {}  # of the latest lags
        self._lag_signals: dict[str, _Signal] = {}
        self._sums_by_pair: dict[tuple[str, str], Array] = {}

    def solve(self, tau_s: Array) -> _Solution:
        """Solve for the best values with these time constants."""
        self._set_lags({f"R{element}": float(tau) for element, tau in enumerate(np.atleast_1d(tau_s), 1)})
        signals = {**self._fixed_signals, **self._lag_signals}
        matrix = np.block(
            [
                [first.hats.T @ self._sums(a, first, b, second) @ second.hats for b, second in signals.items()]
                for a, first in signals.items()
            ]
        )
        voltage_V = _constant_signal(self._voltage_V, True)
        vector = np.concatenate(
            [signal.hats.T @ self._sums(name, signal, "V", voltage_V).sum(axis=1) for name, signal in signals.items()]
        )
        stops = np.cumsum([signal.hats.shape[1] for signal in signals.values()]).tolist()
        slices = {
            name: slice(stop - signal.hats.shape[1], stop)
            for (name, signal), stop in zip(signals.items(), stops, strict=True)
        }
        lower_bounds = np.zeros(len(matrix))
        for name, signal in signals.items():
            matrix[slices[name], slices[name]] += signal.penalty.T @ signal.penalty
            lower_bounds[slices[name]] = -np.inf if signal.may_be_negative else 0.0
        lower_bounds[0] = -np.inf  # the lowest OCV may have any value, its rises are not negative
        # The normal equations become a small triangular system, whose solution can be bounded. The addition of 1e-9 of
        # the mean diagonal keeps the matrix positive definite under rounding.
        factor = np.linalg.cholesky(matrix + 1e-9 * np.trace(matrix) / len(matrix) * np.eye(len(matrix)))
        result = lsq_linear(factor.T, np.linalg.solve(factor, vector), bounds=(lower_bounds, np.inf), method="bvls")
        x = np.asarray(result.x, np.float64)
        squares = float(x @ matrix @ x - 2 * vector @ x + self._voltage_V @ self._voltage_V)
        covariance = squares / len(self._voltage_V) * np.linalg.inv(factor @ factor.T)
        return _Solution(x, covariance, slices, squares)

    def _set_lags(self, tau_s: dict[str, float]) -> None:
        """Compute the lags of these time constants. The search mostly changes one: sums of the others are kept."""
        changed_names = {name for name, tau in tau_s.items() if self._tau_s.get(name) != tau}
        self._lag_signals = {
            name: _resistance_signal(self._lag(tau)) if name in changed_names else self._lag_signals[name]
            for name, tau in tau_s.items()
        }
        self._sums_by_pair = {pair: sums for pair, sums in self._sums_by_pair.items() if not changed_names & set(pair)}
        self._tau_s = tau_s

    def _lag(self, tau_s: float) -> Array:
        return np.concatenate([lag(current_A, tau_s, self._period_s)[skip:] for current_A, skip in self._stretches])

    def _sums(self, a: str, first: _Signal, b: str, second: _Signal) -> Array:
        """Sums (knots, knots) over the rows of the product of both signals and both hat functions.

        Symmetric in both signals, which are called `a` and `b`; computed once per time constant.
        """
        key = (min(a, b), max(a, b))
        if key in self._sums_by_pair:
            return self._sums_by_pair[key]
        signal_product = first.values * second.values
        low, mixed, high = (np.bincount(self._knot, product * signal_product, _KNOTS) for product in self._products)
        sums = np.diag(low + np.roll(high, 1)) + np.diag(mixed[:-1], 1) + np.diag(mixed[:-1], -1)
        self._sums_by_pair[key] = sums
        return sums


def _ocv_signal(rows: int) -> _Signal:
    """OCV, as its lowest value and its rises from knot to knot; smooth where there are few rows."""
    rises = np.tril(np.ones((_KNOTS, _KNOTS)))
    bend = np.diff(np.eye(_KNOTS), 2, axis=0) @ rises
    return _Signal(np.ones(rows), rises, np.sqrt(_SMOOTHING * rows / _KNOTS) * bend)


def _resistance_signal(current_A: Array) -> _Signal:
    """A resistance, as its values at every `_KNOT_STRIDE`-th knot; level where there are no rows."""
    count = (_KNOTS - 1) // _KNOT_STRIDE + 1
    hats = np.stack(
        [np.interp(np.arange(_KNOTS), _KNOT_STRIDE * np.arange(count), tent) for tent in np.eye(count)], axis=1
    )
    steps = np.diff(np.eye(count), axis=0)
    return _Signal(current_A, hats, np.sqrt(_LEVELING * float(current_A @ current_A) / count) * steps)


def _constant_signal(values: Array, may_be_negative: bool) -> _Signal:
    """A signal with one unknown, the same at every SOC."""
    return _Signal(values, np.ones((_KNOTS, 1)), np.zeros((1, 1)), may_be_negative)


def _scored_rows(files: Sequence[File], name: str) -> Array:
    parts = [file.column(name)[segment.scored_from : segment.stop] for file in files for segment in file.segments]
    return np.concatenate(parts) if parts else np.zeros(0)
