"""What the daemon promises: round trips, many tasks at once, durable events, an idle life, cheap reporting."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.benchmarks.figure import Figure
from tests.daemon.daemons import Daemon, ended, events_until, ready, submit
from vestim_core.client import Client, follow
from vestim_core.spec.events import EventKind
from vestim_core.system import Home
from vestim_core.worker.doorbell import Doorbell
from vestim_core.worker.journal import Journal

ROUND_TRIPS = 3000
TRIALS = 500
EVENTS = 50_000
IDLE_JOBS = 100
IDLE_S = 20.0
REPORTS = 20_000


def run() -> list[Figure]:
    """All figures of the daemon, each in a fresh home."""
    return [
        figure
        for measure in (_round_trip, _many_tasks, _durable_events, _idle, _reporting)
        for home in [Path(tempfile.mkdtemp(prefix="vestim-"))]
        for figure in _measured_in(home, measure)
    ]


def _measured_in(home: Path, measure: object) -> list[Figure]:
    try:
        return [measure(home)]  # type: ignore[operator]
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _ordinary_daemon(home: Path) -> Iterator[Client]:
    """A client of the daemon as users have it."""
    with Client(Home(home)) as client:
        process = psutil.Process(client.call("hello")["pid"])
        yield client
        client.call("shutdown", stop_jobs=True)
        process.wait(20)


@contextmanager
def _daemon_of_children(home: Path) -> Iterator[Client]:
    """A client of a daemon whose workers do what their job's name says."""
    daemon = Daemon(home)
    with daemon.client() as client:
        yield client
    daemon.stop()


def _round_trip(home: Path) -> Figure:
    with _ordinary_daemon(home) as client:
        times_ms = []
        for _ in range(ROUND_TRIPS):
            start = time.perf_counter()
            client.call("hello")
            times_ms.append((time.perf_counter() - start) * 1e3)
    p50, p99 = statistics.median(times_ms), sorted(times_ms)[int(0.99 * ROUND_TRIPS)]
    return Figure("request round trip, CURVE, p50", "<= 0.3 ms", f"{p50:.3f} ms (p99 {p99:.2f} ms)", p50 <= 0.3)


def _many_tasks(home: Path) -> Figure:
    rates = [number / 1e5 + 1e-3 for number in range(TRIALS)]
    with _daemon_of_children(home) as client:
        start = time.perf_counter()
        training = {"learning_rate": rates, "schedule": "constant"}
        job_id = submit(client, home / "data", {"prepare": "obey"}, training=training)
        seconds = time.perf_counter() - start
        count = len(client.call("show_job", job_id=job_id)["tasks"])
    passed = seconds <= 1.0 and count >= 1000
    return Figure("1,000 tasks in one command", "<= 1 s", f"{seconds:.2f} s ({count} tasks)", passed)


def _durable_events(home: Path) -> Figure:
    """From the first event to the last that the client holds, while worker, daemon and client share the cores."""
    with _daemon_of_children(home) as client:
        job_id = submit(client, home / "data", {"prepare": f"flood {EVENTS}"})
        events, _ = events_until(client, job_id, ready)
        start = time.perf_counter()
        numbers: list[int] = []
        seqs: list[int] = []
        for batch in follow(client, job_id, live=False):
            seqs += [event["seq"] for event in batch.events]
            numbers += [event["data"]["n"] for event in batch.events if event["kind"] == EventKind.EPOCH]
            if len(numbers) >= EVENTS:
                break
        seconds = time.perf_counter() - start
        events_until(client, job_id, ended)
    whole = numbers == list(range(EVENTS)) and seqs == list(range(1, len(seqs) + 1)) and bool(events)
    rate = EVENTS / seconds
    gaps = "without a gap" if whole else "WITH GAPS"
    return Figure("durable events, worker to client", ">= 5,000 /s", f"{rate:,.0f} /s, {gaps}", whole and rate >= 5000)


def _idle(home: Path) -> Figure:
    with _ordinary_daemon(home) as client:
        for number in range(IDLE_JOBS):
            client.call("create_job", name=f"job {number}", spec={"data": {"train": ["a"], "validation": ["b"]}})
        process = psutil.Process(client.call("hello")["pid"])
        client.call("list_jobs")
        before = process.cpu_times()
        # What is measured is that nothing happens, so there is nothing to wait for but time.
        time.sleep(IDLE_S)
        after = process.cpu_times()
        memory_MB = process.memory_info().rss / 1e6
    cpu_percent = (after.user + after.system - before.user - before.system) / IDLE_S * 100
    passed = memory_MB <= 60 and cpu_percent <= 0.2
    limit = "<= 60 MB, <= 0.2 % CPU"
    return Figure(f"idle daemon, {IDLE_JOBS} jobs", limit, f"{memory_MB:.0f} MB, {cpu_percent:.2f} %", passed)


def _reporting(home: Path) -> Figure:
    """CPU time of the training's process for one event, the doorbell's share included."""
    with _ordinary_daemon(home):
        doorbell = Doorbell(Home(home), "job_1/train_001/1")
        journal = Journal(home / "events.jsonl", doorbell)
        epoch = {"epoch": 1, "max_epochs": 100, "train_rmse": 1.23456789, "validation_rmse": 1.3456789, "rate": 0.005}
        journal.event(EventKind.EPOCH, epoch)
        start = time.process_time()
        for _ in range(REPORTS):
            journal.event(EventKind.EPOCH, epoch)
        each_us = (time.process_time() - start) / REPORTS * 1e6
        journal.close()
        doorbell.close()
    assert (home / "events.jsonl").stat().st_size > REPORTS * 50
    return Figure("reporting, CPU time an event", "<= 20 us", f"{each_us:.1f} us", each_us <= 20)
