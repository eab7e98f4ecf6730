"""Measured training speeds: stored by kind, bounded, and harmless when damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.job_services import open_service, submit_job, task_ids
from vestim_core.jobs import training_speeds
from vestim_core.jobs.tasks import Task
from vestim_core.jobs.training_speeds import read_speeds, read_thread_counts, record_speed
from vestim_core.spec.states import TaskKind

SETTINGS: dict[str, Any] = {"model": {"kind": "lstm", "sizes": [24]}, "training": {"max_epochs": 10}}


def measured_task(home: Path, folder: Path, rows_per_s: object = 1000.0, **sections: Any) -> Task:
    container = submit_job(open_service(home), folder, **{**SETTINGS, **sections})
    task = container.tasks[task_ids(container, TaskKind.TRAIN)[0]]
    task.use_threads(1)
    task.result = {"training": {"rows_per_s": rows_per_s, "device": "cpu"}}
    return task


def test_the_median_of_the_newest_speeds_counts(home_folder: Path, tmp_path: Path) -> None:
    path = home_folder / "cache" / "speeds.json"
    task = measured_task(home_folder, tmp_path)
    for speed in (1.0, *[10.0] * training_speeds.MAX_SPEEDS_PER_KIND, 20.0):
        task.result["training"]["rows_per_s"] = speed
        record_speed(path, task)
    ((key, value),) = read_speeds(path).items()
    assert value == 10.0 and "lstm/tbptt" in key and "cpu" in key


def test_a_measured_speed_gives_an_estimate(home_folder: Path, tmp_path: Path) -> None:
    service = open_service(home_folder)
    assert service.estimate(SETTINGS)["seconds"] is None
    record_speed(home_folder / "cache" / "speeds.json", measured_task(home_folder, tmp_path))
    assert service.estimate(SETTINGS)["seconds"] == pytest.approx(10 * 25 * 24 * 50 * 64 / 1000.0)


@pytest.mark.parametrize("rows_per_s", [None, "fast", -1.0, 0, float("nan")])
def test_an_invalid_speed_is_not_stored(home_folder: Path, tmp_path: Path, rows_per_s: object) -> None:
    record_speed(home_folder / "cache" / "speeds.json", measured_task(home_folder, tmp_path, rows_per_s))
    assert read_speeds(home_folder / "cache" / "speeds.json") == {}


def test_the_number_of_kinds_is_limited(home_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_speeds, "MAX_KINDS", 2)
    path = home_folder / "cache" / "speeds.json"
    for size in (8, 64, 512):
        record_speed(path, measured_task(home_folder, tmp_path, model={"kind": "lstm", "sizes": [size]}))
    assert len(read_speeds(path)) == 2


def test_a_damaged_file_counts_as_empty(home_folder: Path) -> None:
    path = home_folder / "speeds.json"
    for text in ("{", "[]", '{"rows_per_s": 7}', '{"rows_per_s": {"a": ["x"]}}'):
        path.write_text(text)
        assert read_speeds(path) == {}


def test_speeds_of_earlier_versions_count_under_the_present_method_name(tmp_path: Path) -> None:
    path = tmp_path / "speeds.json"
    key = "lstm/streams/parameters 2^11/batch 2^12"
    path.write_text(json.dumps({"rows_per_s": {f"{key}/1 threads/cpu": [5.0]}, "threads": {key: 2}}))
    assert read_speeds(path) == {"lstm/tbptt/parameters 2^11/batch 2^12/1 threads/cpu": 5.0}
    assert read_thread_counts(path) == {"lstm/tbptt/parameters 2^11/batch 2^12": 2}
