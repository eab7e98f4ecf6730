"""Repetitions of one combination as an ensemble, with their spread over seeds, and the band and flagged rows of each
test."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.guarantees.conftest import follow_to_end
from vestim_core.client import Client
from vestim_core.system import read_json


def _load_arrays(path: Any) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def test_repetitions_form_an_ensemble_and_each_test_has_a_band_and_flagged_rows(
    client: Client, job: Callable[..., dict[str, Any]], cells: dict[str, list[str]]
) -> None:
    job_id = str(client.call("submit", spec=job(epochs=2, repetitions=3))["job_id"])
    follow_to_end(client, job_id)
    status = client.call("show_job", job_id=job_id)
    tasks = {task["task_id"]: task for task in status["tasks"]}
    ensemble = tasks["ensemble_1"]
    assert (status["state"], ensemble["state"]) == ("done", "done"), ensemble["error"]
    assert ensemble["title"] == f"Ensemble of 3 {tasks['test_001']['title'].removesuffix(', rep 1')}"
    root = client.home.jobs / job_id / "tasks"
    members = ["test_001", "test_002", "test_003"]
    for key in ("validation", "test"):
        member_arrays = [_load_arrays(root / name / "result" / "predictions" / f"{key}.npz") for name in members]
        ensemble_arrays = _load_arrays(root / "ensemble_1" / "result" / "predictions" / f"{key}.npz")
        predicted = np.stack([arrays["predicted"] for arrays in member_arrays])
        np.testing.assert_allclose(ensemble_arrays["predicted"], predicted.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(ensemble_arrays["std"], predicted.std(axis=0, ddof=1), rtol=1e-9, atol=1e-12)
        error = ensemble_arrays["predicted"] - ensemble_arrays["target"]
        metrics_of_role = ensemble["result"]["overall"][key]
        assert metrics_of_role["rmse_mV"] == pytest.approx(1e3 * np.sqrt(np.mean(error**2)))
        spread = ensemble["result"]["spread"][key]
        assert spread["mean_mV"] == pytest.approx(1e3 * ensemble_arrays["std"].mean())
        assert spread["coverage_2std"] == pytest.approx(np.mean(np.abs(error) <= 2 * ensemble_arrays["std"]))
    header = (root / "ensemble_1" / "result" / "predictions" / "test.csv").read_text().splitlines()[0]
    assert header == "time_s,voltage_V,predicted_voltage_V,std_voltage_V,segment"

    for index in (1, 2, 3):
        in_training = tasks[f"train_00{index}"]["result"]["training"]["validation"]
        in_test = tasks[f"test_00{index}"]["result"]["overall"]["validation"]
        assert in_training.items() <= in_test.items(), "validation in training is the test's, bit for bit"

    seeds = read_json(root / "ensemble_1" / "result" / "seeds.json")
    assert [member["seed"] for member in seeds["members"]] == [1, 2, 3] and seeds["absent"] == []
    rmse = [tasks[name]["result"]["overall"]["test"]["rmse_mV"] for name in members]
    seed_statistics = seeds["spread"]["test"]["rmse_mV"]
    assert seed_statistics["values"] == rmse
    assert (seed_statistics["mean"], seed_statistics["std"]) == (
        pytest.approx(np.mean(rmse)),
        pytest.approx(np.std(rmse, ddof=1)),
    )
    assert (seed_statistics["min"], seed_statistics["max"]) == (min(rmse), max(rmse))
    assert status["best"]["task_id"] == members[int(np.argmin(rmse))], "the ensemble is a result of its own"

    metrics = read_json(root / "test_001" / "result" / "metrics.json")
    arrays = _load_arrays(root / "test_001" / "result" / "predictions" / "validation.npz")
    sorted_errors = np.sort(np.abs(arrays["predicted"] - arrays["target"]))
    band = metrics["band"]
    assert band["half_width_mV"] == pytest.approx(
        1e3 * sorted_errors[int(np.ceil((len(sorted_errors) + 1) * 0.95)) - 1]
    )
    arrays = _load_arrays(root / "test_001" / "result" / "predictions" / "test.npz")
    is_in_band = np.abs(arrays["predicted"] - arrays["target"]) <= band["half_width_mV"] / 1e3
    assert band["coverage"] == pytest.approx(is_in_band.mean(), abs=2e-3)
    assert sum(entry["rows"] for entry in band["bins"]["soc"]) == len(is_in_band)
    envelope = read_json(root / "train_001" / "result" / "model.json")["envelope"]
    rows = np.genfromtxt(cells["test"][0], delimiter=",", names=True)
    flagged = np.zeros(len(rows) - 1, bool)
    for name, (low, high) in envelope.items():
        values = rows[name][1:]  # the first row has no counterpart on the grid
        flagged |= (values < low - 0.01 * (high - low)) | (values > high + 0.01 * (high - low))
    assert metrics["files"][-1]["rows_outside"] == pytest.approx(int(flagged.sum()), abs=2)
    baseline = tasks["baseline_1"]["result"]
    assert baseline["label_check"]["message"].startswith("With the SOC of each file scaled and shifted")
