"""What a data set costs, and what its prepared arrays cost the second time and the tasks that share them.

Real files are used where the shared folder lies beside the project, else made-up ones of the same size.
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

from tests.benchmarks.figure import Figure
from tests.guarantees.conftest import finish, stop_daemon, write_cell
from vestim_core.client import Client
from vestim_core.client.inspection import await_data_set
from vestim_core.data.checks import check_table
from vestim_core.data.prepare import prepare
from vestim_core.data.prepared import PreparedSet
from vestim_core.data.readers import load_table
from vestim_core.jobs.prepared_cache import PreparedCache
from vestim_core.spec.data import DataSpec, FileRepair
from vestim_core.spec.finding import Repair, Severity
from vestim_core.spec.preparation import default_preparation
from vestim_core.spec.signals import SignalsSpec

ROUNDS = 7
SHARERS = 3
LONG_ROWS = 300_000
SETS, FILES = 100, 13
_REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "tesla_m80"


def run() -> list[Figure]:
    """All figures of data sets."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        data = _data(place)
        return [*_second_time(place, data), _shared(place), _shrinking(place), *_through_a_daemon(place, data)]


def _data(place: Path) -> DataSpec:
    """Every file, with what stops a job repaired or accepted."""
    if not _REAL.is_dir():
        (place / "cells").mkdir()
        for number in range(12):
            write_cell(place / "cells" / f"{number}.csv", number, rows=33_000)
    files = sorted(_REAL.glob("*.mat")) or sorted((place / "cells").glob("*.csv"))
    validation = next((file for file in files if file.name.startswith("18")), files[-1])
    train = [str(file) for file in files if file is not validation]
    repairs = [repair for file in files for repair in _repairs(file)]
    return DataSpec(train=train, validation=[str(validation)], repairs=repairs)


def _repairs(file: Path) -> list[FileRepair]:
    wrong = [finding for finding in check_table(load_table(file)) if finding.severity is Severity.ERROR]
    accept = [Repair(kind="accept", parameters={"code": finding.code}) for finding in wrong]
    proposed = [finding.repair for finding in wrong if finding.repair]
    return [FileRepair(file=str(file), repair=repair) for repair in (*proposed, *accept)]


def _prepare(place: Path, data: DataSpec) -> PreparedSet:
    signals, steps = SignalsSpec(), default_preparation()
    return prepare(data, signals, steps, place / "cache", lambda *_: None, lambda _: None, lambda: False)


def _second_time(place: Path, data: DataSpec) -> list[Figure]:
    first_s, _ = _timed(lambda: _prepare(place, data))
    again_s = median(_timed(lambda: _prepare(place, data))[0] for _ in range(ROUNDS))
    rows = sum(file.source_rows for file in _prepare(place, data).files)
    what = f"{len(data.train) + 1} files, {rows:,} rows"
    return [
        Figure(f"second preparation of {what} (first: {first_s:.2f} s)", "<= 0.2 s", f"{again_s:.3f} s", again_s <= 0.2)
    ]


_SHARE = """
import sys
import psutil
from pathlib import Path
from vestim_core.data.prepared import open_prepared
before = psutil.Process().memory_full_info().uss
print(before, flush=True)
input()
prepared = open_prepared(Path(sys.argv[1]))
arrays = [a for f in prepared.files for a in (f.time_s, f.features, f.target, f.physical)]
total = sum(float(a.sum()) for a in arrays)
print(sum(a.nbytes for a in arrays), flush=True)
input()
"""


def _shared(place: Path) -> Figure:
    """Processes that read every value of one set at the same time: what each has of it for itself alone."""
    write_cell(place / "long.csv", 1, rows=LONG_ROWS)
    write_cell(place / "short.csv", 2)
    signals, steps = SignalsSpec(), default_preparation()
    data = DataSpec(train=[str(place / "long.csv")], validation=[str(place / "short.csv")])
    made = prepare(data, signals, steps, place / "cache", lambda *_: None, lambda _: None, lambda: False)
    command = [sys.executable, "-c", _SHARE, str(made.directory)]
    sharers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(SHARERS)
    ]
    befores = [int(_line(sharer)) for sharer in sharers]
    for sharer in sharers:
        _go_on(sharer)
    sizes = [int(_line(sharer)) for sharer in sharers]  # from here on all have read everything
    afters = [psutil.Process(sharer.pid).memory_full_info().uss for sharer in sharers]
    for sharer in sharers:
        _go_on(sharer)
        sharer.wait()
    size, own = sizes[0], max(after - before for before, after in zip(befores, afters, strict=True))
    share = own / size
    return Figure(
        f"memory of its own for each of {SHARERS} readers of {size / 1e6:.0f} MB",
        "<= 5 %",
        f"{100 * share:.1f} %",
        share <= 0.05,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


def _go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def _shrinking(place: Path) -> Figure:
    """What the daemon spends on a full cache when it starts, each set being measured for the first time."""
    full = place / "full"
    for number in range(SETS):
        for cell in range(FILES):
            folder = full / f"{number:032x}" / f"cell_{cell}"
            folder.mkdir(parents=True)
            for name in ("time_s", "features", "target", "physical"):
                (folder / f"{name}.npy").write_bytes(b"0")
        (full / f"{number:032x}" / "prepared.json").write_text("{}")
    took_s = min(_timed(lambda: PreparedCache(full, place / "none").shrink(set()))[0] for _ in range(3))
    return Figure(f"a cache of {SETS} sets measured", "<= 0.1 s", f"{took_s:.3f} s", took_s <= 0.1)


def _through_a_daemon(place: Path, data: DataSpec) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="vestim-") as home:
        os.environ["VESTIM_HOME"] = home
        with Client() as client:
            client.call("hello")
            spec = {name: value for name, value in data.model_dump().items() if name in {"train", "validation"}}
            spec["repairs"] = [repair.model_dump() for repair in data.repairs]
            first_s, _ = _timed(lambda: _saved(client, "first", spec))
            again_s, _ = _timed(lambda: await_data_set(client, client.call("check_data_set", data_set="first")))
            asked = {
                "data": {"data_set": "first"},
                "model": {"kind": "fnn", "sizes": [4]},
                "training": {"max_epochs": 1},
            }
            tasks_s = [_prepare_task_s(client, asked) for _ in range(2)]
            stop_daemon(client)
    return [
        Figure("a data set checked by a worker", "<= 10 s", f"{first_s:.2f} s", first_s <= 10.0),
        Figure("the same checked again, nothing changed", "<= 1 s", f"{again_s:.2f} s", again_s <= 1.0),
        Figure(
            f"second preparation as a task, where a process is warm (first: {tasks_s[0]:.2f} s)",
            "<= 0.5 s",
            f"{tasks_s[1]:.2f} s",
            tasks_s[1] <= 0.5,
        ),
    ]


def _saved(client: Client, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return await_data_set(client, client.call("save_data_set", name=name, spec=spec))


def _prepare_task_s(client: Client, spec: dict[str, Any]) -> float:
    """From the order to start the preparing task to its end, as the daemon saw them."""
    job_id = client.call("submit", spec=spec)["job_id"]
    events = [e for e in finish(client, job_id) if e["kind"] == "attempt" and e["task"] == "prepare_1"]
    assert events[-1]["data"]["state"] == "finished", client.call("show_job", job_id=job_id)["error"]
    begin, end = (datetime.fromisoformat(events[place]["time_utc"]) for place in (0, -1))
    return (end - begin).total_seconds()


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer
