"""What importing costs: 200 jobs of the former program, with history, results and weights, through a daemon."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.guarantees.conftest import stop_daemon
from tests.jobs.legacy.former import former_job, former_task
from vestim_core.client import Client, import_legacy
from vestim_core.system import Home

JOBS, TASKS, EPOCHS, ROWS = 200, 2, 50, 1_500
LIMIT_S, LONGEST_S = 5.0, 0.5


def run() -> list[Figure]:
    """Time for all of them, longest single answer, and for importing them once more."""
    with tempfile.TemporaryDirectory(prefix="vestim-") as folder:
        before = os.environ.get("VESTIM_HOME")
        os.environ["VESTIM_HOME"] = str(Path(folder) / "home")
        old = Path(folder) / "old"
        _write(old)
        home = Home.find()
        home.ensure()
        try:
            with Client(home) as client:
                client.call("hello")
                first_s, longest_s, count = _imported(client, old)
                again_s, _, known = _imported(client, old)
                stop_daemon(client)
        finally:
            os.environ.pop("VESTIM_HOME")
            os.environ.update({"VESTIM_HOME": before} if before else {})
    what = f"{JOBS} jobs of {TASKS} trainings, {EPOCHS} epochs and a test of {ROWS} rows each"
    return [
        Figure(f"importing {what}", f"<= {LIMIT_S:g} s", f"{first_s:.2f} s", count == JOBS and first_s <= LIMIT_S),
        Figure("longest answer while importing", f"<= {LONGEST_S:g} s", f"{longest_s:.2f} s", longest_s <= LONGEST_S),
        Figure("importing them again", f"<= {LIMIT_S:g} s", f"{again_s:.2f} s", known == JOBS and again_s <= LIMIT_S),
    ]


def _write(old: Path) -> None:
    """Jobs with weights of some 50 kB."""
    predictions = [(3.7 + row / 1e5, 3.71 + row / 1e5) for row in range(ROWS)]
    for number in range(JOBS):
        job = former_job(old, f"job_20250101-{number:06d}")
        for task in range(TASKS):
            weights = os.urandom(50_000)
            former_task(job, name=f"T_rep_{task}", weights=weights, epochs=EPOCHS, predictions=predictions)


def _imported(client: Client, old: Path) -> tuple[float, float, int]:
    """Seconds in all, of the longest answer, and how many jobs were imported or known."""
    began_s = last_s = time.monotonic()
    longest_s, count = 0.0, 0
    for page in import_legacy(client.call, [str(old)]):
        now_s = time.monotonic()
        longest_s, last_s = max(longest_s, now_s - last_s), now_s
        count += len(page["imported"]) + len(page["known"])
    return last_s - began_s, longest_s, count
