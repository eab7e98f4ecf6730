"""What the gateway promises: a quick start, quick answers, many listeners, little memory."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

from tests.benchmarks.figure import Figure
from tests.gateway.gateway_process import Gateway
from vestim_core.client import Client

ROUND_TRIPS = 1_000
LISTENERS = 50
EVENTS_A_SECOND = 20
"""Of one job that all listen to: 50 listeners get 1,000 events a second in all."""
LISTENING_S = 10.0


def run() -> list[Figure]:
    """All figures, in one fresh home."""
    home = Path(tempfile.mkdtemp(prefix="vestim-"))
    os.environ["VESTIM_HOME"] = str(home)
    try:
        with Client() as client:
            client.call("hello")  # the daemon's own start is measured elsewhere
            job_id = client.call("create_job", name="looked at")["job_id"]
            starts = [_start_s(home) for _ in range(3)]
            with Gateway(home) as gateway:
                figures = [*_requests(gateway, job_id), *_listeners(gateway, client, job_id)]
            client.call("shutdown", stop_jobs=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return [_at_most("gateway: start", statistics.median(starts), 1.5, "s"), *figures]


def _start_s(home: Path) -> float:
    started_s = time.perf_counter()
    with Gateway(home) as gateway:
        gateway.get("/v1/hello")
        return time.perf_counter() - started_s


def _requests(gateway: Gateway, job_id: str) -> list[Figure]:
    """One client after the other's answer; the gateway's own CPU time tells what one core could answer."""
    process = psutil.Process(gateway.process.pid)
    gateway.get(f"/v1/jobs/{job_id}")
    before = process.cpu_times()
    times_ms = []
    for _ in range(ROUND_TRIPS):
        started_s = time.perf_counter()
        gateway.get(f"/v1/jobs/{job_id}")
        times_ms.append(1000 * (time.perf_counter() - started_s))
    after = process.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    rate = ROUND_TRIPS / cpu_s
    return [
        _at_most("gateway: GET of a job, p50", statistics.median(times_ms), 5.0, "ms"),
        Figure("gateway: requests per second of one core", ">= 200", f"{rate:.0f}", rate >= 200),
    ]


def _listeners(gateway: Gateway, client: Client, job_id: str) -> list[Figure]:
    counts = asyncio.run(_listen(gateway, client, job_id))
    memory_MB = psutil.Process(gateway.process.pid).memory_info().rss / 1e6
    complete = sum(numbers == list(range(1, len(numbers) + 1)) for numbers in counts)
    rate = sum(map(len, counts)) / LISTENING_S
    passed = complete == LISTENERS and len(set(map(len, counts))) == 1 and rate >= 950
    return [
        Figure(f"gateway: {LISTENERS} listeners without a gap", "1,000 events/s", f"{rate:.0f} events/s", passed),
        _at_most("gateway: memory with all of them", memory_MB, 90.0, "MB"),
    ]


async def _listen(gateway: Gateway, client: Client, job_id: str) -> list[list[int]]:
    """The event numbers that each listener got, until the last remark."""
    limits = httpx.Limits(max_connections=LISTENERS)
    async with httpx.AsyncClient(headers=gateway.authorization, limits=limits, timeout=30) as http:
        listeners = [
            asyncio.create_task(_numbers(http, f"{gateway.url}/v1/jobs/{job_id}/events")) for _ in range(LISTENERS)
        ]
        writer = threading.Thread(target=_write, args=(client, job_id))
        writer.start()
        counts = await asyncio.gather(*listeners)
        writer.join()
    return counts


async def _numbers(http: httpx.AsyncClient, url: str) -> list[int]:
    numbers: list[int] = []
    async with http.stream("GET", url) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                numbers.append(int(line[4:]))
            elif line.startswith("data: ") and json.loads(line[6:]).get("data", {}).get("text") == "last":
                break
    return numbers


def _write(client: Client, job_id: str) -> None:
    began_s = time.monotonic()
    for number in range(int(EVENTS_A_SECOND * LISTENING_S)):
        time.sleep(max(0.0, began_s + number / EVENTS_A_SECOND - time.monotonic()))
        client.call("remark", job_id=job_id, text=f"remark {number}")
    client.call("remark", job_id=job_id, text="last")


def _at_most(name: str, value: float, limit: float, unit: str) -> Figure:
    return Figure(name, f"<= {limit:g} {unit}", f"{value:.3g} {unit}", value <= limit)
