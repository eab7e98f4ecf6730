"""What reading and checking cost, side by side with the bare libraries on the same files in the same run.

Runs alternate and the median of the ratios counts. Files are hashed apart (once a job), so that the readers are given
the hash here as a job gives it. Real files are used where the shared folder lies beside the project, else made-up ones.
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

from tests.benchmarks.figure import Figure
from vestim_core.data.checks import Member, check_set, check_table
from vestim_core.data.readers import load_table, read_table
from vestim_core.data.table import Table

ROUNDS = 21
MANY_ROWS = 5_000_000
SOME_ROWS = 60_000
SET_FILES, SET_ROWS = 300, 30_000
_HEADER = "Time (s),Voltage (V),Current (A),Temperature (C),SOC"
_NEEDED = ("voltage_V", "current_A", "temperature_degC", "soc")
_REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "tesla_m80"
_HASH = "0" * 64


def run() -> list[Figure]:
    """All figures of reading."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        reading = [_mat(place), *_csv(place), *_many_rows(place)]
        return [*reading, _checks(SOME_ROWS, 0.1), _checks(MANY_ROWS, 3.0), _checks_of_a_set()]


def _mat(place: Path) -> Figure:
    files = sorted(_REAL.glob("*.mat")) if _REAL.is_dir() else [_made_mat(place / "made.mat")]

    def ours() -> None:
        for file in files:
            load_table(file, sha256=_HASH)

    def bare() -> None:
        for file in files:
            scipy.io.loadmat(file, simplify_cells=True)

    return _ratio(f"reading {len(files)} MAT files over scipy.io.loadmat", 1.2, ours, bare)


def _csv(place: Path) -> list[Figure]:
    real = _REAL / "18_REORDERED5.csv"
    files = {
        "33,000 rows": _csv_file(place / "small.csv", 33_000),
        "1,000,000 rows": _csv_file(place / "large.csv", 10**6),
    }
    if real.is_file():
        files["a real file"] = real
    figures = []
    for what, file in files.items():

        def ours(file: Path = file) -> None:
            read_table(file, {}, _NEEDED, sha256=_HASH)

        def bare(file: Path = file) -> None:
            pd.read_csv(file, engine="c")

        figures.append(_ratio(f"reading CSV of {what} over pandas", 1.3, ours, bare))
    return figures


_READ_MANY = """
import sys, time
from pathlib import Path
from tests.benchmarks.memory import highest_B
from vestim_core.data.readers import read_table
small, large = map(Path, sys.argv[1:])
needed = ("voltage_V", "current_A", "temperature_degC", "soc")
read_table(small, {}, needed, sha256="0")
before = highest_B()
start = time.perf_counter()
table = read_table(large, {}, needed, sha256="0")
took = time.perf_counter() - start
used = highest_B() - before
print(took, used / sum(values.nbytes for values in table.columns.values()))
"""


def _many_rows(place: Path) -> list[Figure]:
    """In a process of its own, for its greatest size in memory, as Linux knows it: that of the process alone, where
    getrusage's begins with its parent's."""
    small, large = _csv_file(place / "first.csv", 1000), _csv_file(place / "many.csv", MANY_ROWS)
    command = [sys.executable, "-c", _READ_MANY, str(small), str(large)]
    answers = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    took_s, share = median(float(a) for a, _ in answers), median(float(b) for _, b in answers)
    large.unlink()
    return [
        Figure("reading CSV of 5,000,000 rows", "<= 2 s", f"{took_s:.2f} s", took_s <= 2.0),
        Figure("memory for that over the float64 table", "<= 3", f"{share:.2f}", share <= 3.0),
    ]


def _checks(rows: int, limit_s: float) -> Figure:
    table = made_table(rows)
    runs = []
    for _ in range(3):
        start = time.perf_counter()
        check_table(table)
        runs.append(time.perf_counter() - start)
    took_s = median(runs)
    return Figure(f"all checks on {rows:,} rows", f"<= {limit_s:g} s", f"{took_s:.3f} s", took_s <= limit_s)


def _checks_of_a_set() -> Figure:
    tables = [made_table(SET_ROWS, number) for number in range(SET_FILES)]
    members = [
        Member(replace(table, name=f"{number}.csv", sha256=f"{number:064d}"), "train" if number % 5 else "test")
        for number, table in enumerate(tables)
    ]
    start = time.perf_counter()
    check_set(members)
    took_s = time.perf_counter() - start
    return Figure(f"checks across {SET_FILES} files of {SET_ROWS:,} rows", "<= 3 s", f"{took_s:.2f} s", took_s <= 3.0)


def made_table(rows: int, seed: int = 0) -> Table:
    """A long drive with every channel that a check looks at."""
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


def _csv_file(path: Path, rows: int) -> Path:
    """Rows of a drive; long files repeat the values of a shorter one below a time that goes on."""
    some = min(rows, 200_000)
    columns = made_table(some).columns
    values = zip(*(columns[name].tolist() for name in _NEEDED), strict=True)
    lines = [f"{v:.4f},{i:.4f},{t:.3f},{s:.6f}\n" for v, i, t, s in values]
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER + "\n")
        for start in range(0, rows, some):
            file.writelines(f"{start + k}.0,{line}" for k, line in enumerate(lines[: rows - start]))
    return path


def _made_mat(path: Path) -> Path:
    columns = made_table(40_000).columns
    names = {"Time": "time_s", "Voltage": "voltage_V", "Current": "current_A", "SOC": "soc"}
    fields = {name: columns[column] for name, column in names.items()}
    scipy.io.savemat(path, {"meas": fields | {"Battery_Temp_degC": columns["temperature_degC"]}}, do_compression=True)
    return path


def _ratio(name: str, limit: float, ours: Callable[[], None], bare: Callable[[], None]) -> Figure:
    ours()
    bare()
    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(ROUNDS)]
    ratio = median(a / b for a, b in pairs)
    both = f"{1e3 * median(a for a, _ in pairs):.1f} / {1e3 * median(b for _, b in pairs):.1f} ms"
    return Figure(name, f"<= {limit}", f"{ratio:.2f} ({both})", ratio <= limit)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    for figure in run():
        print(f"{'ok  ' if figure.passed else 'MISS'} {figure.name}: {figure.measured} (limit {figure.limit})")
