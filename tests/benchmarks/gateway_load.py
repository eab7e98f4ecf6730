"""Gateway: start time, response time, many listeners, memory."""

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

from tests.benchmarks.measurement import Measurement
from tests.gateway.gateway_process import GatewayProcess
from vestim_core.client import Client

ROUND_TRIPS = 1_000  # arbitrary, any value above 100 gives a stable median
LISTENERS = 50  # product promise
EVENTS_PER_S = 20
"""Events of one job that all listeners follow: 50 listeners get 1,000 events per second in total."""
LISTENING_S = 10.0  # arbitrary, any value above 5 works


def run() -> list[Measurement]:
    """All measurements, in one fresh home."""
    home = Path(tempfile.mkdtemp(prefix="vestim-"))
    os.environ["VESTIM_HOME"] = str(home)
    try:
        with Client() as client:
            client.call("hello")  # the daemon's start is measured elsewhere
            job_id = client.call("create_job", name="looked at")["job_id"]
            starts = [_start_s(home) for _ in range(3)]
            with GatewayProcess(home) as gateway:
                measurements = [*_measure_requests(gateway, job_id), *_measure_listeners(gateway, client, job_id)]
            client.call("shutdown", stop_jobs=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return [_limited("gateway: start", statistics.median(starts), 1.5, "s"), *measurements]


def _start_s(home: Path) -> float:
    start_s = time.perf_counter()
    with GatewayProcess(home) as gateway:
        gateway.get("/v1/hello")
        return time.perf_counter() - start_s


def _measure_requests(gateway: GatewayProcess, job_id: str) -> list[Measurement]:
    """Sequential requests. The gateway's CPU time per request gives the rate of one core."""
    process = psutil.Process(gateway.process.pid)
    gateway.get(f"/v1/jobs/{job_id}")
    cpu_before = process.cpu_times()
    times_ms = []
    for _ in range(ROUND_TRIPS):
        start_s = time.perf_counter()
        gateway.get(f"/v1/jobs/{job_id}")
        times_ms.append(1000 * (time.perf_counter() - start_s))
    cpu_after = process.cpu_times()
    cpu_s = cpu_after.user + cpu_after.system - cpu_before.user - cpu_before.system
    rate = ROUND_TRIPS / cpu_s
    return [
        _limited("gateway: GET of a job, p50", statistics.median(times_ms), 5.0, "ms"),
        Measurement("gateway: requests per second of one core", ">= 200", f"{rate:.0f}", rate >= 200),
    ]


def _measure_listeners(gateway: GatewayProcess, client: Client, job_id: str) -> list[Measurement]:
    ids_by_listener = asyncio.run(_listen_to_job(gateway, client, job_id))
    memory_MB = psutil.Process(gateway.process.pid).memory_info().rss / 1e6
    complete_count = sum(event_ids == list(range(1, len(event_ids) + 1)) for event_ids in ids_by_listener)
    rate = sum(map(len, ids_by_listener)) / LISTENING_S
    passed = complete_count == LISTENERS and len(set(map(len, ids_by_listener))) == 1 and rate >= 950
    return [
        Measurement(f"gateway: {LISTENERS} listeners without a gap", "1,000 events/s", f"{rate:.0f} events/s", passed),
        _limited("gateway: memory with all of them", memory_MB, 90.0, "MB"),
    ]


async def _listen_to_job(gateway: GatewayProcess, client: Client, job_id: str) -> list[list[int]]:
    """Event ids that each listener received, up to the last remark."""
    limits = httpx.Limits(max_connections=LISTENERS)
    async with httpx.AsyncClient(headers=gateway.authorization, limits=limits, timeout=30) as http:
        listeners = [
            asyncio.create_task(_read_event_ids(http, f"{gateway.url}/v1/jobs/{job_id}/events"))
            for _ in range(LISTENERS)
        ]
        writer = threading.Thread(target=_write_remarks, args=(client, job_id))
        writer.start()
        ids_by_listener = await asyncio.gather(*listeners)
        writer.join()
    return ids_by_listener


async def _read_event_ids(http: httpx.AsyncClient, url: str) -> list[int]:
    event_ids: list[int] = []
    async with http.stream("GET", url) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                event_ids.append(int(line[4:]))
            elif line.startswith("data: ") and json.loads(line[6:]).get("data", {}).get("message") == "last":
                break
    return event_ids


def _write_remarks(client: Client, job_id: str) -> None:
    start_s = time.monotonic()
    for index in range(int(EVENTS_PER_S * LISTENING_S)):
        time.sleep(max(0.0, start_s + index / EVENTS_PER_S - time.monotonic()))
        client.call("add_message", job_id=job_id, message=f"remark {index}")
    client.call("add_message", job_id=job_id, message="last")


def _limited(name: str, value: float, limit: float, unit: str) -> Measurement:
    return Measurement(name, f"<= {limit:g} {unit}", f"{value:.3g} {unit}", value <= limit)
