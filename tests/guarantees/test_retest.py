"""A finished job on new files: the same numbers as its own test, wherever its folder lies, and one sentence for what
cannot be tested."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.guarantees.conftest import finish, stop_daemon, write_cell
from vestim_core.client import Client
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import read_json


@pytest.fixture
def done(client: Client, job: Callable[..., dict[str, Any]]) -> str:
    """A job with two models that has ended."""
    job_id = str(client.call("submit", spec=job(epochs=2, repetitions=2))["job_id"])
    finish(client, job_id)
    return job_id


def _test(client: Client, job_id: str, *files: object, **how: Any) -> dict[str, Any]:
    """The task that tested, when it has ended."""
    task_id = client.call("test", job_id=job_id, files=[str(file) for file in files], **how)["task_id"]
    finish(client, job_id)
    tasks = client.call("show_job", job_id=job_id)["tasks"]
    return next(task for task in tasks if task["task_id"] == task_id)


def _predicted(folder: Path) -> Any:
    with np.load(folder, allow_pickle=False) as kept:
        return kept["predicted"]


def _without(path: Path, column: str, written: Path) -> Path:
    header, *lines = path.read_text().splitlines()
    at = header.split(",").index(column)
    kept = [",".join(line.split(",")[:at] + line.split(",")[at + 1 :]) for line in (header, *lines)]
    written.write_text("\n".join(kept))
    return written


def test_the_same_file_gives_the_same_numbers_with_or_without_its_target(
    client: Client, done: str, cells: dict[str, list[str]], tmp_path: Path
) -> None:
    before = client.call("show_job", job_id=done)
    known = Path(cells["test"][0])
    blind = _without(known, "voltage_V", tmp_path / "blind.csv")
    task = _test(client, done, known, blind, every=True)
    assert task["state"] == "done"
    root = client.home.jobs / done / "tasks"
    for model in task["result"]["retest"]:
        train_id = model["model"]["task_id"]
        own = root / train_id.replace("train", "test") / "result"
        new = root / task["task_id"] / "result" / train_id
        expected = _predicted(own / "predictions" / "test.npz")
        assert np.array_equal(_predicted(new / "predictions" / "test.npz"), expected)
        assert np.array_equal(_predicted(new / "predictions" / "blind.npz"), expected)
        assert read_json(new / "metrics.json")["files"][0] == read_json(own / "metrics.json")["files"][-1]
        assert model["files"][1]["rows"] == 0 and model["files"][1]["rmse_mV"] is None
    after = client.call("show_job", job_id=done)
    same = ("state", "ended_utc", "best", "baseline", "fraction", "error")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}


def test_the_best_in_validation_is_taken_unless_another_is_named(
    client: Client, done: str, cells: dict[str, list[str]]
) -> None:
    tasks = client.call("show_job", job_id=done)["tasks"]
    errors = {t["task_id"]: t["result"]["training"]["validation"]["rmse_mV"] for t in tasks if t["kind"] == "train"}
    best, worst = min(errors, key=errors.__getitem__), max(errors, key=errors.__getitem__)
    assert client.call("test", job_id=done, files=cells["test"])["trained"] == [best]
    finish(client, done)
    assert client.call("test", job_id=done, files=cells["test"], tasks=[worst])["trained"] == [worst]
    finish(client, done)


def test_a_file_that_leaves_the_envelope_or_ends_before_the_model_has_settled_is_tested_with_a_warning(
    client: Client, done: str, tmp_path: Path
) -> None:
    write_cell(tmp_path / "short.csv", 8, rows=60)
    header, *lines = (tmp_path / "short.csv").read_text().splitlines()
    hot = [",".join([*line.split(",")[:3], "80.0", line.split(",")[4]]) for line in lines]
    (tmp_path / "hot.csv").write_text("\n".join([header, *hot]))
    since = client.call("show_job", job_id=done)["last_seq"]
    client.call("test", job_id=done, files=[str(tmp_path / "hot.csv")])
    events = finish(client, done, since)
    said = [event["data"]["text"] for event in events if event["kind"] == "message"]
    (outside,) = (text for text in said if "trained on" in text)
    assert "temperature_degC" in outside and "59 of 59 rows" in outside
    assert any("less than the 100 s in which the model settles" in text for text in said)


def test_what_cannot_be_tested_is_told_in_one_sentence(client: Client, done: str, tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    write_cell(good, 7, rows=300)
    no_current = _without(good, "current_A", tmp_path / "no_current.csv")
    for files, words in (([no_current], "current_A"), ([tmp_path / "absent.csv"], "does not exist")):
        task = _test(client, done, *files)
        assert task["state"] == "failed"
        assert words in task["error"]["message"] and "\n" not in task["error"]["message"]
    with pytest.raises(VestimError, match=r"has no model 'train_9': use train_001, train_002"):
        client.call("test", job_id=done, files=["a"], tasks=["train_9"])
    model = client.home.jobs / done / "tasks" / "train_001" / "result" / "model.json"
    whole = model.read_text()
    model.write_text(json.dumps({**json.loads(whole), "schema_version": 99}))
    assert "later version" in _test(client, done, good, tasks=["train_001"])["error"]["message"]
    model.write_text(whole)
    (model.parent / "model.pt").write_bytes(b"\x80\x04cos\nsystem\n.")
    assert "damaged" in _test(client, done, good, tasks=["train_001"])["error"]["message"]
    assert client.call("show_job", job_id=done)["state"] == "done"


def test_a_job_that_runs_is_refused(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    draft = client.call("create_job", spec=job())["job_id"]
    with pytest.raises(VestimError) as refused:
        client.call("test", job_id=draft, files=["a"])
    assert refused.value.code is ErrorCode.REFUSED


def test_a_folder_from_elsewhere_is_tested_with_the_same_numbers(
    client: Client, done: str, cells: dict[str, list[str]], tmp_path: Path
) -> None:
    first = _test(client, done, *cells["test"])
    stop_daemon(client)
    shutil.copytree(client.home.jobs / done, tmp_path / done)
    spec = (tmp_path / done / "job.json").read_text()
    (tmp_path / done / "job.json").write_text(spec.replace("/cells", "C:\\\\data\\\\cells"))
    with Client() as later:
        later.call("delete", job_id=done)
        shutil.copytree(tmp_path / done, later.home.jobs / done)
        second = _test(later, done, *cells["test"])
        assert (first["task_id"], second["task_id"]) == ("retest_1", "retest_2")
        assert second["result"] == first["result"]


def test_what_errors_of_the_sensors_cost_is_told_of_the_jobs_own_files_and_of_new_ones(
    client: Client, job: Callable[..., dict[str, Any]], cells: dict[str, list[str]]
) -> None:
    """For a model whose inputs are filtered, also when the prepared arrays are gone."""
    ema = {"step": "ema", "column": "current_A", "output": "slow", "tau_s": 30}
    signals = {"features": ["soc", "slow", "temperature_degC"], "target": "voltage_V"}
    preparation = [{"step": "resample"}, ema, {"step": "pre_roll"}, {"step": "normalise"}]
    document = {**job(epochs=1), "signals": signals, "preparation": preparation, "testing": {"baseline": False}}
    job_id = str(client.call("submit", spec=document)["job_id"])
    finish(client, job_id)
    before = client.call("show_job", job_id=job_id)
    shutil.rmtree(client.home.prepared)
    task = _test(client, job_id, robustness=True)
    assert (task["state"], task["title"]) == ("done", "Robustness"), task["error"]
    (told,) = task["result"]["robustness"]
    root = client.home.jobs / job_id / "tasks"
    kept = read_json(root / task["task_id"] / "result" / "train_001" / "robustness.json")
    assert {name: kept[name] for name in told} == told
    assert (kept["schema_version"], [file["role"] for file in kept["files"]]) == (1, ["test"])
    own = read_json(root / "test_001" / "result" / "metrics.json")["overall"]["test"]
    cases = {case["case"]: case for case in told["cases"]}
    assert cases["undisturbed"]["rmse_mV"] == pytest.approx(own["rmse_mV"], rel=1e-9)
    assert cases["current +110 mA"]["cost_mV"] != 0 and cases["SOC +10 %"]["cost_mV"] != 0
    assert not [name for name in cases if name.startswith("voltage")]
    again = _test(client, job_id, *cells["test"], robustness=True)["result"]
    assert again["robustness"][0]["cases"] == told["cases"] and len(again["retest"]) == 1
    with pytest.raises(VestimError, match="name the files to test on, or ask for robustness"):
        client.call("test", job_id=job_id)
    after = client.call("show_job", job_id=job_id)
    assert (after["state"], after["best"]) == ("done", before["best"])
