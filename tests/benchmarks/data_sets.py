"""Cost of a data set, of preparing it again, and of sharing its prepared arrays between tasks.

Uses real files from the shared folder next to the project, or synthetic ones of the same size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from tests.benchmarks.measurement import Measurement
from tests.guarantees.conftest import follow_to_end, stop_daemon, write_cell
from vestim_core.client import Client
from vestim_core.client.inspection_calls import wait_for_data_set
from vestim_core.data.checks import check_table
from vestim_core.data.prepare_data import prepare
from vestim_core.data.prepared_set import PreparedSet
from vestim_core.data.readers import load_table
from vestim_core.jobs.prepared_cache import PreparedCache
from vestim_core.spec.data import DataSpec, FileRepair
from vestim_core.spec.finding import Repair, Severity
from vestim_core.spec.preparation import default_preparation
from vestim_core.spec.signals import SignalsSpec

ROUNDS = 7  # repetitions per median; arbitrary odd number
READERS = 3  # simultaneous readers; arbitrary, any value from 2 up works
LONG_ROWS = 300_000  # large against the fixed memory of a process
SETS, FILES = 100, 13  # cached sets, and files of each
# absent in a checkout without the shared folder
_REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "tesla_m80"


def run() -> list[Measurement]:
    """All measurements of data sets."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        data = _data_spec(path)
        return [
            *_measure_second_preparation(path, data),
            _measure_sharing(path),
            _measure_cache_start(path),
            *_measure_through_a_daemon(path, data),
        ]


def _data_spec(folder: Path) -> DataSpec:
    """Data section with every file; errors that prevent a job are repaired or accepted."""
    if not _REAL.is_dir():
        (folder / "cells").mkdir()
        for index in range(12):
            write_cell(folder / "cells" / f"{index}.csv", index, rows=33_000)
    files = sorted(_REAL.glob("*.mat")) or sorted((folder / "cells").glob("*.csv"))
    validation = next((file for file in files if file.name.startswith("18")), files[-1])
    train = [str(file) for file in files if file is not validation]
    repairs = [repair for file in files for repair in _repairs(file)]
    return DataSpec(train=train, validation=[str(validation)], repairs=repairs)


def _repairs(file: Path) -> list[FileRepair]:
    errors = [finding for finding in check_table(load_table(file)) if finding.severity is Severity.ERROR]
    accepted = [Repair(kind="accept", parameters={"code": finding.code}) for finding in errors]
    proposed = [finding.repair for finding in errors if finding.repair]
    return [FileRepair(file=str(file), repair=repair) for repair in (*proposed, *accepted)]


def _prepare(folder: Path, data: DataSpec) -> PreparedSet:
    signals, steps = SignalsSpec(), default_preparation()
    return prepare(data, signals, steps, folder / "cache", lambda *_: None, lambda _: None, lambda: False)


def _measure_second_preparation(folder: Path, data: DataSpec) -> list[Measurement]:
    first_s, _ = _timed(lambda: _prepare(folder, data))
    second_s = median(_timed(lambda: _prepare(folder, data))[0] for _ in range(ROUNDS))
    rows = sum(file.source_rows for file in _prepare(folder, data).files)
    description = f"{len(data.train) + 1} files, {rows:,} rows"
    return [
        Measurement(
            f"second preparation of {description} (first: {first_s:.2f} s)",
            "<= 0.2 s",
            f"{second_s:.3f} s",
            second_s <= 0.2,
        )
    ]


_READER_PROGRAM = """
import sys
import psutil
from pathlib import Path
from vestim_core.data.prepared_set import open_prepared
before = psutil.Process().memory_full_info().uss
print(before, flush=True)
input()
prepared = open_prepared(Path(sys.argv[1]))
arrays = [a for f in prepared.files for a in (f.time_s, f.features, f.target, f.physical)]
total = sum(float(a.sum()) for a in arrays)
print(sum(a.nbytes for a in arrays), flush=True)
input()
"""


