"""Load profiles of the synthetic cell: several kinds of drive in a small car, and CC-CV charges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np

from vestim_core.data.demo.cell import CAPACITY_AH, EMPTY_V, FULL_V, Drive

# All parameters of the car are invented, in the range of a small electric car.
_MASS_KG = 1700.0
_DRAG = 0.36  # half of air density times drag area, kg/m
_ROLLING_N = 170.0
_GRAVITY_MPS2 = 9.81  # standard gravity
_CELL_COUNT = 1300  # cells that share the power, about 21 kWh
_AUXILIARY_W = 0.15  # per cell, constant
_MAX_DISCHARGE_A = 3.0 * CAPACITY_AH  # 3C
_MAX_CHARGE_A = 1.5 * CAPACITY_AH  # 1.5C
_RECUPERATION_EFFICIENCY = 0.65  # share of braking power that reaches the cells
_REST_S = 240  # before and after each test, arbitrary
_PATTERN_DURATION_S = 600  # driven with one pattern before the next one follows


@dataclass(frozen=True)
class Pattern:
    """A kind of drive; each pair is the range that a value is drawn from.

    speed_mps, acceleration_mps2, cruise_s, stop_s: one leg: accelerate or brake, cruise, possibly stop. stop_share:
    share of legs that end in a stop. slope: gradient of the road, drawn for each leg.
    """

    speed_mps: tuple[float, float]
    acceleration_mps2: tuple[float, float]
    cruise_s: tuple[int, int]
    stop_s: tuple[int, int]
    stop_share: float
    slope: tuple[float, float] = (0.0, 0.0)


URBAN = Pattern((6.0, 15.0), (0.8, 2.2), (8, 50), (5, 40), 0.8)
HIGHWAY = Pattern((22.0, 36.0), (0.3, 1.2), (60, 300), (20, 90), 0.06, (-0.01, 0.01))
SPORT = Pattern((10.0, 36.0), (1.5, 3.2), (5, 60), (3, 20), 0.4)
SUBURBAN = Pattern((10.0, 24.0), (0.6, 1.8), (20, 120), (5, 30), 0.45, (-0.01, 0.01))
MOUNTAIN = Pattern((10.0, 22.0), (0.6, 2.0), (30, 150), (5, 30), 0.25, (-0.05, 0.06))


def drive(patterns: Sequence[Pattern], random: np.random.Generator, seconds: int) -> Drive:
    """Build a profile of a rest, `seconds` of driving (less if the cell is empty) alternating between patterns, and a
    rest."""
    sequence = islice(cycle(patterns), -(-seconds // _PATTERN_DURATION_S))
    power_W = np.concatenate([cell_power(pattern, random, _PATTERN_DURATION_S) for pattern in sequence])[:seconds]
    end = _REST_S + seconds

    def current_A(second: int, voltage_V: float, inner_V: float, ohmic_ohm: float) -> float | None:
        nonlocal end
        if _REST_S <= second < end and voltage_V < EMPTY_V + 0.1:
            end = second
        if _REST_S <= second < end:
            requested_A = float(power_W[second - _REST_S]) / voltage_V
            max_charge_A = min(_MAX_CHARGE_A, max((FULL_V - inner_V) / ohmic_ohm, 0.0))
            return min(max(requested_A, -_MAX_DISCHARGE_A), max_charge_A)
        return 0.0 if second < end + _REST_S else None

    return current_A


def charge(rate_C: float, end_C: float = 0.05) -> Drive:
    """Build a profile of a rest, constant current up to the full voltage, that voltage down to `end_C`, and a rest."""
    full_second: int | None = None

    def current_A(second: int, _voltage_V: float, inner_V: float, ohmic_ohm: float) -> float | None:
        nonlocal full_second
        if second < _REST_S:
            return 0.0
        if full_second is None:
            current = min(rate_C * CAPACITY_AH, (FULL_V - inner_V) / ohmic_ohm)
            if current > end_C * CAPACITY_AH:
                return current
            full_second = second
        return 0.0 if second < full_second + _REST_S else None

    return current_A


def cell_power(pattern: Pattern, random: np.random.Generator, seconds: int) -> np.ndarray:
    """Power of one cell in W, charge positive, (seconds,): a car with `_CELL_COUNT` cells driven according to
    `pattern`."""
    speed, slope = _speed_and_slope(pattern, random, seconds + 1)
    acceleration = np.diff(speed)
    speed, slope = speed[:-1], slope[:-1]
    force_N = _MASS_KG * (acceleration + _GRAVITY_MPS2 * slope) + _DRAG * speed**2 + _ROLLING_N * (speed > 0)
    wheels_W = force_N * speed / _CELL_COUNT
    return np.asarray(-np.where(wheels_W > 0, wheels_W / 0.9, wheels_W * _RECUPERATION_EFFICIENCY) - _AUXILIARY_W)


def _speed_and_slope(pattern: Pattern, random: np.random.Generator, seconds: int) -> tuple[np.ndarray, np.ndarray]:
    speeds, slopes = [0.0], [0.0]

    def go_to(target: float, slope: float) -> None:
        step = random.uniform(*pattern.acceleration_mps2)
        count = max(1, round(abs(target - speeds[-1]) / step))
        ramp = np.linspace(speeds[-1], target, count + 1)[1:]
        speeds.extend(ramp.tolist())
        slopes.extend([slope] * count)

    while len(speeds) < seconds:
        slope = random.uniform(*pattern.slope)
        target = random.uniform(*pattern.speed_mps)
        go_to(target, slope)
        cruise = int(random.integers(*pattern.cruise_s))
        fluctuation = np.convolve(random.normal(0.0, 0.4, cruise + 10), np.full(11, 1 / 11), "valid")
        speeds.extend(np.maximum(target + fluctuation, 0.5).tolist())
        slopes.extend([slope] * cruise)
        if random.random() < pattern.stop_share:
            go_to(0.0, slope)
            stop = int(random.integers(*pattern.stop_s))
            speeds.extend([0.0] * stop)
            slopes.extend([0.0] * stop)
    return np.array(speeds[:seconds]), np.array(slopes[:seconds])
