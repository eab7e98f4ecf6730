"""A small job that trains for real in a second or two, and helpers to observe it."""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from tests.patience import PATIENCE_S
from vestim_core.client import Client, follow_job
from vestim_core.client.daemon_discovery import is_daemon_running
from vestim_core.system import Home


def write_cell(path: Path, seed: int, rows: int = 900) -> None:
    """Write a generated drive of a resistive cell at 1 Hz."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(rows, dtype=float)
    current_A = np.repeat(rng.uniform(-4, 2, rows // 30 + 1), 30)[:rows]
    soc = 0.9 + np.cumsum(current_A) / 3600 / 5
    voltage_V = 3.2 + 0.9 * soc + 0.03 * current_A + rng.normal(0, 0.001, rows)
    columns = np.column_stack([time_s, voltage_V, current_A, np.full(rows, 25.0) + rng.normal(0, 1, rows), soc])
    header = "time_s,voltage_V,current_A,temperature_degC,soc"
    np.savetxt(path, columns, fmt="%.6f", delimiter=",", header=header, comments="")


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Data section of a job: one file for each role."""
    folder = tmp_path_factory.mktemp("cells")
    for seed, role in enumerate(("train", "validation", "test")):
        write_cell(folder / f"{role}.csv", seed)
    return {role: [str(folder / f"{role}.csv")] for role in ("train", "validation", "test")}


@pytest.fixture
def job(cells: dict[str, list[str]]) -> Callable[..., dict[str, Any]]:
    """Factory of job documents; `epochs` and further training settings decide how long the job takes."""

    def make(kind: str = "fnn", epochs: int = 20, **training: Any) -> dict[str, Any]:
        model = {"kind": kind, "sizes": [8]}
        tbptt_settings = {
            "batch_size": 8,
            "sequence_length": 20,
            "sequences_per_draw": 8,
            "burn_in_steps": 20,
            "draws_per_epoch": 2,
        }
        method_settings = {"batch_size": 64} if kind == "fnn" else tbptt_settings
        settings = {"max_epochs": epochs, "patience": epochs, **method_settings, **training}
        # A copy, so that a test's changes do not reach the next one.
        return {"name": f"a {kind}", "data": deepcopy(cells), "model": model, "training": settings}

    return make


@pytest.fixture
def client(vestim_home: Path) -> Iterator[Client]:
    """A client of a new home; the daemon starts with the first call."""
    with Client(reply_timeout_s=PATIENCE_S) as new_client:
        yield new_client


def follow_to_end(client: Client, job_id: str, since: int = 0) -> list[dict[str, Any]]:
    """Follow a job to its end; returns its events after `since`."""
    return [event for batch in follow_job(client, job_id, since, live=False) for event in batch.events]


def follow_until(
    client: Client, job_id: str, is_match: Callable[[dict[str, Any]], bool], since: int = 0
) -> list[dict[str, Any]]:
    """Follow a job until an event satisfies `is_match`; returns all events up to that answer."""
    events: list[dict[str, Any]] = []
    for batch in follow_job(client, job_id, since, live=False):
        events.extend(batch.events)
        if any(map(is_match, batch.events)):
            return events
    raise AssertionError(f"the job ended without that event: {[event['kind'] for event in events]}")


def epoch_ended(event: dict[str, Any]) -> bool:
    """True if the event reports an epoch, so that a training is under way."""
    return bool(event["kind"] == "epoch")


def task_of(client: Client, job_id: str, kind: str) -> dict[str, Any]:
    """The first task of a kind in `show_job`."""
    tasks: list[dict[str, Any]] = client.call("show_job", job_id=job_id)["tasks"]
    return next(task for task in tasks if task["kind"] == kind)


def running_pid(client: Client, job_id: str, kind: str) -> int:
    """Process id of the first running task of a kind."""
    pid = task_of(client, job_id, kind)["pid"]
    assert pid, f"no {kind} task of {job_id} runs"
    return int(pid)


def kill_daemon(client: Client) -> None:
    """Kill the daemon as a power failure would, and wait until it has ended."""
    pid = client.call("hello")["pid"]
    process = psutil.Process(pid)
    process.kill()
    with suppress(psutil.NoSuchProcess):
        process.wait(PATIENCE_S)


def stop_daemon(client: Client) -> None:
    """Stop the daemon deliberately and wait until it has ended; jobs run on."""
    client.call("shutdown")
    deadline_s = time.monotonic() + PATIENCE_S
    while is_daemon_running(client.home):
        assert time.monotonic() < deadline_s, "the daemon did not stop"
        time.sleep(0.005)


def registry_rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of the registry, read while the daemon is running."""
    with sqlite3.connect(f"file:{home / 'registry.sqlite'}?mode=ro", uri=True) as db:
        rows = db.execute(query).fetchall()
    db.close()
    return rows


def read_results(home: Home, job_id: str) -> dict[str, Any]:
    """All results of a job without times: curves, metrics, predictions and weights, bit for bit."""
    results_by_path: dict[str, Any] = {}
    root = home.jobs / job_id / "tasks"
    for path in sorted(root.glob("*/result/**/*")):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                results_by_path[name] = {key: arrays[key].tobytes() for key in arrays.files}
        elif path.name in {"metrics.json", "circuit.json"}:
            results_by_path[name] = json.loads(path.read_text())
        elif path.suffix == ".pt":
            weights = torch.load(path, weights_only=True)
            results_by_path[name] = {key: tensor.numpy().tobytes() for key, tensor in weights.items()}
    return results_by_path


def alive_workers(home: Home) -> list[int]:
    """Process ids of attempts whose worker is alive."""
    pids = []
    for worker_json in home.jobs.glob("*/tasks/*/attempts/*/worker.json"):
        record = json.loads(worker_json.read_text())
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(record["pid"])
            if abs(process.create_time() - record["create_time"]) < 0.05 and process.status() != psutil.STATUS_ZOMBIE:
                pids.append(record["pid"])
    return pids


def arm_failpoint(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> Path:
    """Make the first process that reaches a failpoint die there; returns the file that vanishes when one has."""
    token = folder / "token"
    token.touch()
    monkeypatch.setenv("VESTIM_FAILPOINT", f"{name}={token}")
    assert os.environ["VESTIM_FAILPOINT"]
    return token
