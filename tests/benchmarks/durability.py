"""Cost of durable jobs: restart, adoption, deaths, many jobs, many events, stalled clients."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import torch

from tests.benchmarks.measurement import Measurement
from tests.daemon.daemons import ROOT, submit, wait_until
from tests.guarantees.conftest import follow_to_end, follow_until, write_cell
from vestim_core.client import Client, follow_job
from vestim_core.client.daemon_discovery import is_daemon_running, read_discovery
from vestim_core.jobs.job_container import JobContainer
from vestim_core.jobs.job_registry import Registry
from vestim_core.jobs.utc_time import utc_now
from vestim_core.protocol.cursors import CATALOG_STREAM, Cursor
from vestim_core.spec.events import EventKind
from vestim_core.spec.states import JobState
from vestim_core.system import Home
from vestim_core.training.checkpoints import save_checkpoint
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal_writer import Journal


def run() -> list[Measurement]:
    """All measurements; takes several minutes."""
    return [
        *_measure_restarts(),
        _measure_noticed_death(),
        *_measure_many_jobs(),
        *_measure_many_events(),
        _measure_checkpoint(),
        _measure_reporting(),
        _measure_preloaded_start(),
    ]


@contextmanager
def temporary_home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="vestim-"))
    home_before = os.environ.get("VESTIM_HOME")
    os.environ["VESTIM_HOME"] = str(folder)
    home = Home.find()
    home.ensure()
    try:
        yield home
    finally:
        if is_daemon_running(home):
            with Client(home, start=False) as client:
                client.call("shutdown", stop_jobs=True)
            wait_until(lambda: not is_daemon_running(home), "the daemon's end", 60)
        if home_before is None:
            del os.environ["VESTIM_HOME"]
        else:
            os.environ["VESTIM_HOME"] = home_before
        shutil.rmtree(folder, ignore_errors=True)


def _start_light_daemon(home: Home, slots: int) -> subprocess.Popen[bytes]:
    """Start a daemon with lightweight workers and wait until it serves."""
    with home.daemon_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.light_daemon", str(slots)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    wait_until(lambda: (discovery := read_discovery(home)) and discovery.pid == process.pid, "a daemon that serves", 60)
    return process


def _measure_restarts() -> list[Measurement]:
    return [_measure_restart(4, 1.0), _measure_restart(100, 2.0)]


def _measure_restart(workers: int, limit_s: float) -> Measurement:
    times_s = []
    with temporary_home() as home:
        daemon = _start_light_daemon(home, workers)
        with Client(home, start=False) as client:
            training = {"repetitions": workers}
            job_id = submit(client, home.root / "data", {"train": "obey"}, training=training)
            wait_until(lambda: _running_count(client, job_id) == workers, "all workers' birth", 120)
            for _ in range(3):
                daemon.kill()
                daemon.wait()
                start_s = time.monotonic()
                daemon = _start_light_daemon(home, workers)
                wait_until(lambda: _running_count(client, job_id) == workers, "adoption", 60)
                times_s.append(time.monotonic() - start_s)
    took_s = statistics.median(times_s)
    name = f"daemon serving again after kill -9, {workers} workers adopted"
    return Measurement(name, f"<= {limit_s:g} s", f"{took_s:.2f} s", took_s <= limit_s)


def _running_count(client: Client, job_id: str) -> int:
    tasks = client.call("show_job", job_id=job_id)["tasks"]
    return sum(task["kind"] == "train" and task["attempt_state"] == "running" for task in tasks)


def _measure_noticed_death() -> Measurement:
    times_s = []
    with temporary_home() as home:
        _start_light_daemon(home, 2)
        with Client(home, start=False) as client:
            for _ in range(5):
                job_id = submit(client, home.root / "data", {"train": "obey"})
                follow_until(client, job_id, _is_training_start)
                task = next(task for task in client.call("show_job", job_id=job_id)["tasks"] if task["kind"] == "train")
                last_seq = client.call("show_job", job_id=job_id)["last_seq"]
                start_s = time.monotonic()
                os.kill(task["pid"], signal.SIGKILL)
                follow_until(client, job_id, lambda e: e["data"].get("state") == "killed", last_seq)
                times_s.append(time.monotonic() - start_s)
                client.call("stop", job_id=job_id, test=False)
                follow_to_end(client, job_id)
    took_s = statistics.median(times_s)
    return Measurement("death of a worker shown to a client", "<= 1 s", f"{took_s * 1000:.0f} ms", took_s <= 1.0)


def _is_training_start(event: dict[str, Any]) -> bool:
    data = event["data"]
    return bool(event["kind"] == "attempt" and event["task"].startswith("train") and data["state"] == "running")


def _measure_many_jobs(count: int = 10_000) -> list[Measurement]:
    with temporary_home() as home:
        registry = Registry(home.registry)
        document = {"name": "one of many", "data": {"train": ["a.csv"], "validation": ["b.csv"]}}
        with registry.transaction():
            for index in range(count):
                job = JobContainer(f"job_20260101-000000-{index:04x}", "one of many", document, utc_now(), index)
                job.set_state(JobState.QUEUED)
                job.set_state(JobState.DONE)
                registry.save(job)
        registry.close()
        with Client(home) as client:
            pid = client.call("hello")["pid"]
            times_s = [_attach_s(client, count) for _ in range(5)]
            process = psutil.Process(pid)
            memory_MB = process.memory_info().rss / 1e6
    took_ms = statistics.median(times_s) * 1000
    return [
        Measurement(f"attach to {count:,} jobs", "<= 100 ms", f"{took_ms:.0f} ms", took_ms <= 100),
        Measurement(f"daemon's memory with {count:,} jobs", "<= 120 MB", f"{memory_MB:.0f} MB", memory_MB <= 120),
    ]


def _attach_s(client: Client, count: int) -> float:
    """Seconds to read the whole catalog."""
    cursor, row_count = Cursor(stream=CATALOG_STREAM), 0
    start_s = time.monotonic()
    while row_count < count:
        (stream,) = client.call("wait", cursors=[cursor.model_dump()], limit=10_000)["streams"]
        cursor = Cursor(stream=CATALOG_STREAM, lineage=stream["lineage"], seq=stream["seq"])
        row_count += len(stream["events"])
    return time.monotonic() - start_s


def _measure_many_events(early_count: int = 100_000, total_count: int = 1_000_000) -> list[Measurement]:
    with temporary_home() as home:
        daemon = _start_light_daemon(home, 2)
        with Client(home, start=False) as client, Client(home, start=False) as stalled:
            job_id = submit(client, home.root / "data", {"train": f"flood {total_count}"})
            _stall_client(stalled, job_id)
            start_s, received_count, delays_ms, memory_MB = 0.0, 0, [], [0.0, 0.0]
            expected = 1
            for batch in follow_job(client, job_id, live=False):
                received_at = datetime.now().astimezone()
                for event in batch.events:
                    assert event["seq"] == expected, "a gap"
                    expected += 1
                    if event["kind"] == "epoch":
                        start_s = start_s or time.monotonic()
                        received_count += 1
                        if received_count % 100 == 0:
                            delays_ms.append(
                                (received_at - datetime.fromisoformat(event["time_utc"])).total_seconds() * 1000
                            )
                if not memory_MB[0] and received_count >= early_count:
                    memory_MB[0] = psutil.Process(daemon.pid).memory_info().rss / 1e6
            took_s = time.monotonic() - start_s
            memory_MB[1] = psutil.Process(daemon.pid).memory_info().rss / 1e6
            assert received_count == total_count
    growth_MB, speed = memory_MB[1] - memory_MB[0], total_count / took_s
    name = f"daemon's growth from {early_count:,} to {total_count:,} events, one client stalled"
    return [
        Measurement("durable events, worker to client", ">= 10,000/s", f"{speed:,.0f}/s", speed >= 10_000),
        Measurement(name, "<= 8 MB", f"{growth_MB:.1f} MB", growth_MB <= 8),
        _measure_delay(),
    ]


def _stall_client(client: Client, job_id: str) -> None:
    """Request many events and never read the answers."""
    client.call("hello")
    socket = client._channel._socket
    assert socket is not None
    from vestim_core.protocol.messages import Request

    params = {"cursors": [{"stream": f"job:{job_id}", "lineage": "", "seq": 0}], "limit": 10_000, "timeout_s": 60.0}
    for index in range(50):
        socket.send(Request(str(index).encode(), "wait", params).encode())


def _measure_delay(events: int = 2_000) -> Measurement:
    """Delay from the worker's clock to the client's, with one report every 10 ms."""
    delays_ms: list[float] = []
    with temporary_home() as home:
        _start_light_daemon(home, 2)
        with Client(home, start=False) as client:
            job_id = submit(client, home.root / "data", {"train": f"obey {events}"})
            for batch in follow_job(client, job_id, live=False):
                received_at = datetime.now().astimezone()
                for event in batch.events:
                    if event["kind"] == "epoch":
                        delays_ms.append(
                            (received_at - datetime.fromisoformat(event["time_utc"])).total_seconds() * 1000
                        )
                if len(delays_ms) >= events:
                    client.call("stop", job_id=job_id, test=False)
    p99_ms = statistics.quantiles(delays_ms, n=100)[98]
    return Measurement("delay from worker to client, p99", "<= 300 ms", f"{p99_ms:.0f} ms", p99_ms <= 300)


def _measure_checkpoint() -> Measurement:
    weights = {"lstm": torch.randn(5_000)}
    optimizer = {name: torch.randn(5_000) for name in ("exp_avg", "exp_avg_sq")}
    progress = {"history": [{"epoch": index, "validation_rmse_mV": 1.0} for index in range(100)]}
    state = {"module": weights, "best_weights": weights, "optimizer": optimizer, "progress": progress}
    times_ms = []
    with tempfile.TemporaryDirectory() as folder:
        for step in range(40):
            start_s = time.perf_counter()
            save_checkpoint(Path(folder), step, "identity", state)
            times_ms.append((time.perf_counter() - start_s) * 1000)
    took_ms = statistics.median(times_ms)
    return Measurement("checkpoint of a 5,000-parameter network", "<= 20 ms", f"{took_ms:.1f} ms", took_ms <= 20)


def _measure_reporting(count: int = 20_000) -> Measurement:
    line = {"epoch": 1, "train_rmse_mV": 12.345678, "validation_rmse_mV": 9.87654321, "learning_rate": 1e-3}
    with temporary_home() as home:
        journal = Journal(home.root / "events.jsonl", Doorbell(home, "job_x/train_1/1"))
        start_s = time.process_time()
        for _ in range(count):
            journal.event(EventKind.EPOCH, line)
        event_us = (time.process_time() - start_s) / count * 1e6
        journal.close()
    return Measurement("reporting one event, CPU time", "<= 20 us", f"{event_us:.1f} us", event_us <= 20)


def _measure_preloaded_start(repetitions: int = 6) -> Measurement:
    """Time from the decision to start a task of a search to its running process."""
    with temporary_home() as home, Client(home) as client:
        data: dict[str, Any] = {}
        for seed, role in enumerate(("train", "validation")):
            write_cell(home.root / f"{role}.csv", seed)
            data[role] = [str(home.root / f"{role}.csv")]
        training = {"max_epochs": 1, "repetitions": repetitions}
        spec = {"data": data, "model": {"kind": "fnn", "sizes": [4]}, "training": training}
        job_id = client.call("submit", spec=spec)["job_id"]
        follow_to_end(client, job_id)
        start_times_s = []
        for task in sorted((home.jobs / job_id / "tasks").glob("t*"))[2:]:
            attempt = task / "attempts" / "1"
            start_times_s.append((attempt / "worker.json").stat().st_mtime - (attempt / "launch.json").stat().st_mtime)
    took_s = statistics.median(start_times_s)
    return Measurement("start of a task of a search", "<= 0.3 s", f"{took_s * 1000:.0f} ms", took_s <= 0.3)


if __name__ == "__main__":
    for measurement in run():
        print(measurement)
