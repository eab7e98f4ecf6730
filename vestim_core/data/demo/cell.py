"""A synthetic lithium-ion cell, more complex than the equivalent circuit that models are compared with.

Voltage = OCV(SOC) + entropy + ohmic drop + charge transfer (Butler-Volmer with a first-order lag) + diffusion (a
second, slow RC) + hysteresis. Every resistance depends on temperature (Arrhenius) and SOC, and the cell heats itself.
Parameters are invented, in the range of a 21700 cell with an NMC cathode; the form of the terms follows G. Plett,
Battery Management Systems, vol. 1, chapter 2. Charge current is positive. The time step is one second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

# All cell parameters below are invented, in the range of a 21700 cell with an NMC cathode; units are in the names.
CAPACITY_AH = 4.5
FULL_V, EMPTY_V = 4.2, 2.8
_ZERO_DEGC_K = 273.15  # 0 degC in kelvin
_GAS_OVER_FARADAY = 8.314462618 / 96485.33212  # V/K, gas constant over Faraday constant (CODATA)
_OCV_POINTS = (
    (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 1.0),
    (2.80, 3.03, 3.22, 3.38, 3.46, 3.52, 3.60, 3.65, 3.71, 3.80, 3.91, 4.00, 4.08, 4.14, 4.20),
)
_OCV_INTERVALS = 2000  # intervals of the OCV table over SOC 0..1, arbitrary: fine enough for linear interpolation
_OCV_TABLE: list[float] = PchipInterpolator(*_OCV_POINTS)(np.linspace(0.0, 1.0, _OCV_INTERVALS + 1)).tolist()

_OHMIC_OHM = 0.017  # at 25 degC and high SOC
_OHMIC_ACTIVATION_K = 1500.0  # activation energy over gas constant, as the others below
_EXCHANGE_A = 3.2  # exchange current of the charge transfer at 25 degC
_EXCHANGE_ACTIVATION_K = 4200.0  # charge transfer slows down most in the cold
_TRANSFER_LAG_S = 6.0  # time constant of the fast RC at 25 degC
_DIFFUSION_OHM = 0.014  # resistance of the slow RC at 25 degC
_DIFFUSION_ACTIVATION_K = 2600.0  # of the slow RC
_DIFFUSION_LAG_S = 240.0  # time constant of the slow RC at 25 degC
_HYSTERESIS_V = 0.012  # limit of the hysteresis voltage in either direction
_HYSTERESIS_RATE = 25.0  # per full capacity moved: the limit is approached within about 4 % of it
_ENTROPY_V_PER_K = -1.2e-4  # change of the OCV with temperature
_HEAT_CAPACITY_J_PER_K = 66.0  # of the entire cell
_COOLING_W_PER_K = 0.11  # heat loss to the ambient

Drive = Callable[[int, float, float, float], float | None]
"""Maps (second, previous voltage in V, voltage without ohmic drop in V, ohmic resistance in ohm) to the current in A,
charge positive, or None to end the simulation."""


@dataclass(frozen=True)
class Trace:
    """True values before any sensor, one row per second."""

    voltage_V: np.ndarray
    current_A: np.ndarray
    temperature_degC: np.ndarray
    soc: np.ndarray


def simulate(drive: Drive, ambient_degC: float, soc: float) -> Trace:
    """Run the cell, rested at `ambient_degC` and `soc`, under `drive` until that returns None."""
    rows: list[tuple[float, float, float, float]] = []
    temperature, transfer, diffusion, hysteresis = ambient_degC, 0.0, 0.0, 0.0
    voltage = ocv(soc)
    while True:
        inverse_K = 1.0 / (temperature + _ZERO_DEGC_K) - 1.0 / (25.0 + _ZERO_DEGC_K)
        near_empty = math.exp(-soc / 0.07)
        entropy = _ENTROPY_V_PER_K * (temperature - 25.0)
        inner_V = ocv(soc) + entropy + transfer + diffusion + hysteresis
        resistance_ohm = _OHMIC_OHM * math.exp(_OHMIC_ACTIVATION_K * inverse_K) * (1.0 + 0.5 * near_empty)
        current = drive(len(rows), voltage, inner_V, resistance_ohm)
        if current is None:
            return Trace(*np.array(rows).T)
        voltage = inner_V + resistance_ohm * current
        rows.append((voltage, current, temperature, soc))

        exchange_A = (
            _EXCHANGE_A * math.exp(-_EXCHANGE_ACTIVATION_K * inverse_K) * math.sqrt(max(4 * soc * (1 - soc), 0.05))
        )
        settled_transfer = 2 * _GAS_OVER_FARADAY * (temperature + _ZERO_DEGC_K) * math.asinh(current / (2 * exchange_A))
        settled_diffusion = (
            _DIFFUSION_OHM * math.exp(_DIFFUSION_ACTIVATION_K * inverse_K) * (1.0 + 2.0 * near_empty) * current
        )
        transfer += (settled_transfer - transfer) * -math.expm1(-1.0 / (_TRANSFER_LAG_S * math.exp(1500.0 * inverse_K)))
        diffusion += (settled_diffusion - diffusion) * -math.expm1(
            -1.0 / (_DIFFUSION_LAG_S * math.exp(1200.0 * inverse_K))
        )
        charge_share = abs(current) / (3600.0 * CAPACITY_AH)
        hysteresis += (math.copysign(_HYSTERESIS_V, current) - hysteresis) * -math.expm1(
            -_HYSTERESIS_RATE * charge_share
        )
        net_heat_W = current * (voltage - ocv(soc) - entropy) - _COOLING_W_PER_K * (temperature - ambient_degC)
        temperature += net_heat_W / _HEAT_CAPACITY_J_PER_K
        soc = min(max(soc + current / (3600.0 * CAPACITY_AH), 0.0), 1.0)


def ocv(soc: float) -> float:
    """Open-circuit voltage in V at 25 degC, for `soc` in 0..1."""
    table_position = soc * _OCV_INTERVALS
    index = min(int(table_position), _OCV_INTERVALS - 1)
    return _OCV_TABLE[index] + (table_position - index) * (_OCV_TABLE[index + 1] - _OCV_TABLE[index])
