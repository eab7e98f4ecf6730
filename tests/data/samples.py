"""Small files and tables for the tests of the data package."""

from pathlib import Path

import numpy as np

from vestim_core.data.table import Table
from vestim_core.spec.preparation import Normalize, PreRoll, Resample, Step

HEADER = "Time (s),Voltage (V),Current (A),Temperature (C),SOC"
STEPS: list[Step] = [Resample(), PreRoll(duration_s=5), Normalize()]


def rows(count: int = 50, seed: int = 0) -> list[list[float]]:
    """time, voltage, current, temperature and SOC of `count` rows, one per second."""
    random = np.random.default_rng(seed)
    return [
        [float(k), *np.round([random.uniform(3, 4), random.normal(), random.uniform(20, 30), random.random()], 4)]
        for k in range(count)
    ]


def csv_text(lines: list[list[float]] | None = None, header: str = HEADER, separator: str = ",") -> str:
    """The rows as a text table."""
    body = [separator.join(str(value) for value in line) for line in lines or rows()]
    return "\n".join([header, *body]) + "\n"


def write_csv(path: Path, count: int = 50, seed: int = 0) -> Path:
    """Write a valid file of `count` rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(csv_text(rows(count, seed)), encoding="utf-8")
    return path


def table(count: int = 50, seed: int = 0, **columns: np.ndarray) -> Table:
    """A table as a reader returns it; `columns` replace those of `rows`."""
    names = ("time_s", "voltage_V", "current_A", "temperature_degC", "soc")
    values = dict(zip(names, np.array(rows(count, seed)).T.copy(), strict=True))
    return Table(Path(f"cell_{seed}.csv"), f"cell_{seed}.csv", f"{seed:064d}", values | columns)


def drive_csv(flipped: bool = False, hotter_K: float = 0.0, first_off_K: float = 0.0) -> bytes:
    """400 seconds of a drive in which voltage and SOC follow the current, as CSV."""
    random = np.random.default_rng([5, int(hotter_K)])
    current_A = np.repeat(random.normal(0, 2, 80), 5)
    soc = 0.5 + np.concatenate(([0.0], np.cumsum(current_A[:-1]))) / 3600 / 4
    voltage_V = 3.2 + soc + 0.03 * current_A + random.normal(0, 1e-4, 400)
    temperature_degC = np.linspace(20, 28, 400) + random.normal(0, 0.05, 400) + hotter_K
    temperature_degC[0] += first_off_K
    columns = (np.arange(400.0), voltage_V, -current_A if flipped else current_A, temperature_degC, soc)
    lines = [",".join(f"{value:.5f}" for value in row) for row in zip(*columns, strict=True)]
    return "\n".join([HEADER, *lines, ""]).encode()
