"""How well an LSTM of 32 with the default training does on real drives: RMSE of file 18, median of three seeds."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.figure import Figure
from tests.training.real import real_set
from tests.training.synthetic import Recorder
from vestim_core.spec.job import validate_job
from vestim_core.spec.states import Intent
from vestim_core.training.loop import train

LIMIT_MV = 15.0
SEEDS = 3
_SHARED = Path(__file__).resolve().parents[3] / "shared"
_NAME = "LSTM 32 on real drives, default training, RMSE of file 18"


def run() -> list[Figure]:
    """One figure; without the shared data it says so and does not pass."""
    if not (_SHARED / "data" / "tesla_m80").is_dir():
        return [Figure(_NAME, f"<= {LIMIT_MV:g} mV", f"not measured: {_SHARED} with the real data is absent", False)]
    job = validate_job(
        {"data": {"train": ["a"], "validation": ["b"]}, "model": {"kind": "lstm"}, "training": {"repetitions": SEEDS}}
    )
    errors_mV, times_s = [], []
    with tempfile.TemporaryDirectory() as folder:
        prepared = real_set(_SHARED, Path(folder))
        for trial in job.trials():
            start = time.process_time()
            outcome = train(
                trial,
                prepared,
                Path(folder) / str(trial.seed),
                device="cpu",
                threads=1,
                report=Recorder(),
                intent=lambda: Intent.RUN,
            )
            times_s.append(time.process_time() - start)
            errors_mV.append(float(outcome.best["rmse_mV"] or float("inf")))
    each = ", ".join(f"{error:.1f}" for error in errors_mV)
    measured = f"{median(errors_mV):.1f} mV ({each}; {median(times_s):.0f} s of one thread each)"
    return [Figure(_NAME, f"<= {LIMIT_MV:g} mV", measured, median(errors_mV) <= LIMIT_MV)]


if __name__ == "__main__":
    for figure in run():
        print(figure)
