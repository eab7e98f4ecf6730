"""What preparation costs: resampling, filters and formulas, their memory, and the shared real set from file to arrays.

CPU time of this process, medians; memory as the greatest size of all arrays at once.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from tests.benchmarks.figure import Figure
from tests.benchmarks.reading import made_table
from vestim_core.data.files import find_files
from vestim_core.data.pipeline import Pipeline, resample_table, run_steps
from vestim_core.data.prepare import prepare
from vestim_core.data.steps.resample import resample
from vestim_core.spec.data import DataSpec
from vestim_core.spec.preparation import (
    Butterworth,
    Ema,
    Formula,
    MovingAverage,
    Normalise,
    Resample,
    SavitzkyGolay,
    Step,
    default_preparation,
)
from vestim_core.spec.signals import SignalsSpec

ROUNDS = 5
MANY_ROWS = 5_000_000
ROWS = 1_000_000
TEN: list[Step] = [
    Butterworth(column="current_A", output="i_low", cutoff_Hz=0.01, order=4),
    Butterworth(column="voltage_V", output="u_low", cutoff_Hz=0.1, order=2),
    Ema(column="current_A", output="i_30s", tau_s=30),
    Ema(column="current_A", output="i_600s", tau_s=600),
    MovingAverage(column="current_A", output="i_mean", window_s=60),
    SavitzkyGolay(column="voltage_V", output="u_smooth", window_s=101, polynomial=2),
    Formula(output="power", formula="current_A * voltage_V"),
    Formula(output="mix", formula="moving_average(current_A, 30) * 2 - np.sqrt(np.abs(power))"),
    Formula(output="peak", formula="rolling_max(abs(current_A), 600) - lag(i_30s, 10)"),
    Formula(output="hot", formula="where(temperature_degC > 25, ema(power, 100), 0) + noise(0, 0.01)"),
]
_REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "tesla_m80"


def run() -> list[Figure]:
    """All figures of preparation."""
    return [*_resampling(), _ten_steps(), *_memory(), *_real_set()]


def _cpu_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    runs = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        runs.append(time.process_time() - start)
    return median(runs)


def _limited(name: str, limit_s: float, took_s: float) -> Figure:
    return Figure(name, f"<= {limit_s:g} s CPU", f"{took_s:.3f} s", took_s <= limit_s)


def _resampling() -> list[Figure]:
    """Four columns of rows that come about ten a second."""
    random = np.random.default_rng(0)
    time_s = np.cumsum(random.uniform(0.05, 0.15, MANY_ROWS))
    columns = {name: random.normal(size=MANY_ROWS) for name in ("voltage_V", "current_A", "temperature_degC", "soc")}
    mean, linear = Resample(period_s=1.0), Resample(period_s=1.0, method="linear")
    return [
        _limited(f"resampling {MANY_ROWS:,} rows to 1 s", 0.3, _cpu_s(lambda: resample(time_s, columns, mean))),
        _limited("the same by linear interpolation", 0.3, _cpu_s(lambda: resample(time_s, columns, linear))),
    ]


def _ten_steps() -> Figure:
    table = made_table(ROWS)
    steps = [Resample(), *TEN, Normalise()]
    rows = resample_table(steps, table)
    took_s = _cpu_s(lambda: run_steps(steps, rows, table, training=True))
    return _limited(f"ten filters and formulas on {ROWS:,} rows", 1.0, took_s)


def _memory() -> list[Figure]:
    """Greatest size of all arrays at once, that of the table apart, for two lengths of a file."""
    steps = [Resample(), *TEN, Normalise()]
    pipeline = Pipeline.fit(steps, SignalsSpec(), [made_table(2000)])
    shares = {}
    for rows in (ROWS // 4, ROWS):
        table = made_table(rows)
        tracemalloc.start()
        arrays = pipeline.apply(table)
        shares[rows] = tracemalloc.get_traced_memory()[1] / arrays.physical.nbytes
        tracemalloc.stop()
    grown = shares[ROWS] / shares[ROWS // 4]
    return [
        Figure("memory of that over the float64 columns made", "<= 3", f"{shares[ROWS]:.2f}", shares[ROWS] <= 3),
        Figure("its growth with four times the rows", "<= 1.1", f"{grown:.2f}", grown <= 1.1),
    ]


def _real_set() -> list[Figure]:
    """Reading, checking, resampling, normalising and writing."""
    if not _REAL.is_dir():
        return []
    files = [str(file) for file in find_files([str(_REAL)]) if file.suffix == ".mat"]
    validation = [file for file in files if Path(file).name.startswith("18_")]
    data = DataSpec(train=[file for file in files if file not in validation], validation=validation)
    steps = default_preparation()

    def whole() -> None:
        with tempfile.TemporaryDirectory() as cache:
            prepare(data, SignalsSpec(), steps, Path(cache), lambda *_: None, lambda _: None, lambda: False)

    return [_limited(f"the real set, {len(files)} MAT files, to arrays", 4.0, _cpu_s(whole, rounds=3))]
