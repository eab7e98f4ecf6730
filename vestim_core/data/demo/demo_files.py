"""The demo's files: the tests that the synthetic cell undergoes, as its sensors record them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vestim_core.data.demo.cell import Drive, simulate
from vestim_core.data.demo.patterns import HIGHWAY, MOUNTAIN, SPORT, SUBURBAN, URBAN, Pattern, charge, drive
from vestim_core.spec.data import Role

_HEADER = "Test Time (s),Voltage (V),Current (A),Cell Temperature (C),Ambient Temperature (C),SOC"
_SEED = 20240607  # arbitrary, but fixed: another seed gives other demo files


@dataclass(frozen=True)
class DemoFile:
    """One test at `ambient_degC`: a drive of at most `seconds` alternating between `patterns`; a charge if there are
    none."""

    name: str
    role: Role
    patterns: tuple[Pattern, ...]
    ambient_degC: float
    seconds: int = 7200


FILES = (
    DemoFile("01_sport_5degC.csv", "train", (SPORT,), 5.0),
    DemoFile("02_urban_highway_15degC.csv", "train", (URBAN, HIGHWAY), 15.0),
    DemoFile("03_urban_sport_25degC.csv", "train", (URBAN, SPORT), 25.0, 9000),
    DemoFile("04_charge_35degC.csv", "train", (), 35.0),
    DemoFile("05_highway_sport_40degC.csv", "train", (HIGHWAY, SPORT), 40.0),
    DemoFile("06_suburban_20degC.csv", "validation", (SUBURBAN,), 20.0, 9000),
    DemoFile("07_mountain_32degC.csv", "test", (MOUNTAIN,), 32.0, 9000),
)
DEFECTIVE = "defective_urban_25degC.csv"
_DEFECTIVE_FILE = DemoFile(DEFECTIVE, "train", (URBAN,), 25.0, 2800)
_LOST_VOLTAGES = slice(1200, 1240)


def csv_bytes(file: DemoFile) -> bytes:
    """The file as a cycler would write it, one row per second."""
    return _csv(_measured_columns(file))


def defective_csv_bytes() -> bytes:
    """A file with two defects that the checks should find: current of the wrong sign, and rows without a voltage."""
    columns = _measured_columns(_DEFECTIVE_FILE)
    columns[2] = -columns[2]
    return _csv(columns, _LOST_VOLTAGES)


def _measured_columns(file: DemoFile) -> list[np.ndarray]:
    """time_s, voltage, current, temperature, ambient and SOC with each sensor's offset, noise and resolution.

    SOC is counted from the true current.
    """
    random = np.random.default_rng([_SEED, *file.name.encode()])
    current_drive: Drive = drive(file.patterns, random, file.seconds) if file.patterns else charge(0.6)
    trace = simulate(current_drive, file.ambient_degC, soc=1.0 if file.patterns else 0.06)
    rows = len(trace.soc)

    def measure(true_values: np.ndarray, offset: float, noise: float, resolution: float) -> np.ndarray:
        measured_values = true_values + random.normal(0.0, offset) + random.normal(0.0, noise, rows)
        return np.asarray(np.round(measured_values / resolution) * resolution)

    return [
        np.arange(rows, dtype=np.float64),
        measure(trace.voltage_V, 5e-4, 8e-4, 1e-4),
        measure(trace.current_A, 5e-3, 5e-3, 1e-3),
        measure(trace.temperature_degC, 0.2, 0.05, 0.01),
        np.full(rows, file.ambient_degC),
        trace.soc,
    ]


def _csv(columns: list[np.ndarray], lost_voltages: slice = slice(0)) -> bytes:
    values = zip(*(column.tolist() for column in columns), strict=True)
    rows = [f"{t:.1f},{u:.4f},{i:.3f},{cell:.2f},{ambient:.1f},{soc:.5f}" for t, u, i, cell, ambient, soc in values]
    for index in range(*lost_voltages.indices(len(rows))):
        time, _, rest = rows[index].split(",", 2)
        rows[index] = f"{time},,{rest}"
    return "\n".join([_HEADER, *rows, ""]).encode()
