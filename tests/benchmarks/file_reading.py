"""Reading and checking, compared with the bare libraries on the same files in the same run.

Runs alternate and the median ratio counts. Files are hashed separately (once per job), so readers get the hash here as
a job passes it. Uses real files from the shared folder next to the project, or synthetic ones.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import scipy.io

from tests.benchmarks.measurement import Measurement
from vestim_core.data.checks import CheckedFile, check_set, check_table
from vestim_core.data.readers import load_table, read_table
from vestim_core.data.table import Table

ROUNDS = 21  # repetitions per median; arbitrary odd number
MANY_ROWS = 5_000_000  # about two months at 1 Hz
SOME_ROWS = 60_000  # about 17 hours at 1 Hz
SET_FILES, SET_ROWS = 300, 30_000  # a large data set: files, and rows of each
_HEADER = "Time (s),Voltage (V),Current (A),Temperature (C),SOC"
_COLUMNS = ("voltage_V", "current_A", "temperature_degC", "soc")
# absent in a checkout without the shared folder
_REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "tesla_m80"
_HASH = "0" * 64  # length of a SHA-256 in hex


def run() -> list[Measurement]:
    """All measurements of reading."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        reading = [_measure_mat(path), *_measure_csv(path), *_measure_many_rows(path)]
        return [*reading, _measure_checks(SOME_ROWS, 0.1), _measure_checks(MANY_ROWS, 3.0), _measure_set_checks()]


def _measure_mat(folder: Path) -> Measurement:
    files = sorted(_REAL.glob("*.mat")) if _REAL.is_dir() else [_write_mat(folder / "made.mat")]

    def read_with_vestim() -> None:
        for file in files:
            load_table(file, sha256=_HASH)

    def read_with_scipy() -> None:
        for file in files:
            scipy.io.loadmat(file, simplify_cells=True)

    return _measure_ratio(
        f"reading {len(files)} MAT files over scipy.io.loadmat", 1.2, read_with_vestim, read_with_scipy
    )


def _measure_csv(folder: Path) -> list[Measurement]:
    real_file = _REAL / "18_REORDERED5.csv"
    files = {
        "33,000 rows": _write_csv(folder / "small.csv", 33_000),
        "1,000,000 rows": _write_csv(folder / "large.csv", 10**6),
    }
    if real_file.is_file():
        files["a real file"] = real_file
    measurements = []
    for description, file in files.items():

        def read_with_vestim(file: Path = file) -> None:
            read_table(file, {}, _COLUMNS, sha256=_HASH)

        def read_with_pandas(file: Path = file) -> None:
            pd.read_csv(file, engine="c")

        measurements.append(
            _measure_ratio(f"reading CSV of {description} over pandas", 1.3, read_with_vestim, read_with_pandas)
        )
    return measurements


_READER_PROGRAM = """
import sys, time
from pathlib import Path
from tests.benchmarks.memory import peak_memory_B
from vestim_core.data.readers import read_table
small, large = map(Path, sys.argv[1:])
columns = ("voltage_V", "current_A", "temperature_degC", "soc")
read_table(small, {}, columns, sha256="0")
memory_before_B = peak_memory_B()
start = time.perf_counter()
table = read_table(large, {}, columns, sha256="0")
took = time.perf_counter() - start
used = peak_memory_B() - memory_before_B
print(took, used / sum(values.nbytes for values in table.columns.values()))
"""


def _measure_many_rows(folder: Path) -> list[Measurement]:
    """Measure in a fresh process: its peak memory in /proc is its own, while getrusage starts with the parent's."""
    small, large = _write_csv(folder / "first.csv", 1000), _write_csv(folder / "many.csv", MANY_ROWS)
    command = [sys.executable, "-c", _READER_PROGRAM, str(small), str(large)]
    answers = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    duration_s, memory_ratio = median(float(a) for a, _ in answers), median(float(b) for _, b in answers)
    large.unlink()
    return [
        Measurement("reading CSV of 5,000,000 rows", "<= 2 s", f"{duration_s:.2f} s", duration_s <= 2.0),
        Measurement("memory for that over the float64 table", "<= 3", f"{memory_ratio:.2f}", memory_ratio <= 3.0),
    ]


