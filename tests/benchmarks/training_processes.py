"""What a training costs as a process of its own, with the environment that workers are given.

Against the same loop written bare, in a process as Python starts it; beside as many others as there are cores; and at
its largest in memory. The processes live through all rounds and take turns; each tells its own CPU time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.benchmarks.memory import highest_B
from tests.benchmarks.training_overhead import bare, every_batch, ours
from tests.training.synthetic import FILES, Intents, Recorder, drive, prepare, trial
from vestim_core.data.prepared import open_prepared, write_prepared
from vestim_core.system.ourselves import worker_environment
from vestim_core.training.loop import train

NAIVE_LIMIT, GRID_LIMIT, MEMORY_LIMIT_MB = 0.6, 0.95, 700.0
ROUNDS = 7
LARGE_ROWS = 800_000  # of each of the two training files
_STREAMS = {"streams": 64, "chunk_steps": 50, "chunks_per_stream": 24, "draws_per_epoch": 12, "burn_in_steps": 100}
_WINDOWS = {"lookback_steps": 400, "batch_windows": 200}
GRID = trial("lstm", model={"sizes": [16]}, training={**_STREAMS, "max_epochs": 3, "schedule": "constant"})
LSTM_2X18 = trial("windows", model={"sizes": [18, 18]}, training={**_WINDOWS, "max_epochs": 1, "stride_steps": 25})


def run() -> list[Figure]:
    """One figure each."""
    return [_against_naive(), _grid(), _memory()]


def _against_naive() -> Figure:
    with _Child("ours", "windows", tuned=True) as mine, _Child("bare", "windows", tuned=False) as naive:
        ratios = [_spent([mine]) / _spent([naive]) for _ in range(ROUNDS)]
    return _figure("LSTM 2 x 18, lookback 400, batch 200: CPU time over a naive loop's", ratios, NAIVE_LIMIT, "<=")


def _grid() -> Figure:
    cores = os.cpu_count() or 1
    mine = [_Child("ours", "grid", tuned=True) for _ in range(cores)]
    others = [_Child("bare", "grid", tuned=True) for _ in range(cores)]
    try:
        ratios = [_spent(others) / _spent(mine) for _ in range(ROUNDS)]
    finally:
        for child in [*mine, *others]:
            child.close()
    name = f"{cores} small trainings on {cores} cores: throughput over that of as many bare loops"
    return _figure(name, ratios, GRID_LIMIT, ">=")


def _memory() -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        large = {name: drive(name, LARGE_ROWS, seed, capacity_Ah=50) for seed, name in enumerate(("a.csv", "b.csv"), 1)}
        large["c.csv"] = drive("c.csv", 100_000, 3)
        prepared = prepare(large, FILES)
        directory = write_prepared(Path(folder) / "set", prepared.pipeline, prepared.files).directory
        del large, prepared
        with _Child("memory", str(directory), tuned=True) as child:
            peak_MB = _spent([child])
    name = f"peak memory of a training on {2 * LARGE_ROWS:,} rows x 3 features, lookback 400"
    return Figure(name, f"<= {MEMORY_LIMIT_MB:g} MB", f"{peak_MB:.0f} MB", peak_MB <= MEMORY_LIMIT_MB)


def _spent(children: Sequence[_Child]) -> float:
    """Let all of them do their work at the same time; the mean of what they tell."""
    for child in children:
        child.begin()
    return sum(child.result() for child in children) / len(children)


def _figure(name: str, ratios: list[float], limit: float, sign: str) -> Figure:
    measured = median(ratios)
    passed = measured <= limit if sign == "<=" else measured >= limit
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return Figure(name, f"{sign} {limit:g}", f"{measured:.3f} ({spread}, {ROUNDS} rounds)", passed)


class _Child:
    """A process that does a piece of work each time it is told to; tuned: with a worker's environment."""

    def __init__(self, role: str, what: str, *, tuned: bool) -> None:
        environment = worker_environment(threads=1)
        if not tuned:
            environment = {name: value for name, value in environment.items() if not name.startswith("MALLOC_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.training_processes", role, what],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def result(self) -> float:
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _work(role: str, what: str) -> Callable[[], float]:
    """The piece of work of a child, ready to be done."""
    if role == "memory":
        return lambda: _peak_MB(Path(what))
    settings = GRID if what == "grid" else LSTM_2X18
    prepared = prepare({name: drive(name, 30_000, seed) for seed, name in enumerate(FILES, 1)}, FILES)
    if role == "ours":
        return lambda: ours(settings, prepared)[0]
    batches = every_batch(settings, prepared)
    return lambda: bare(settings, prepared, batches)[0]


def _peak_MB(directory: Path) -> float:
    """Of this process after a part of an epoch of all windows, and a whole epoch of fewer."""
    prepared = open_prepared(directory)
    for stride, batches in ((1, 10), (800, 10**9)):
        training = LSTM_2X18.training.model_copy(update={"stride_steps": stride})
        settings = LSTM_2X18.model_copy(update={"training": training})
        with tempfile.TemporaryDirectory() as folder:
            report, intent = Recorder(), Intents(batches)
            train(settings, prepared, Path(folder), device="cpu", threads=1, report=report, intent=intent)
    return highest_B() / 1e6


if __name__ == "__main__" and len(sys.argv) > 1:
    work = _work(*sys.argv[1:])
    for _ in sys.stdin:
        print(work(), flush=True)
elif __name__ == "__main__":
    for figure in run():
        print(figure)
