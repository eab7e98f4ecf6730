"""Import of 200 PyBattML jobs with history, results and weights, through a daemon."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measurement import Measurement
from tests.guarantees.conftest import stop_daemon
from tests.jobs.legacy.legacy_jobs import make_legacy_job, make_legacy_task
from vestim_core.client import Client, import_legacy_jobs
from vestim_core.system import Home

JOBS, TASKS, EPOCHS, ROWS = 200, 2, 50, 1_500  # jobs, tasks per job, epochs per task, predicted rows per task
LIMIT_S, LONGEST_S = 5.0, 0.5  # product promises: whole import, longest single answer


def run() -> list[Measurement]:
    """Total time, longest single answer, and time for importing the same jobs again."""
    with tempfile.TemporaryDirectory(prefix="vestim-") as folder:
        home_before = os.environ.get("VESTIM_HOME")
        os.environ["VESTIM_HOME"] = str(Path(folder) / "home")
        legacy_folder = Path(folder) / "old"
        _write_jobs(legacy_folder)
        home = Home.find()
        home.ensure()
        try:
            with Client(home) as client:
                client.call("hello")
                first_s, longest_s, count = _import_all(client, legacy_folder)
                second_s, _, known_count = _import_all(client, legacy_folder)
                stop_daemon(client)
        finally:
            os.environ.pop("VESTIM_HOME")
            os.environ.update({"VESTIM_HOME": home_before} if home_before else {})
    description = f"{JOBS} jobs of {TASKS} trainings, {EPOCHS} epochs and a test of {ROWS} rows each"
    return [
        Measurement(
            f"importing {description}", f"<= {LIMIT_S:g} s", f"{first_s:.2f} s", count == JOBS and first_s <= LIMIT_S
        ),
        Measurement(
            "longest answer while importing", f"<= {LONGEST_S:g} s", f"{longest_s:.2f} s", longest_s <= LONGEST_S
        ),
        Measurement(
            "importing them again",
            f"<= {LIMIT_S:g} s",
            f"{second_s:.2f} s",
            known_count == JOBS and second_s <= LIMIT_S,
        ),
    ]


def _write_jobs(legacy_folder: Path) -> None:
    """Write jobs with weights of 50 kB."""
    predictions = [(3.7 + row / 1e5, 3.71 + row / 1e5) for row in range(ROWS)]
    for index in range(JOBS):
        job = make_legacy_job(legacy_folder, f"job_20250101-{index:06d}")
        for index_in_job in range(TASKS):
            weights = os.urandom(50_000)
            make_legacy_task(job, name=f"T_rep_{index_in_job}", weights=weights, epochs=EPOCHS, predictions=predictions)


def _import_all(client: Client, legacy_folder: Path) -> tuple[float, float, int]:
    """Total seconds, seconds of the longest answer, and number of jobs imported or already known."""
    start_s = last_s = time.monotonic()
    longest_s, count = 0.0, 0
    for page in import_legacy_jobs(client.call, [str(legacy_folder)]):
        now_s = time.monotonic()
        longest_s, last_s = max(longest_s, now_s - last_s), now_s
        count += len(page["imported"]) + len(page["known"])
    return last_s - start_s, longest_s, count
