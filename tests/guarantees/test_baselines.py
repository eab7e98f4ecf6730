"""Baselines of a job, by the target of its models."""

from collections.abc import Callable
from typing import Any

from tests.guarantees.conftest import follow_to_end
from vestim_core.client import Client
from vestim_core.system import read_json


def _run_baseline(client: Client, document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    job_id = str(client.call("submit", spec=document)["job_id"])
    follow_to_end(client, job_id)
    tasks = client.call("show_job", job_id=job_id)["tasks"]
    (task,) = (task for task in tasks if task["kind"] == "baseline")
    assert task["state"] == "done", task["error"]
    return job_id, task["result"]


def test_a_job_for_soc_has_a_kalman_filter_and_coulomb_counting(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    signals = {"features": ["voltage_V", "current_A", "temperature_degC"], "target": "soc"}
    job_id, result = _run_baseline(client, {**job(epochs=1), "signals": signals})
    assert result["model"] == {"kind": "ekf"}
    assert result["overall"]["test"]["mae_percent"] < 2.0
    assert result["coulomb"]["overall"]["test"]["mae_percent"] < 2.0
    folder = client.home.jobs / job_id / "tasks" / "baseline_1" / "result"
    assert read_json(folder / "coulomb" / "metrics.json")["target"] == "soc"
    assert read_json(folder / "ekf.json")["circuit"]["R0_ohm"] == result["circuit"]["R0_ohm"]


def test_a_job_for_voltage_has_the_requested_circuit_and_a_label_check(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    testing = {"circuit_elements": 2, "circuit_temperature": True, "circuit_hysteresis": True}
    job_id, result = _run_baseline(client, {**job(epochs=1), "testing": testing})
    assert result["model"] == {"kind": "circuit"}
    assert len(result["circuit"]["tau_s"]) == 2
    labels = read_json(client.home.jobs / job_id / "tasks" / "baseline_1" / "result" / "labels.json")["files"]
    assert [entry["file"] for entry in labels] == ["train.csv", "validation.csv", "test.csv"]
    assert all(entry["aligned_rmse_mV"] <= entry["rmse_mV"] for entry in labels)