def _measure_checks(rows: int, limit_s: float) -> Measurement:
    table = synthetic_table(rows)
    runs_s = []
    for _ in range(3):
        start = time.perf_counter()
        check_table(table)
        runs_s.append(time.perf_counter() - start)
    duration_s = median(runs_s)
    return Measurement(
        f"all checks on {rows:,} rows", f"<= {limit_s:g} s", f"{duration_s:.3f} s", duration_s <= limit_s
    )


def _measure_set_checks() -> Measurement:
    tables = [synthetic_table(SET_ROWS, index) for index in range(SET_FILES)]
    members = [
        CheckedFile(replace(table, name=f"{index}.csv", sha256=f"{index:064d}"), "train" if index % 5 else "test")
        for index, table in enumerate(tables)
    ]
    start = time.perf_counter()
    check_set(members)
    duration_s = time.perf_counter() - start
    return Measurement(
        f"checks across {SET_FILES} files of {SET_ROWS:,} rows", "<= 3 s", f"{duration_s:.2f} s", duration_s <= 3.0
    )


def synthetic_table(rows: int, seed: int = 0) -> Table:
    """A long drive with every channel that the checks use."""
    random = np.random.default_rng(seed)
    time_s = np.arange(rows, dtype=np.float64)
    current_A = np.repeat(random.normal(0, 2, -(-rows // 5)), 5)[:rows]
    charge_Ah = np.concatenate(([0.0], np.cumsum(current_A[:-1]))) / 3600
    soc = 0.5 + 0.4 * charge_Ah / max(np.ptp(charge_Ah), 1e-9)
    voltage_V = 3.3 + soc + 0.02 * current_A + random.normal(0, 1e-4, rows)
    columns = {
        "time_s": time_s,
        "voltage_V": voltage_V,
        "current_A": current_A,
        "temperature_degC": 25 + 3 * np.sin(time_s / 3000) + random.normal(0, 0.02, rows),
        "soc": soc,
        "power_W": voltage_V * current_A,
    }
    return Table(Path("made.csv"), "made.csv", _HASH, columns)


def _write_csv(path: Path, rows: int) -> Path:
    """Write rows of a drive. Long files repeat the values of a shorter one with increasing time."""
    repeated_rows = min(rows, 200_000)
    columns = synthetic_table(repeated_rows).columns
    values = zip(*(columns[name].tolist() for name in _COLUMNS), strict=True)
    lines = [f"{v:.4f},{i:.4f},{t:.3f},{s:.6f}\n" for v, i, t, s in values]
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER + "\n")
        for start in range(0, rows, repeated_rows):
            file.writelines(f"{start + k}.0,{line}" for k, line in enumerate(lines[: rows - start]))
    return path


def _write_mat(path: Path) -> Path:
    columns = synthetic_table(40_000).columns
    names = {"Time": "time_s", "Voltage": "voltage_V", "Current": "current_A", "SOC": "soc"}
    fields = {name: columns[column] for name, column in names.items()}
    scipy.io.savemat(path, {"meas": fields | {"Battery_Temp_degC": columns["temperature_degC"]}}, do_compression=True)
    return path


def _measure_ratio(name: str, limit: float, measured: Callable[[], None], reference: Callable[[], None]) -> Measurement:
    measured()
    reference()
    pairs = [(_seconds(measured), _seconds(reference)) for _ in range(ROUNDS)]
    ratio = median(a / b for a, b in pairs)
    times_text = f"{1e3 * median(a for a, _ in pairs):.1f} / {1e3 * median(b for _, b in pairs):.1f} ms"
    return Measurement(name, f"<= {limit}", f"{ratio:.2f} ({times_text})", ratio <= limit)


def _seconds(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    for measurement in run():
        outcome = "ok  " if measurement.passed else "MISS"
        print(f"{outcome} {measurement.name}: {measurement.measured} (limit {measurement.limit})")
