"""The equivalent circuit V = OCV(soc) + R0 I + R1 x, x a first-order lag of the current: what networks have to beat.

The voltage of a row depends on that row and on rows before it, never on later ones. Charge current is positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear, minimize_scalar
from scipy.signal import lfilter

from vestim_core.spec.errors import wrong_input

Array = NDArray[np.float64]

COLUMNS = ("soc", "current_A", "voltage_V")
_KNOTS = 40
_TAU_S = (5.0, 120.0)
_SMOOTHING = 1e-3  # weight of the OCV's second difference against the rows: decides only where there are no rows
_STEP_SHARE = 0.02  # of a file's largest current: what counts as a step of the current
_STEPS_PER_HOUR = 10.0


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
    """A fitted one-RC circuit. OCV is linear between `ocv_V` at `soc` and constant outside."""

    soc: tuple[float, ...]
    ocv_V: tuple[float, ...]
    R0_ohm: float
    R1_ohm: float
    tau_s: float

    def simulate(self, soc: Array, current_A: Array, period_s: float) -> Array:
        """Voltage (n,) in V of one stretch without gaps, (n,) each, that starts relaxed; one row every `period_s`."""
        lag_A = _lag(np.asarray(current_A, np.float64), self.tau_s, period_s)
        ocv_V = np.interp(soc, self.soc, self.ocv_V)
        return np.asarray(ocv_V + self.R0_ohm * current_A + self.R1_ohm * lag_A)

    def predict(self, file: File, period_s: float) -> Array:
        """Voltage (n,) in V of every row of a prepared file, each segment simulated on its own."""
        require_columns(file, COLUMNS[:2])
        soc, current_A = file.column("soc"), file.column("current_A")
        voltage_V = np.full(len(soc), np.nan)
        for segment in file.segments:
            rows = slice(segment.start, segment.stop)
            voltage_V[rows] = self.simulate(soc[rows], current_A[rows], period_s)
        return voltage_V

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` of it simulates the same voltages."""
        return {"schema_version": 1, "kind": "circuit", **asdict(self)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """The circuit that `to_json` was called on."""
        values: dict[str, Any] = {key: document[key] for key in cls.__dataclass_fields__}
        return cls(**values | {key: tuple(values[key]) for key in ("soc", "ocv_V")})


def fit_circuit(files: Sequence[File], period_s: float) -> Circuit:
    """The circuit with the smallest squared voltage error on the scored rows of `files`.

    For a given tau the voltage is linear in OCV table, R0 and R1, solved by least squares with an OCV that rises with
    SOC and resistances that are not negative; tau is found by a bounded search. Only drives are used where there are
    any (see `is_drive`): charges at constant current pull OCV away from the one that drives see (hysteresis).
    """
    for file in files:
        require_columns(file, COLUMNS)
    drives = [file for file in files if is_drive(file, period_s)] or list(files)
    problem = _Problem(drives, period_s)
    best = minimize_scalar(
        lambda log_tau: problem.solve(float(np.exp(log_tau)))[1], bounds=tuple(np.log(_TAU_S)), method="bounded"
    )
    tau_s = float(np.exp(best.x))
    solution, _ = problem.solve(tau_s)
    return Circuit(
        soc=tuple(problem.knots.tolist()),
        ocv_V=tuple(np.cumsum(solution[:-2]).tolist()),
        R0_ohm=float(solution[-2]),
        R1_ohm=float(solution[-1]),
        tau_s=tau_s,
    )


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


def _lag(current_A: Array, tau_s: float, period_s: float) -> Array:
    """dx/dt = (I - x) / tau from rest, exact for the current held over each period that ends at its row."""
    decay = float(np.exp(-period_s / tau_s))
    return np.asarray(lfilter([1.0 - decay], [1.0, -decay], current_A), np.float64)


class _Problem:
    """The least squares in normal form: OCV as its lowest value and its rises from knot to knot, then R0 and R1.

    What does not depend on tau is summed once; for each tau only the lag's row and column are.
    """

    def __init__(self, files: Sequence[File], period_s: float) -> None:
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
        low, high = float(soc.min()), float(soc.max())
        self.knots = np.linspace(low, max(high, low + 1e-3), _KNOTS)
        position = (soc - low) / (self.knots[1] - self.knots[0])
        self._left = np.clip(position.astype(np.int64), 0, _KNOTS - 2)
        self._share = position - self._left
        self._hats = self._products_of_hats()

    def solve(self, tau_s: float) -> tuple[Array, float]:
        """The best (rises..., R0, R1) at `tau_s`, and its sum of squared errors in V^2."""
        lags = [_lag(current_A, tau_s, self.period_s)[skip:] for current_A, skip in self._stretches]
        linear = np.column_stack([self._current_A, np.concatenate(lags)])
        rises = np.tril(np.ones((_KNOTS, _KNOTS)))  # OCV at a knot is the sum of the rises up to it
        cross = rises.T @ np.column_stack([self._hat_sums(column) for column in linear.T])
        left = np.block([[rises.T @ self._hats @ rises, cross], [cross.T, linear.T @ linear]])
        right = np.concatenate([rises.T @ self._hat_sums(self._voltage_V), linear.T @ self._voltage_V])
        # Normal equations as a small triangular system, so that bounds can be put on its solution.
        factor = np.linalg.cholesky(left + 1e-9 * np.trace(left) / len(left) * np.eye(len(left)))
        lowest = np.zeros(len(left))
        lowest[0] = -np.inf
        found = lsq_linear(factor.T, np.linalg.solve(factor, right), bounds=(lowest, np.inf), method="bvls")
        x = np.asarray(found.x, np.float64)
        return x, float(x @ left @ x - 2 * right @ x + self._voltage_V @ self._voltage_V)

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
