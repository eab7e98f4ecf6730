"""exact-resume, threads: measured once by a training that is alone, recorded, and constant from then on."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.conftest import follow_to_end
from vestim_core.client import Client
from vestim_core.jobs.training_speeds import read_thread_counts


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core: there is nothing to measure")
def test_threads_are_measured_once_for_a_kind_of_training(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    document = job("fnn", epochs=2) | {"testing": {"baseline": False}}
    assert "threads" not in document["training"]
    records = []
    for _ in range(2):
        job_id = client.call("submit", spec=document)["job_id"]
        events = follow_to_end(client, job_id)
        failed = [event for event in events if event["data"].get("state") == "failed"]
        assert not failed, json.dumps(failed)
        folder = client.home.jobs / job_id / "tasks" / "train_001"
        records.append(
            [_read_document(folder / name) for name in ("task.json", "attempts/1/launch.json", "result/model.json")]
        )
    (first_task, launch, model), (second_task, second_launch, _) = records
    ((kind, threads),) = read_thread_counts(client.home.speeds).items()
    assert kind.startswith("fnn/rows/")
    assert launch["measure_threads"] and launch["threads"] >= 2
    assert first_task["threads"] == model["training"]["threads"] == threads
    assert (second_launch["measure_threads"], second_launch["threads"], second_task["threads"]) == (
        False,
        threads,
        threads,
    )


def _read_document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document
