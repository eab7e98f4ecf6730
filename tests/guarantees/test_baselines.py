"""The baselines of a job, by what its models predict."""

from collections.abc import Callable
from typing import Any

from tests.guarantees.conftest import finish
from vestim_core.client import Client
from vestim_core.system import read_json


def _baseline(client: Client, document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    job_id = str(client.call("submit", spec=document)["job_id"])
    finish(client, job_id)
    tasks = client.call("show_job", job_id=job_id)["tasks"]
    (task,) = (task for task in tasks if task["kind"] == "baseline")
    assert task["state"] == "done", task["error"]
    return job_id, task["result"]


def test_a_job_for_soc_has_a_filter_and_counting_beside_its_models(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    signals = {"features": ["voltage_V", "current_A", "temperature_degC"], "target": "soc"}
    job_id, result = _baseline(client, {**job(epochs=1), "signals": signals})
    assert result["model"] == {"kind": "ekf"}
    assert result["overall"]["test"]["mae_percent"] < 2.0
    assert result["coulomb"]["overall"]["test"]["mae_percent"] < 2.0
    folder = client.home.jobs / job_id / "tasks" / "baseline_1" / "result"
    assert read_json(folder / "coulomb" / "metrics.json")["target"] == "soc"
    assert read_json(folder / "ekf.json")["circuit"]["R0_ohm"] == result["circuit"]["R0_ohm"]


def test_a_job_for_voltage_has_the_circuit_that_was_asked_for_and_a_check_of_its_labels(
    client: Client, job: Callable[..., dict[str, Any]]
) -> None:
    asked = {"circuit_elements": 2, "circuit_temperature": True, "circuit_hysteresis": True}
    job_id, result = _baseline(client, {**job(epochs=1), "testing": asked})
    assert result["model"] == {"kind": "circuit"}
    assert len(result["circuit"]["tau_s"]) == 2
    labels = read_json(client.home.jobs / job_id / "tasks" / "baseline_1" / "result" / "labels.json")["files"]
    assert [entry["file"] for entry in labels] == ["train.csv", "validation.csv", "test.csv"]
    assert all(entry["aligned_rmse_mV"] <= entry["rmse_mV"] for entry in labels)
