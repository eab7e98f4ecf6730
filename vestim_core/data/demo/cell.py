"""A synthetic lithium-ion cell, richer than the equivalent circuit that models are compared with.

Voltage = OCV(SOC) + entropy + ohmic drop + charge transfer (Butler-Volmer, a first order lag) + diffusion (a second,
slow RC) + hysteresis; every resistance depends on temperature (Arrhenius) and SOC, and the cell heats itself. Numbers
are made up in the range of a 21700 cell with an NMC cathode; form of the parts after G. Plett, Battery Management
Systems, vol. 1, chapter 2. Charge current is positive. Steps are of one second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

CAPACITY_AH = 4.5
FULL_V, EMPTY_V = 4.2, 2.8
_KELVIN = 273.15
_GAS_OVER_FARADAY = 8.314462618 / 96485.33212
_OCV_POINTS = (
    (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 1.0),
    (2.80, 3.03, 3.22, 3.38, 3.46, 3.52, 3.60, 3.65, 3.71, 3.80, 3.91, 4.00, 4.08, 4.14, 4.20),
)
_TABLE = 2000
_OCV_TABLE: list[float] = PchipInterpolator(*_OCV_POINTS)(np.linspace(0.0, 1.0, _TABLE + 1)).tolist()

_OHMIC_OHM = 0.017
_OHMIC_ACTIVATION_K = 1500.0
_EXCHANGE_A = 3.2
_EXCHANGE_ACTIVATION_K = 4200.0
_TRANSFER_LAG_S = 6.0
_DIFFUSION_OHM = 0.014
_DIFFUSION_ACTIVATION_K = 2600.0
_DIFFUSION_LAG_S = 240.0
_HYSTERESIS_V = 0.012
_HYSTERESIS_RATE = 25.0
_ENTROPY_V_PER_K = -1.2e-4
_HEAT_CAPACITY_J_PER_K = 66.0
_COOLING_W_PER_K = 0.11

Drive = Callable[[int, float, float, float], float | None]
"""Second, voltage at the last second in V, voltage without ohmic drop in V, ohmic resistance -> current in A (charge
positive); None ends it."""


@dataclass(frozen=True)
class Trace:
    """One second a row: true values, before any sensor."""

    voltage_V: np.ndarray
    current_A: np.ndarray
    temperature_degC: np.ndarray
    soc: np.ndarray


def simulate(drive: Drive, ambient_degC: float, soc: float) -> Trace:
    """The rested cell at `ambient_degC` and `soc` under `drive`, until that ends."""
    rows: list[tuple[float, float, float, float]] = []
    temperature, transfer, diffusion, hysteresis = ambient_degC, 0.0, 0.0, 0.0
    voltage = ocv(soc)
    while True:
        cold = 1.0 / (temperature + _KELVIN) - 1.0 / (25.0 + _KELVIN)
        near_empty = math.exp(-soc / 0.07)
        entropy = _ENTROPY_V_PER_K * (temperature - 25.0)
        inner = ocv(soc) + entropy + transfer + diffusion + hysteresis
        ohmic = _OHMIC_OHM * math.exp(_OHMIC_ACTIVATION_K * cold) * (1.0 + 0.5 * near_empty)
        current = drive(len(rows), voltage, inner, ohmic)
        if current is None:
            return Trace(*np.array(rows).T)
        voltage = inner + ohmic * current
        rows.append((voltage, current, temperature, soc))

        exchange = _EXCHANGE_A * math.exp(-_EXCHANGE_ACTIVATION_K * cold) * math.sqrt(max(4 * soc * (1 - soc), 0.05))
        settled = 2 * _GAS_OVER_FARADAY * (temperature + _KELVIN) * math.asinh(current / (2 * exchange))
        slow = _DIFFUSION_OHM * math.exp(_DIFFUSION_ACTIVATION_K * cold) * (1.0 + 2.0 * near_empty) * current
        transfer += (settled - transfer) * -math.expm1(-1.0 / (_TRANSFER_LAG_S * math.exp(1500.0 * cold)))
        diffusion += (slow - diffusion) * -math.expm1(-1.0 / (_DIFFUSION_LAG_S * math.exp(1200.0 * cold)))
        moved = abs(current) / (3600.0 * CAPACITY_AH)
        hysteresis += (math.copysign(_HYSTERESIS_V, current) - hysteresis) * -math.expm1(-_HYSTERESIS_RATE * moved)
        heat = current * (voltage - ocv(soc) - entropy) - _COOLING_W_PER_K * (temperature - ambient_degC)
        temperature += heat / _HEAT_CAPACITY_J_PER_K
        soc = min(max(soc + current / (3600.0 * CAPACITY_AH), 0.0), 1.0)


def ocv(soc: float) -> float:
    """Open-circuit voltage in V at 25 degC, `soc` in 0..1."""
    place = soc * _TABLE
    below = min(int(place), _TABLE - 1)
    return _OCV_TABLE[below] + (place - below) * (_OCV_TABLE[below + 1] - _OCV_TABLE[below])
