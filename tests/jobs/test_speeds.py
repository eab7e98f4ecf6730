"""What trainings measured of themselves: kept by kind, bounded, and never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.jobs.homes import ids, open_service, submitted
from vestim_core.jobs import speeds
from vestim_core.jobs.speeds import read_speeds, record_speed
from vestim_core.jobs.tasks import Task
from vestim_core.spec.states import TaskKind

SETTINGS: dict[str, Any] = {"model": {"kind": "lstm", "sizes": [24]}, "training": {"max_epochs": 10}}


def a_task(home: Path, folder: Path, rows_per_s: object = 1000.0, **sections: Any) -> Task:
    container = submitted(open_service(home), folder, **{**SETTINGS, **sections})
    task = container.tasks[ids(container, TaskKind.TRAIN)[0]]
    task.use_threads(1)
    task.result = {"training": {"rows_per_s": rows_per_s, "device": "cpu"}}
    return task


def test_the_median_of_the_last_ones_counts(vestim_home: Path, tmp_path: Path) -> None:
    path = vestim_home / "cache" / "speeds.json"
    task = a_task(vestim_home, tmp_path)
    for speed in (1.0, *[10.0] * speeds.KEPT, 20.0):
        task.result["training"]["rows_per_s"] = speed
        record_speed(path, task)
    ((key, value),) = read_speeds(path).items()
    assert value == 10.0 and "lstm/streams" in key and "cpu" in key


def test_a_job_like_it_has_an_estimate_then(vestim_home: Path, tmp_path: Path) -> None:
    service = open_service(vestim_home)
    assert service.estimate(SETTINGS)["seconds"] is None
    record_speed(vestim_home / "cache" / "speeds.json", a_task(vestim_home, tmp_path))
    assert service.estimate(SETTINGS)["seconds"] == pytest.approx(10 * 25 * 24 * 50 * 64 / 1000.0)


@pytest.mark.parametrize("told", [None, "fast", -1.0, 0, float("nan")])
def test_what_is_no_speed_is_not_kept(vestim_home: Path, tmp_path: Path, told: object) -> None:
    record_speed(vestim_home / "cache" / "speeds.json", a_task(vestim_home, tmp_path, told))
    assert read_speeds(vestim_home / "cache" / "speeds.json") == {}


def test_only_so_many_kinds_are_kept(vestim_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speeds, "MAX_KINDS", 2)
    path = vestim_home / "cache" / "speeds.json"
    for size in (8, 64, 512):
        record_speed(path, a_task(vestim_home, tmp_path, model={"kind": "lstm", "sizes": [size]}))
    assert len(read_speeds(path)) == 2


def test_a_damaged_file_is_none(vestim_home: Path) -> None:
    path = vestim_home / "speeds.json"
    for text in ("{", "[]", '{"rows_per_s": 7}', '{"rows_per_s": {"a": ["x"]}}'):
        path.write_text(text)
        assert read_speeds(path) == {}