def _measure_sharing(folder: Path) -> Measurement:
    """Private memory of processes that read every value of one set at the same time."""
    write_cell(folder / "long.csv", 1, rows=LONG_ROWS)
    write_cell(folder / "short.csv", 2)
    signals, steps = SignalsSpec(), default_preparation()
    data = DataSpec(train=[str(folder / "long.csv")], validation=[str(folder / "short.csv")])
    prepared = prepare(data, signals, steps, folder / "cache", lambda *_: None, lambda _: None, lambda: False)
    command = [sys.executable, "-c", _READER_PROGRAM, str(prepared.directory)]
    readers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(READERS)
    ]
    bytes_before = [int(_read_line(reader)) for reader in readers]
    for reader in readers:
        _send_line(reader)
    sizes = [int(_read_line(reader)) for reader in readers]  # every reader has read all arrays now
    bytes_after = [psutil.Process(reader.pid).memory_full_info().uss for reader in readers]
    for reader in readers:
        _send_line(reader)
        reader.wait()
    size, own_bytes = (
        sizes[0],
        max(bytes_now - bytes_then for bytes_then, bytes_now in zip(bytes_before, bytes_after, strict=True)),
    )
    share = own_bytes / size
    return Measurement(
        f"memory of its own for each of {READERS} readers of {size / 1e6:.0f} MB",
        "<= 5 %",
        f"{100 * share:.1f} %",
        share <= 0.05,
    )


def _read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def _send_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def _measure_cache_start(folder: Path) -> Measurement:
    """Time for measuring a full cache of unknown sets, as a daemon does at its start."""
    cache_folder = folder / "full"
    for index in range(SETS):
        for cell in range(FILES):
            file_folder = cache_folder / f"{index:032x}" / f"cell_{cell}"
            file_folder.mkdir(parents=True)
            for name in ("time_s", "features", "target", "physical"):
                (file_folder / f"{name}.npy").write_bytes(b"0")
        (cache_folder / f"{index:032x}" / "prepared.json").write_text("{}")
    duration_s = min(_timed(lambda: PreparedCache(cache_folder, folder / "none").shrink(set()))[0] for _ in range(3))
    return Measurement(f"a cache of {SETS} sets measured", "<= 0.1 s", f"{duration_s:.3f} s", duration_s <= 0.1)


def _measure_through_a_daemon(folder: Path, data: DataSpec) -> list[Measurement]:
    with tempfile.TemporaryDirectory(prefix="vestim-") as home:
        os.environ["VESTIM_HOME"] = home
        with Client() as client:
            client.call("hello")
            spec = {name: value for name, value in data.model_dump().items() if name in {"train", "validation"}}
            spec["repairs"] = [repair.model_dump() for repair in data.repairs]
            first_s, _ = _timed(lambda: _save_data_set(client, "first", spec))
            second_s, _ = _timed(lambda: wait_for_data_set(client, client.call("check_data_set", data_set="first")))
            job_spec = {
                "data": {"data_set": "first"},
                "model": {"kind": "fnn", "sizes": [4]},
                "training": {"max_epochs": 1},
            }
            tasks_s = [_prepare_task_s(client, job_spec) for _ in range(2)]
            stop_daemon(client)
    return [
        Measurement("a data set checked by a worker", "<= 10 s", f"{first_s:.2f} s", first_s <= 10.0),
        Measurement("the same checked again, nothing changed", "<= 1 s", f"{second_s:.2f} s", second_s <= 1.0),
        Measurement(
            f"second preparation as a task, where a process is warm (first: {tasks_s[0]:.2f} s)",
            "<= 0.5 s",
            f"{tasks_s[1]:.2f} s",
            tasks_s[1] <= 0.5,
        ),
    ]


def _save_data_set(client: Client, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return wait_for_data_set(client, client.call("save_data_set", name=name, spec=spec))


def _prepare_task_s(client: Client, spec: dict[str, Any]) -> float:
    """Seconds between the daemon's events for the start and the end of the preparation task."""
    job_id = client.call("submit", spec=spec)["job_id"]
    events = [e for e in follow_to_end(client, job_id) if e["kind"] == "attempt" and e["task"] == "prepare_1"]
    assert events[-1]["data"]["state"] == "finished", client.call("show_job", job_id=job_id)["error"]
    start, end = (datetime.fromisoformat(events[index]["time_utc"]) for index in (0, -1))
    return (end - start).total_seconds()


def _timed(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = action()
    return time.perf_counter() - start, answer
