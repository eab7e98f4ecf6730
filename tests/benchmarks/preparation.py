"""Preparation: resampling, filters and formulas, their memory, and the shared real set from files to arrays.

Times are medians of this process's CPU time; memory is the peak size of all arrays together.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from tests.benchmarks.file_reading import synthetic_table
from tests.benchmarks.measurement import Measurement
from vestim_core.data.data_files import find_files
from vestim_core.data.pipeline import Pipeline, resample_table, run_steps
from vestim_core.data.prepare_data import prepare
from vestim_core.data.steps.resample import resample
from vestim_core.spec.data import DataSpec
from vestim_core.spec.preparation import (
    Butterworth,
    Ema,
    Formula,
    MovingAverage,
    Normalize,
    Resample,
    SavitzkyGolay,
    Step,
    default_preparation,
)
from vestim_core.spec.signals import SignalsSpec

ROUNDS = 5  # repetitions per median; arbitrary odd number
MANY_ROWS = 5_000_000  # about a week at 10 Hz
ROWS = 1_000_000  # about twelve days at 1 Hz
TEN_STEPS: list[Step] = [
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
# absent in a checkout without the shared folder
_REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "tesla_m80"


def run() -> list[Measurement]:
    """All measurements of preparation."""
    return [*_measure_resampling(), _measure_ten_steps(), *_measure_memory(), *_measure_real_set()]


def _cpu_s(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    runs_s = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        runs_s.append(time.process_time() - start)
    return median(runs_s)


def _limited_cpu(name: str, limit_s: float, cpu_s: float) -> Measurement:
    return Measurement(name, f"<= {limit_s:g} s CPU", f"{cpu_s:.3f} s", cpu_s <= limit_s)


def _measure_resampling() -> list[Measurement]:
    """Four columns at about ten rows per second."""
    random = np.random.default_rng(0)
    time_s = np.cumsum(random.uniform(0.05, 0.15, MANY_ROWS))
    columns = {name: random.normal(size=MANY_ROWS) for name in ("voltage_V", "current_A", "temperature_degC", "soc")}
    mean, linear = Resample(period_s=1.0), Resample(period_s=1.0, method="linear")
    return [
        _limited_cpu(f"resampling {MANY_ROWS:,} rows to 1 s", 0.3, _cpu_s(lambda: resample(time_s, columns, mean))),
        _limited_cpu("the same by linear interpolation", 0.3, _cpu_s(lambda: resample(time_s, columns, linear))),
    ]


def _measure_ten_steps() -> Measurement:
    table = synthetic_table(ROWS)
    steps = [Resample(), *TEN_STEPS, Normalize()]
    rows = resample_table(steps, table)
    cpu_s = _cpu_s(lambda: run_steps(steps, rows, table, is_training=True))
    return _limited_cpu(f"ten filters and formulas on {ROWS:,} rows", 1.0, cpu_s)


def _measure_memory() -> list[Measurement]:
    """Peak size of all arrays without the table, for two file lengths."""
    steps = [Resample(), *TEN_STEPS, Normalize()]
    pipeline = Pipeline.fit(steps, SignalsSpec(), [synthetic_table(2000)])
    ratios = {}
    for rows in (ROWS // 4, ROWS):
        table = synthetic_table(rows)
        tracemalloc.start()
        arrays = pipeline.apply(table)
        ratios[rows] = tracemalloc.get_traced_memory()[1] / arrays.physical.nbytes
        tracemalloc.stop()
    growth = ratios[ROWS] / ratios[ROWS // 4]
    return [
        Measurement("memory of that over the float64 columns made", "<= 3", f"{ratios[ROWS]:.2f}", ratios[ROWS] <= 3),
        Measurement("its growth with four times the rows", "<= 1.1", f"{growth:.2f}", growth <= 1.1),
    ]


def _measure_real_set() -> list[Measurement]:
    """Read, check, resample, normalize and write."""
    if not _REAL.is_dir():
        return []
    files = [str(file) for file in find_files([str(_REAL)]) if file.suffix == ".mat"]
    validation = [file for file in files if Path(file).name.startswith("18_")]
    data = DataSpec(train=[file for file in files if file not in validation], validation=validation)
    steps = default_preparation()

    def prepare_all() -> None:
        with tempfile.TemporaryDirectory() as cache:
            prepare(data, SignalsSpec(), steps, Path(cache), lambda *_: None, lambda _: None, lambda: False)

    return [_limited_cpu(f"the real set, {len(files)} MAT files, to arrays", 4.0, _cpu_s(prepare_all, rounds=3))]
