"""Evaluation of a finished job on other files: the same numbers as its own test, wherever its folder lies, and one
message otherwise."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.guarantees.conftest import follow_to_end, stop_daemon, write_cell
from vestim_core.client import Client
from vestim_core.spec.errors import ErrorCode, VestimError
from vestim_core.system import read_json


@pytest.fixture
def done(client: Client, job: Callable[..., dict[str, Any]]) -> str:
    """A job with two models that has ended."""
    job_id = str(client.call("submit", spec=job(epochs=2, repetitions=2))["job_id"])
    follow_to_end(client, job_id)
    return job_id


def _evaluate(client: Client, job_id: str, *files: object, **options: Any) -> dict[str, Any]:
    """Run an evaluation to its end and return its task."""
    task_id = client.call("evaluate", job_id=job_id, files=[str(file) for file in files], **options)["task_id"]
    follow_to_end(client, job_id)
    tasks = client.call("show_job", job_id=job_id)["tasks"]
    return next(task for task in tasks if task["task_id"] == task_id)


def _load_predictions(folder: Path) -> Any:
    with np.load(folder, allow_pickle=False) as arrays:
        return arrays["predicted"]


def _write_without_column(path: Path, column: str, target: Path) -> Path:
    header, *rows = path.read_text().splitlines()
    index = header.split(",").index(column)
    new_lines = [",".join(line.split(",")[:index] + line.split(",")[index + 1 :]) for line in (header, *rows)]
    target.write_text("\n".join(new_lines))
    return target


def test_the_same_file_gives_the_same_numbers_with_or_without_its_target(
    client: Client, done: str, cells: dict[str, list[str]], tmp_path: Path
) -> None:
    status_before = client.call("show_job", job_id=done)
    known_file = Path(cells["test"][0])
    blind = _write_without_column(known_file, "voltage_V", tmp_path / "blind.csv")
    task = _evaluate(client, done, known_file, blind, all_models=True)
    assert task["state"] == "done"
    root = client.home.jobs / done / "tasks"
    for model in task["result"]["evaluation"]:
        train_id = model["model"]["task_id"]
        own_result = root / train_id.replace("train", "test") / "result"
        new_result = root / task["task_id"] / "result" / train_id
        expected = _load_predictions(own_result / "predictions" / "test.npz")
        assert np.array_equal(_load_predictions(new_result / "predictions" / "test.npz"), expected)
        assert np.array_equal(_load_predictions(new_result / "predictions" / "blind.npz"), expected)
        assert read_json(new_result / "metrics.json")["files"][0] == read_json(own_result / "metrics.json")["files"][-1]
        assert model["files"][1]["rows"] == 0 and model["files"][1]["rmse_mV"] is None
    status_after = client.call("show_job", job_id=done)
    unchanged_keys = ("state", "ended_utc", "best", "baseline", "fraction", "error")
    assert {key: status_after[key] for key in unchanged_keys} == {key: status_before[key] for key in unchanged_keys}


def test_the_best_in_validation_is_evaluated_by_default(client: Client, done: str, cells: dict[str, list[str]]) -> None:
    tasks = client.call("show_job", job_id=done)["tasks"]
    errors = {t["task_id"]: t["result"]["training"]["validation"]["rmse_mV"] for t in tasks if t["kind"] == "train"}
    best, worst = min(errors, key=errors.__getitem__), max(errors, key=errors.__getitem__)
    assert client.call("evaluate", job_id=done, files=cells["test"])["training_task_ids"] == [best]
    follow_to_end(client, done)
    assert client.call("evaluate", job_id=done, files=cells["test"], tasks=[worst])["training_task_ids"] == [worst]
    follow_to_end(client, done)


def test_a_file_outside_the_envelope_or_too_short_gives_a_warning(client: Client, done: str, tmp_path: Path) -> None:
    write_cell(tmp_path / "short.csv", 8, rows=60)
    header, *lines = (tmp_path / "short.csv").read_text().splitlines()
    hot_rows = [",".join([*line.split(",")[:3], "80.0", line.split(",")[4]]) for line in lines]
    (tmp_path / "hot.csv").write_text("\n".join([header, *hot_rows]))
    since = client.call("show_job", job_id=done)["last_seq"]
    client.call("evaluate", job_id=done, files=[str(tmp_path / "hot.csv")])
    events = follow_to_end(client, done, since)
    messages = [event["data"]["message"] for event in events if event["kind"] == "message"]
    (envelope_message,) = (text for text in messages if "trained on" in text)
    assert "temperature_degC" in envelope_message and "59 of 59 rows" in envelope_message
    assert any("less than the 100 s in which the model settles" in text for text in messages)


def test_an_impossible_evaluation_fails_with_one_message(client: Client, done: str, tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    write_cell(good, 7, rows=300)
    no_current = _write_without_column(good, "current_A", tmp_path / "no_current.csv")
    for files, expected_text in (([no_current], "current_A"), ([tmp_path / "absent.csv"], "does not exist")):
        task = _evaluate(client, done, *files)
        assert task["state"] == "failed"
        assert expected_text in task["error"]["message"] and "\n" not in task["error"]["message"]
    with pytest.raises(VestimError, match=r"has no model 'train_9': use train_001, train_002"):
        client.call("evaluate", job_id=done, files=["a"], tasks=["train_9"])
    model = client.home.jobs / done / "tasks" / "train_001" / "result" / "model.json"
    model_json = model.read_text()
    model.write_text(json.dumps({**json.loads(model_json), "schema_version": 99}))
    assert "later version" in _evaluate(client, done, good, tasks=["train_001"])["error"]["message"]
    model.write_text(model_json)
    (model.parent / "model.pt").write_bytes(b"\x80\x04cos\nsystem\n.")
    assert "damaged" in _evaluate(client, done, good, tasks=["train_001"])["error"]["message"]
    assert client.call("show_job", job_id=done)["state"] == "done"


def test_a_draft_is_refused(client: Client, job: Callable[..., dict[str, Any]]) -> None:
    draft = client.call("create_job", spec=job())["job_id"]
    with pytest.raises(VestimError) as refused:
        client.call("evaluate", job_id=draft, files=["a"])
    assert refused.value.code is ErrorCode.REFUSED


def test_a_copied_folder_is_evaluated_with_the_same_numbers(
    client: Client, done: str, cells: dict[str, list[str]], tmp_path: Path
) -> None:
    first = _evaluate(client, done, *cells["test"])
    stop_daemon(client)
    shutil.copytree(client.home.jobs / done, tmp_path / done)
    spec = (tmp_path / done / "job.json").read_text()
    (tmp_path / done / "job.json").write_text(spec.replace("/cells", "C:\\\\data\\\\cells"))
    with Client() as new_client:
        new_client.call("delete", job_id=done)
        shutil.copytree(tmp_path / done, new_client.home.jobs / done)
        second = _evaluate(new_client, done, *cells["test"])
        assert (first["task_id"], second["task_id"]) == ("evaluation_1", "evaluation_2")
        assert second["result"] == first["result"]


def test_robustness_is_evaluated_on_the_jobs_own_and_on_other_files(
    client: Client, job: Callable[..., dict[str, Any]], cells: dict[str, list[str]]
) -> None:
    """For a model whose inputs are filtered, also when the prepared arrays are gone."""
    ema = {"step": "ema", "column": "current_A", "output": "slow", "tau_s": 30}
    signals = {"features": ["soc", "slow", "temperature_degC"], "target": "voltage_V"}
    preparation = [{"step": "resample"}, ema, {"step": "pre_roll"}, {"step": "normalize"}]
    document = {**job(epochs=1), "signals": signals, "preparation": preparation, "testing": {"baseline": False}}
    job_id = str(client.call("submit", spec=document)["job_id"])
    follow_to_end(client, job_id)
    status_before = client.call("show_job", job_id=job_id)
    shutil.rmtree(client.home.prepared_data)
    task = _evaluate(client, job_id, robustness=True)
    assert (task["state"], task["title"]) == ("done", "Robustness"), task["error"]
    (summary,) = task["result"]["robustness"]
    root = client.home.jobs / job_id / "tasks"
    stored = read_json(root / task["task_id"] / "result" / "train_001" / "robustness.json")
    assert {name: stored[name] for name in summary} == summary
    assert (stored["schema_version"], [file["role"] for file in stored["files"]]) == (1, ["test"])
    own_metrics = read_json(root / "test_001" / "result" / "metrics.json")["overall"]["test"]
    cases = {case["case"]: case for case in summary["cases"]}
    assert cases["undisturbed"]["rmse_mV"] == pytest.approx(own_metrics["rmse_mV"], rel=1e-9)
    assert cases["current +110 mA"]["cost_mV"] != 0 and cases["SOC +10 %"]["cost_mV"] != 0
    assert not [name for name in cases if name.startswith("voltage")]
    second_result = _evaluate(client, job_id, *cells["test"], robustness=True)["result"]
    assert second_result["robustness"][0]["cases"] == summary["cases"] and len(second_result["evaluation"]) == 1
    with pytest.raises(VestimError, match="name the files to test on, or ask for robustness"):
        client.call("evaluate", job_id=job_id)
    status_after = client.call("show_job", job_id=job_id)
    assert (status_after["state"], status_after["best"]) == ("done", status_before["best"])
