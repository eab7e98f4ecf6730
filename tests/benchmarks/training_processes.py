"""Cost of a training as a process with a worker's environment.

Compared with the same loop written bare in a plain Python process; next to as many others as there are cores; and at
its peak memory. The processes live through all rounds and take turns; each reports its own CPU time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.measurement import Measurement
from tests.benchmarks.memory import peak_memory_B
from tests.benchmarks.training_overhead import draw_batches, run_bare_loop, run_vestim_loop
from tests.training.synthetic import FILES, Intents, Recorder, drive, prepare, trial
from vestim_core.data.prepared_set import open_prepared, write_prepared
from vestim_core.system.programs import worker_environment
from vestim_core.training.loop import train

NAIVE_LIMIT, GRID_LIMIT, MEMORY_LIMIT_MB = 0.6, 0.95, 700.0  # product promises
ROUNDS = 7  # repetitions per median; arbitrary odd number
LARGE_ROWS = 800_000  # of each of the two training files
_TBPTT_TRAINING = {
    "batch_size": 64,
    "sequence_length": 50,
    "sequences_per_draw": 24,
    "draws_per_epoch": 12,
    "burn_in_steps": 100,
}
_WINDOWS_TRAINING = {"lookback": 400, "batch_size": 200}
GRID_TRIAL = trial("lstm", model={"sizes": [16]}, training={**_TBPTT_TRAINING, "max_epochs": 3, "schedule": "constant"})
LSTM_2X18_TRIAL = trial(
    "windows", model={"sizes": [18, 18]}, training={**_WINDOWS_TRAINING, "max_epochs": 1, "stride_steps": 25}
)


def run() -> list[Measurement]:
    """All measurements."""
    return [_measure_against_naive(), _measure_grid(), _measure_memory()]


def _measure_against_naive() -> Measurement:
    with (
        BenchmarkProcess("vestim", "windows", tuned=True) as vestim,
        BenchmarkProcess("bare", "windows", tuned=False) as bare,
    ):
        ratios = [_mean_result([vestim]) / _mean_result([bare]) for _ in range(ROUNDS)]
    return _summarize("LSTM 2 x 18, lookback 400, batch 200: CPU time over a naive loop's", ratios, NAIVE_LIMIT, "<=")


def _measure_grid() -> Measurement:
    cores = os.cpu_count() or 1
    vestim_processes = [BenchmarkProcess("vestim", "grid", tuned=True) for _ in range(cores)]
    bare_processes = [BenchmarkProcess("bare", "grid", tuned=True) for _ in range(cores)]
    try:
        ratios = [_mean_result(bare_processes) / _mean_result(vestim_processes) for _ in range(ROUNDS)]
    finally:
        for process in [*vestim_processes, *bare_processes]:
            process.close()
    name = f"{cores} small trainings on {cores} cores: throughput over that of as many bare loops"
    return _summarize(name, ratios, GRID_LIMIT, ">=")


def _measure_memory() -> Measurement:
    with tempfile.TemporaryDirectory() as folder:
        tables = {
            name: drive(name, LARGE_ROWS, seed, capacity_Ah=50) for seed, name in enumerate(("a.csv", "b.csv"), 1)
        }
        tables["c.csv"] = drive("c.csv", 100_000, 3)
        prepared = prepare(tables, FILES)
        directory = write_prepared(Path(folder) / "set", prepared.pipeline, prepared.files).directory
        del tables, prepared
        with BenchmarkProcess("memory", str(directory), tuned=True) as process:
            peak_MB = _mean_result([process])
    name = f"peak memory of a training on {2 * LARGE_ROWS:,} rows x 3 features, lookback 400"
    return Measurement(name, f"<= {MEMORY_LIMIT_MB:g} MB", f"{peak_MB:.0f} MB", peak_MB <= MEMORY_LIMIT_MB)


def _mean_result(processes: Sequence[BenchmarkProcess]) -> float:
    """Run all of them at the same time and return the mean of their results."""
    for process in processes:
        process.start()
    return sum(process.result() for process in processes) / len(processes)


def _summarize(name: str, ratios: list[float], limit: float, sign: str) -> Measurement:
    ratio = median(ratios)
    passed = ratio <= limit if sign == "<=" else ratio >= limit
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return Measurement(name, f"{sign} {limit:g}", f"{ratio:.3f} ({spread}, {ROUNDS} rounds)", passed)


class BenchmarkProcess:
    """A process that repeats a piece of work on request. tuned: use a worker's environment."""

    def __init__(self, role: str, subject: str, *, tuned: bool) -> None:
        environment = worker_environment(threads=1)
        if not tuned:
            environment = {name: value for name, value in environment.items() if not name.startswith("MALLOC_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.training_processes", role, subject],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def result(self) -> float:
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()

    def __enter__(self) -> BenchmarkProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _create_work(role: str, subject: str) -> Callable[[], float]:
    """The work of a process, ready to run."""
    if role == "memory":
        return lambda: _peak_MB(Path(subject))
    settings = GRID_TRIAL if subject == "grid" else LSTM_2X18_TRIAL
    prepared = prepare({name: drive(name, 30_000, seed) for seed, name in enumerate(FILES, 1)}, FILES)
    if role == "vestim":
        return lambda: run_vestim_loop(settings, prepared)[0]
    batches = draw_batches(settings, prepared)
    return lambda: run_bare_loop(settings, prepared, batches)[0]


def _peak_MB(directory: Path) -> float:
    """Peak memory of this process after part of an epoch of all windows and a full epoch of fewer."""
    prepared = open_prepared(directory)
    for stride, batches in ((1, 10), (800, 10**9)):
        training = LSTM_2X18_TRIAL.training.model_copy(update={"stride_steps": stride})
        settings = LSTM_2X18_TRIAL.model_copy(update={"training": training})
        with tempfile.TemporaryDirectory() as folder:
            report, intent = Recorder(), Intents(batches)
            train(settings, prepared, Path(folder), device="cpu", threads=1, reporter=report, intent=intent)
    return peak_memory_B() / 1e6


if __name__ == "__main__" and len(sys.argv) > 1:
    work = _create_work(*sys.argv[1:])
    for _ in sys.stdin:
        print(work(), flush=True)
elif __name__ == "__main__":
    for measurement in run():
        print(measurement)
